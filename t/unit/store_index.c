/*
 * The index of stored messages: found by digest, bounded, undone, of any size.
 */
#include "store_index.h"

#include "../tap.h"

#define SECRET UINT64_C(0x0123456789abcdef)

static struct stored entry(uint32_t number, uint32_t from)
{
	struct stored e = {.file_seq = 1 + number / 10, .offset = number % 10 * 1000, .from = from};

	memcpy(e.digest, &number, sizeof number);
	memset(e.digest + 8, (int)(number & 0xff), 24);
	memcpy(e.id, &number, sizeof number);
	return e;
}

static void add(struct store_index *x, uint32_t number)
{
	struct stored e = entry(number, 0);

	store_index_add(x, &e);
}

static const struct stored *find(const struct store_index *x, uint32_t number)
{
	struct stored e = entry(number, 0);

	return store_index_find(x, e.digest, false);
}

/* Numbers from..to are there and lead to what was added. */
static bool has(const struct store_index *x, uint32_t from, uint32_t to)
{
	for (uint32_t n = from; n < to; n++) {
		const struct stored *s = find(x, n);

		if (s == NULL || memcmp(s->id, &n, sizeof n) != 0)
			return false;
	}
	return true;
}

static bool lacks(const struct store_index *x, uint32_t from, uint32_t to)
{
	for (uint32_t n = from; n < to; n++)
		if (find(x, n) != NULL)
			return false;
	return true;
}

static void test_bound(uint32_t size)
{
	struct store_index x;

	is_int(store_index_init(&x, size, SECRET), 0, "an index is made");
	for (uint32_t n = 0; n < size; n++)
		add(&x, n);
	ok(has(&x, 0, size), "%u of %u are found", size, size);
	ok(lacks(&x, size, size + 100), "and no others");
	add(&x, size);
	ok(has(&x, 1, size + 1) && lacks(&x, 0, 1), "one more pushes the oldest out");
	for (uint32_t n = size + 1; n < 5 * size; n++)
		add(&x, n);
	ok(has(&x, 4 * size, 5 * size) && lacks(&x, 0, 4 * size),
	   "of five times as many the newest stay");
	is_int((int64_t)store_index_count(&x), size, "and it never grows");
	store_index_fini(&x);
}

static void test_undo(void)
{
	struct store_index x;

	store_index_init(&x, 100, SECRET);
	for (uint32_t n = 0; n < 50; n++)
		add(&x, n);
	store_index_commit(&x);
	for (uint32_t n = 50; n < 90; n++)
		add(&x, n);
	store_index_undo(&x);
	ok(has(&x, 0, 50) && lacks(&x, 50, 90), "what was not committed is undone");
	store_index_undo(&x);
	is_int((int64_t)store_index_count(&x), 50, "once");
	for (uint32_t n = 100; n < 190; n++)
		add(&x, n);
	store_index_undo(&x);
	ok(has(&x, 40, 50) && lacks(&x, 0, 40) && lacks(&x, 100, 190),
	   "what had to make room does not come back, all else does");
	for (uint32_t n = 200; n < 700; n++)
		add(&x, n);
	store_index_undo(&x);
	is_int((int64_t)store_index_count(&x), 0, "more than there is room for leaves nothing");
	ok(lacks(&x, 0, 700), "and nothing is found");
	add(&x, 1);
	store_index_commit(&x);
	ok(has(&x, 1, 2), "it goes on");
	store_index_fini(&x);
}

static void test_kinds(void)
{
	struct stored whole = entry(7, 0), body = entry(7, 20), again = entry(7, 0);
	struct store_index x;

	store_index_init(&x, 10, SECRET);
	store_index_add(&x, &whole);
	ok(store_index_find(&x, whole.digest, true) == NULL, "all data are no body");
	store_index_add(&x, &body);
	is_int(store_index_find(&x, whole.digest, true)->from, 20, "a body is found as one");
	again.offset = 5;
	store_index_add(&x, &again);
	is_int((int64_t)store_index_find(&x, whole.digest, false)->offset, 5,
	       "of two with a digest the newer is found");
	store_index_undo(&x);
	ok(store_index_find(&x, whole.digest, true) == NULL, "both kinds are undone");
	store_index_fini(&x);
}

static void test_copy(void)
{
	struct store_index x, small, large, none = {0};

	store_index_init(&x, 100, SECRET);
	for (uint32_t n = 0; n < 150; n++)
		add(&x, n);
	store_index_commit(&x);
	store_index_init(&small, 30, SECRET * 3);
	store_index_copy(&small, &x);
	ok(has(&small, 120, 150) && lacks(&small, 0, 120), "a smaller index takes the newest");
	store_index_init(&large, 1000, SECRET * 5);
	store_index_copy(&large, &small);
	store_index_undo(&large);
	ok(has(&large, 120, 150), "a larger one all, and they are committed");
	store_index_copy(&none, &x);
	ok(find(&none, 149) == NULL && store_index_count(&none) == 0, "no index takes none");
	add(&none, 1);
	store_index_undo(&none);
	store_index_fini(&x);
	store_index_fini(&small);
	store_index_fini(&large);
	store_index_fini(&none);
}

/* A batch is under way when the index gets another size. */
static void test_copy_uncommitted(void)
{
	struct store_index x, small, large;

	store_index_init(&x, 100, SECRET);
	for (uint32_t n = 0; n < 20; n++)
		add(&x, n);
	store_index_commit(&x);
	for (uint32_t n = 20; n < 30; n++)
		add(&x, n);
	store_index_init(&large, 1000, SECRET * 3);
	store_index_copy(&large, &x);
	ok(has(&large, 0, 30), "what is not committed is taken, too");
	store_index_undo(&large);
	ok(has(&large, 0, 20) && lacks(&large, 20, 30), "and can still be undone");
	store_index_init(&small, 5, SECRET * 5);
	store_index_copy(&small, &x);
	ok(has(&small, 25, 30) && lacks(&small, 0, 25), "also where there is room for that alone");
	store_index_undo(&small);
	ok(lacks(&small, 0, 30) && store_index_count(&small) == 0, "which leaves nothing then");
	store_index_fini(&x);
	store_index_fini(&small);
	store_index_fini(&large);
}

static void test_adopt(void)
{
	struct store_index x;

	store_index_init(&x, 100, SECRET);
	for (uint32_t i = 0; i < 100; i++)
		x.ring[i] = entry((i * 37 + 50) % 100, 0);
	store_index_adopt(&x, 100);
	ok(has(&x, 0, 100), "entries in any order are taken");
	store_index_undo(&x);
	is_int((int64_t)store_index_count(&x), 100, "as committed");
	for (uint32_t n = 100; n < 110; n++)
		add(&x, n);
	ok(has(&x, 10, 110) && lacks(&x, 0, 10), "and make room in the order of the mail stream");
	store_index_fini(&x);
	store_index_init(&x, 100, SECRET);
	store_index_adopt(&x, 0);
	is_int((int64_t)store_index_count(&x), 0, "also none at all");
	store_index_fini(&x);
}

int main(void)
{
	static const uint32_t sizes[] = {1, 2, 3, 64, 1000};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		test_bound(sizes[i]);
	test_undo();
	test_kinds();
	test_copy();
	test_copy_uncommitted();
	test_adopt();
	return tap_done();
}
