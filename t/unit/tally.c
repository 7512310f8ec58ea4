/*
 * tally.c: unit tests of lib/tally and lib/visits: counting, limits, adding up, hostile forms.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "../tap.h"
#include "err.h"
#include "tally.h"
#include "visits.h"

#define FORM_MAX (256u << 20)

static struct tally_who who_of(uint64_t n)
{
	return (struct tally_who){.ts = 1000 + n,
				  .count = 1,
				  .ip_key = unique_key(n),
				  .net_key = unique_key(n >> 8),
				  .is_v4 = true};
}

static void count(struct tally *t, const char *label, uint64_t n)
{
	struct tally_who who = who_of(n);

	if (tally_add(t, 1, TALLY_LABEL, 0, label, strlen(label), &who) != 0)
		abort();
}

static const struct tally_row *find(const struct tally *t, enum tally_kind kind, const char *label)
{
	size_t rows;
	const struct tally_row *r = tally_rows(t, &rows);

	for (; rows > 0; r++, rows--) {
		if (r->kind == kind && r->len == strlen(label) &&
		    (r->len == 0 || memcmp(r->label, label, r->len) == 0))
			return r;
	}
	return NULL;
}

static void test_counting(void)
{
	struct tally *t = tally_new();
	struct tally_who six = {.ts = 5, .count = 6, .ip_key = 77, .net_key = 78, .day_key = 79};

	count(t, "a", 1);
	count(t, "a", 2);
	count(t, "a", 2);
	count(t, "a", 300);
	count(t, "b", 1);
	tally_add(t, 1, TALLY_LABEL, 0, "a", 1, &six);
	tally_add(t, 2, TALLY_LABEL, 0, "c", 1, &six);
	const struct tally_row *a = find(t, TALLY_LABEL, "a");
	ok(a != NULL && a->count == 4 + 6, "each record counts as what it stands for");
	ok(a != NULL && unique_count(&a->unique[TALLY_ADDRESSES]) == 4, "addresses count once");
	ok(a != NULL && unique_count(&a->unique[TALLY_NET24]) == 2 &&
	       unique_count(&a->unique[TALLY_NET64]) == 1,
	   "networks by family");
	ok(a != NULL && unique_count(&a->unique[TALLY_DAYS]) == 1, "days where they are asked for");
	ok(a != NULL && a->first == 5 && a->last == 1300, "with the first and the last time");
	ok(find(t, TALLY_LABEL, "b")->count == 1, "labels are apart");
	ok(find(t, TALLY_LABEL, "c")->section == 2, "and sections");
	tally_free(&t);
	ok(t == NULL, "it is released");
	tally_free(&t);
}

static void test_label_length(void)
{
	struct tally *t = tally_new();
	char long_label[TALLY_LABEL_MAX + 3];

	memset(long_label, 'x', sizeof long_label);
	long_label[TALLY_LABEL_MAX] = '\0';
	count(t, long_label, 1);
	ok(find(t, TALLY_LABEL, long_label) != NULL, "the longest label is whole");
	memcpy(long_label + TALLY_LABEL_MAX - 1, "\xc3\xa9", 3);
	count(t, long_label, 1);
	long_label[TALLY_LABEL_MAX - 1] = '\0';
	ok(find(t, TALLY_LABEL, long_label) != NULL, "of a longer one no character is cut");
	tally_free(&t);
}

static void test_limits(void)
{
	struct tally *t = tally_new();
	char label[32];

	for (uint64_t n = 0; n < TALLY_LABELS_MAX; n++) {
		snprintf(label, sizeof label, "%" PRIu64, n);
		count(t, label, n);
	}
	ok(find(t, TALLY_OTHER, "") == NULL, "as many labels as may be are apart");
	count(t, "one more", 1);
	count(t, "and another", 2);
	ok(find(t, TALLY_OTHER, "") != NULL && find(t, TALLY_OTHER, "")->count == 2,
	   "more are counted together");
	count(t, "7", 1);
	ok(find(t, TALLY_LABEL, "7")->count == 2, "those that are there go on");
	for (uint64_t n = 0; n <= TALLY_SURE; n++) {
		struct tally_who who = who_of(n);

		snprintf(label, sizeof label, "s%" PRIu64, n);
		tally_add(t, 2, TALLY_LABEL, 0, label, strlen(label), &who);
	}
	snprintf(label, sizeof label, "s%d", TALLY_SURE - 1);
	ok(find(t, TALLY_LABEL, "s0") != NULL && find(t, TALLY_LABEL, label) != NULL,
	   "another section has its first labels all the same");
	snprintf(label, sizeof label, "s%d", TALLY_SURE);
	ok(find(t, TALLY_LABEL, label) == NULL, "and no more");
	for (uint64_t n = 0; n <= TALLY_SURE; n++) {
		struct tally_who who = {.ts = n, .count = 2};

		snprintf(label, sizeof label, "p%" PRIu64, n);
		tally_add_plain(t, 3, 0, label, &who);
	}
	const struct tally_row *plain = find(t, TALLY_LABEL, label);
	ok(plain != NULL && plain->count == 2 && unique_count(&plain->unique[TALLY_ADDRESSES]) == 0,
	   "what is counted plainly has a row always, and no addresses");
	tally_free(&t);
}

static void test_memory(void)
{
	struct tally *t = tally_new();
	char label[2] = "a";
	size_t rows;

	for (; label[0] <= 'p'; label[0]++) {
		for (uint64_t n = 0; n < 600000; n++)
			count(t, label, n);
	}
	const struct tally_row *r = tally_rows(t, &rows);
	size_t bytes = 0, estimated = 0;
	bool near = true;
	for (size_t i = 0; i < rows; i++) {
		bytes += unique_bytes(&r[i].unique[TALLY_ADDRESSES]);
		estimated += r[i].unique[TALLY_ADDRESSES].registers != NULL;
		uint64_t n = unique_count(&r[i].unique[TALLY_ADDRESSES]);
		near &= n > 580000 && n < 620000;
	}
	ok(bytes <= TALLY_BYTES_MAX, "sets stay within their memory: %zu bytes", bytes);
	ok(estimated > 0 && estimated < rows, "what came too late estimates");
	ok(near, "and estimates well");
	tally_free(&t);
}

static void put(const struct tally *t, struct buf *form)
{
	buf_init_heap(form, FORM_MAX);
	tally_put(t, form);
	if (form->failed)
		abort();
}

static int get(struct tally *t, const struct buf *form, size_t len)
{
	const uint8_t *at = form->data;
	int rc = tally_get(t, 10, &at, form->data + len);

	return rc == 0 && at != form->data + len ? ERR_FULL : rc;
}

static void test_adding(void)
{
	struct tally *a = tally_new(), *b = tally_new(), *all = tally_new(), *sum = tally_new();
	struct buf form_a, form_b, form_all, form_sum;

	for (uint64_t n = 0; n < 1000; n++) {
		const char *label = n % 3 == 0 ? "three" : "other";

		count(n % 2 ? a : b, label, n / 2);
		count(all, label, n / 2);
	}
	put(a, &form_a);
	put(b, &form_b);
	put(all, &form_all);
	ok(get(sum, &form_b, form_b.len) == 0 && get(sum, &form_a, form_a.len) == 0, "two add up");
	put(sum, &form_sum);
	ok(form_sum.len == form_all.len && memcmp(form_sum.data, form_all.data, form_all.len) == 0,
	   "to what one makes of all");
	size_t cut = 0, refused = 0;
	for (; cut < form_a.len; cut += 7) {
		struct tally *t = tally_new();

		refused += get(t, &form_a, cut) == ERR_FORMAT;
		tally_free(&t);
	}
	ok(refused == (form_a.len + 6) / 7, "a form that is cut anywhere is refused");
	struct tally *t = tally_new();
	const uint8_t *at = form_a.data;
	ok(tally_get(t, 1, &at, at + form_a.len) == ERR_FORMAT,
	   "a section past the last is refused");
	tally_free(&t);
	tally_free(&a);
	tally_free(&b);
	tally_free(&all);
	tally_free(&sum);
	buf_fini(&form_a);
	buf_fini(&form_b);
	buf_fini(&form_all);
	buf_fini(&form_sum);
}

static void test_visits(void)
{
	struct visits v = {0}, again = {0};
	struct visit one = {.outcome = VISIT_FAILED, .version = 4, .delivered = 1};
	struct buf form;

	for (unsigned i = 0; i < 3; i++) {
		one.ip[15] = (uint8_t)(i % 2);
		one.ts = 100 - i;
		visits_add(&v, &one);
	}
	visits_sort(&v);
	ok(v.visit[0].ip[15] == 0 && v.visit[0].ts == 98 && v.visit[1].ts == 100 &&
	       v.visit[2].ip[15] == 1,
	   "visits are put in order by address and time");
	buf_init_heap(&form, FORM_MAX);
	visits_put(&v, &form);
	const uint8_t *at = form.data;
	ok(visits_get(&again, &at, form.data + form.len) == 0 && again.count == 3 &&
	       memcmp(again.visit, v.visit, 3 * sizeof one) == 0,
	   "and come back");
	at = form.data;
	ok(visits_get(&again, &at, form.data + form.len - 1) == ERR_FORMAT, "cut is refused");
	form.data[form.len - 3] = VISIT_OUTCOMES;
	at = form.data;
	ok(visits_get(&again, &at, form.data + form.len) == ERR_FORMAT,
	   "an outcome that is none is refused");
	while (v.count < VISITS_MAX)
		visits_add(&v, &one);
	ok(v.lost == 0 && visits_add(&v, &one) == 0 && v.lost == 1 && v.count == VISITS_MAX,
	   "past the limit they are counted as lost");
	visits_fini(&v);
	visits_fini(&again);
	buf_fini(&form);
}

int main(void)
{
	test_counting();
	test_label_length();
	test_limits();
	test_memory();
	test_adding();
	test_visits();
	return tap_done();
}
