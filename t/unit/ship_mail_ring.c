/*
 * Objects on their way: what tells of one goes when its chunks are there; refusals find their object.
 */
#include "../../src/smtptrap-ship/mail_ring.h"

#include "../tap.h"
#include "err.h"

static struct mail_ring r;

static void put(uint64_t first, uint64_t last)
{
	struct mail_object o = {.first = first, .last = last, .object = {.size = last}};

	mail_ring_put(&r, &o);
}

/* Send what tells of the next, as this number; its last chunk, 0 if there is none to be told of. */
static uint64_t tell(uint64_t acknowledged, uint64_t number)
{
	struct mail_object *o = mail_ring_untold(&r, acknowledged);

	if (o == NULL)
		return 0;
	o->meta = number;
	mail_ring_told(&r);
	return o->last;
}

static int64_t take(uint64_t acknowledged)
{
	const struct mail_object *o = mail_ring_take(&r, acknowledged);

	return o == NULL ? -1 : (int64_t)o->last;
}

static void test_order(void)
{
	put(1, 3);
	put(5, 5);
	put(0, 0);
	is_int((int64_t)tell(2, 7), 0, "before its last chunk is there nothing tells of it");
	is_int(take(2), -1, "and its record waits");
	is_int((int64_t)tell(4, 7), 3, "then it is told of");
	is_int((int64_t)tell(4, 8), 0, "but not the next");
	is_int(take(6), -1, "its record waits until that is there as well");
	is_int(take(7), 3, "which ends it");
	is_int((int64_t)tell(7, 8), 5, "the next is told of");
	ok(mail_ring_untold(&r, 7) != NULL, "one without chunks can be told of at once");
	is_int((int64_t)tell(7, 9), 0, "as it has none");
	is_int(take(8), 5, "they end in order");
	is_int(take(8), -1, "one by one");
	is_int(take(9), 0, "all of them");
	ok(r.count == 0 && mail_ring_untold(&r, 99) == NULL && take(99) == -1,
	   "then there is none");
}

static void test_refusals(void)
{
	struct refusal one = {.number = 6, .why = "full"};
	struct mail_object now = {.first = 9, .last = 9};

	put(1, 3);
	put(4, 7); /* what tells of the first was sent in between, as 6 */
	tell(3, 6);
	ok(mail_ring_refuse(&r, &one), "a refusal of what tells of an object");
	ok(r.ring[r.first % r.room].refused, "is its own, though another's chunks are around it");
	one.number = 4;
	ok(mail_ring_refuse(&r, &one), "a refusal of a chunk");
	is_str(mail_ring_untold(&r, 7)->why, "full", "has its reason");
	one.number = 8;
	ok(!mail_ring_refuse(&r, &one) && !mail_object_refuse(&now, &one),
	   "one of nobody's is nobody's");
	one = (struct refusal){.number = 9, .is_there = true};
	ok(mail_object_refuse(&now, &one) && now.is_there && !now.refused,
	   "something that is there is no refusal");
	mail_ring_clear(&r);
	ok(mail_ring_untold(&r, 99) == NULL, "cleared it is empty");
}

static void test_queue(void)
{
	struct refusals q;
	struct refusal one = {0};
	unsigned wrong = 0;

	is_int(refusals_init(&q, 3), 0, "a queue is made");
	ok(!refusals_take(&q, &one), "it is empty");
	for (uint64_t n = 1; n <= 10; n++) {
		wrong += refusals_put(&q, &(struct refusal){.number = n}) != 0;
		wrong += !refusals_take(&q, &one) || one.number != n;
	}
	is_int(wrong, 0, "refusals come out in order, round the ring");
	for (unsigned n = 0; n < 3; n++)
		wrong += refusals_put(&q, &one) != 0;
	is_int(wrong, 0, "as many as there is room for");
	is_int(refusals_put(&q, &one), ERR_FULL, "and no more");
	refusals_fini(&q);
	refusals_fini(&q);
}

int main(void)
{
	is_int(mail_ring_init(&r, 3), 0, "a ring is made");
	test_order();
	test_refusals();
	test_queue();
	mail_ring_fini(&r);
	return tap_done();
}
