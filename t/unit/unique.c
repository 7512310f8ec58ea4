/*
 * unique.c: unit tests of lib/unique: exact up to a million, estimates beyond, merging, the form for
 * files.
 */
#include <math.h>
#include <stdlib.h>

#include "../tap.h"
#include "err.h"
#include "unique.h"

#define FORM_MAX (64u << 20)

static void add_range(struct unique *u, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n < to; n++) {
		if (unique_add(u, unique_key(n)) != 0)
			abort();
	}
}

static double error_percent(const struct unique *u, double is)
{
	return 100 * fabs((double)unique_count(u) - is) / is;
}

static void test_exact(void)
{
	struct unique u = {0};

	ok(unique_count(&u) == 0, "none at first");
	add_range(&u, 0, 1000);
	add_range(&u, 500, 1500);
	ok(unique_count(&u) == 1500, "what comes twice counts once");
	add_range(&u, 0, UNIQUE_EXACT_MAX);
	ok(unique_count(&u) == UNIQUE_EXACT_MAX && u.registers == NULL, "a million is exact");
	add_range(&u, 0, UNIQUE_EXACT_MAX);
	ok(unique_count(&u) == UNIQUE_EXACT_MAX, "also when all come again");
	add_range(&u, UNIQUE_EXACT_MAX, UNIQUE_EXACT_MAX + 1);
	ok(u.registers != NULL && u.slots == NULL, "one more, and it estimates");
	ok(error_percent(&u, UNIQUE_EXACT_MAX + 1) < 3 * UNIQUE_ERROR_PERCENT,
	   "within three standard errors: %.3f %%", error_percent(&u, UNIQUE_EXACT_MAX + 1));
	ok(unique_bytes(&u) == UNIQUE_REGISTERS, "and holds its registers only");
	unique_fini(&u);
}

/* The mean square error of 64 sketches is that which is printed. */
static void test_error(uint64_t count)
{
	double sum = 0;

	for (uint64_t run = 0; run < 64; run++) {
		struct unique u = {0};

		if (unique_estimate(&u) != 0)
			abort();
		add_range(&u, run << 32, (run << 32) + count);
		sum += pow(error_percent(&u, (double)count), 2);
		unique_fini(&u);
	}
	double rms = sqrt(sum / 64);
	ok(rms < UNIQUE_ERROR_PERCENT * 1.35, "%llu keys: root mean square error %.3f %%",
	   (unsigned long long)count, rms);
}

static void test_merge(void)
{
	struct unique a = {0}, b = {0}, all = {0}, empty = {0};

	add_range(&a, 0, 600000);
	add_range(&b, 400000, 900000);
	ok(unique_merge(&a, &b) == 0 && unique_count(&a) == 900000,
	   "two sets make the exact union");
	ok(unique_merge(&a, &empty) == 0 && unique_count(&a) == 900000, "nothing adds nothing");
	add_range(&b, 900000, 1600000);
	add_range(&all, 0, 1600000);
	ok(unique_merge(&a, &b) == 0 && unique_count(&a) == unique_count(&all),
	   "with registers it is as if all keys had come to one");
	unique_fini(&b);
	add_range(&b, 0, 10);
	ok(unique_merge(&b, &all) == 0 && unique_count(&b) == unique_count(&all),
	   "a small set into which registers come, too");
	unique_fini(&a);
	unique_fini(&b);
	unique_fini(&all);
}

static int read_form(const struct buf *form, size_t len, struct unique *to)
{
	const uint8_t *at = form->data;
	int rc = unique_get(to, &at, form->data + len);

	return rc == 0 && at != form->data + len ? ERR_FULL : rc;
}

static void test_form(const char *what, uint64_t count)
{
	struct unique u = {0}, again = {0}, cut = {0};
	struct buf form, second;

	buf_init_heap(&form, FORM_MAX);
	buf_init_heap(&second, FORM_MAX);
	add_range(&u, 0, count);
	unique_put(&u, &form);
	ok(!form.failed && read_form(&form, form.len, &again) == 0 &&
	       unique_count(&again) == unique_count(&u),
	   "%s: comes back", what);
	unique_put(&again, &second);
	ok(second.len == form.len && memcmp(second.data, form.data, form.len) == 0,
	   "%s: the form is the same", what);
	ok(read_form(&form, form.len - 1, &cut) == ERR_FORMAT, "%s: cut is refused", what);
	unique_fini(&u);
	unique_fini(&again);
	unique_fini(&cut);
	buf_fini(&form);
	buf_fini(&second);
}

static void test_hostile(void)
{
	static const struct {
		const char *name;
		uint8_t bytes[24];
		size_t len;
	} cases[] = {
	    {"nothing", {0}, 0},
	    {"another form", {2, 0, 0, 0, 0}, 5},
	    {"too many keys", {0, 0x41, 0x42, 0x0f, 0}, 5},
	    {"a key of 0", {0, 1, 0, 0, 0}, 13},
	    {"a key twice", {0, 2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 7}, 21},
	    {"fewer keys than said", {0, 2, 0, 0, 0, 7}, 13},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const uint8_t *at = cases[i].bytes;
		struct unique u = {0};

		ok(unique_get(&u, &at, cases[i].bytes + cases[i].len) == ERR_FORMAT,
		   "%s is refused", cases[i].name);
		unique_fini(&u);
	}
	static uint8_t registers[1 + UNIQUE_REGISTERS] = {1};
	const uint8_t *at = registers;
	struct unique u = {0};
	registers[100] = 64 - UNIQUE_BITS + 2;
	ok(unique_get(&u, &at, registers + sizeof registers) == ERR_FORMAT,
	   "a register past its range is refused");
	registers[100]--;
	at = registers;
	ok(unique_get(&u, &at, registers + sizeof registers) == 0, "one at it is not");
	unique_fini(&u);
}

static void test_keys(void)
{
	static const struct {
		const char *a, *b;
		bool same_net;
	} cases[] = {{"192.0.2.1", "192.0.2.255", true},
		     {"192.0.2.1", "192.0.3.1", false},
		     {"2001:db8::1", "2001:db8::2", true},
		     {"2001:db8::1", "2001:db8:0:1::1", false},
		     {"1.2.3.4", "2001:db8::1", false}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t a[IP_BYTES], b[IP_BYTES];

		ip_parse(a, cases[i].a, strlen(cases[i].a));
		ip_parse(b, cases[i].b, strlen(cases[i].b));
		ok(unique_key_of_ip(a) != unique_key_of_ip(b), "%s and %s are two", cases[i].a,
		   cases[i].b);
		ok((unique_key_of_net(a) == unique_key_of_net(b)) == cases[i].same_net,
		   "%s a network", cases[i].same_net ? "of" : "not of");
	}
}

int main(void)
{
	test_exact();
	test_error(1000);
	test_error(40000);
	test_error(200000);
	test_merge();
	test_form("no key", 0);
	test_form("some keys", 1000);
	test_form("registers", UNIQUE_EXACT_MAX + 1);
	test_hostile();
	test_keys();
	return tap_done();
}
