/*
 * The table of addresses: what one process writes others find, whatever the table holds; it never
 * grows; a reader beside the writer sees whole entries only.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "address_table.h"
#include "err.h"

#define NOW 1700000000u
#define DAY 86400u

static const uint8_t secret[ADDRESS_SECRET] = "an open secret.";

static struct address_table *table_new(uint32_t addresses)
{
	struct address_table *t = mmap(NULL, address_table_size(addresses), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		exit(99);
	address_table_init(t, addresses, secret);
	return t;
}

static struct address_reader reader_of(const struct address_table *t, uint32_t addresses)
{
	struct address_reader r;

	if (address_reader_init(&r, t, address_table_size(addresses)) != 0)
		exit(98);
	return r;
}

static uint64_t key_of(const char *text)
{
	uint8_t ip[IP_BYTES];

	if (ip_parse(ip, text, strlen(text)) != 0)
		exit(97);
	return address_key(ip);
}

static uint32_t count(const struct address_table *t)
{
	struct address_entry e;
	uint32_t n = 0;

	for (size_t at = 0; address_next(t, &at, &e);)
		n++;
	return n;
}

static void test_keys(void)
{
	static const struct {
		const char *a, *b;
		bool same;
		const char *title;
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1", true, "an IPv4 address is itself"},
	    {"192.0.2.1", "192.0.2.2", false, "and not its neighbour"},
	    {"::ffff:192.0.2.1", "192.0.2.1", true, "mapped, too"},
	    {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true, "an IPv6 address is its /64"},
	    {"2001:db8::1", "2001:db8:0:1::1", false, "and not the next /64"},
	    {"192.0.2.1", "2001:db8::c000:201", false, "an IPv6 address is no IPv4 address"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok((key_of(cases[i].a) == key_of(cases[i].b)) == cases[i].same, "%s",
		   cases[i].title);
}

static void test_entries(void)
{
	struct address_table *t = table_new(ADDRESS_MIN);
	struct address_reader r = reader_of(t, ADDRESS_MIN);
	struct address_entry e = {.key = key_of("192.0.2.7"),
				  .last_s = NOW,
				  .tls_failures = 255,
				  .flags = ADDRESS_BAD_CERTIFICATE};
	struct address_entry got;

	is_int(address_find(&r, e.key, &got), 0, "an empty table holds no address");
	is_int(address_find(&r, 0, &got), 0, "nor the number 0, which stands in free places");
	is_int(address_put(t, &e, NOW), ADDRESS_PUT_NEW, "an address takes a new place");
	is_int(address_find(&r, e.key, &got), 1, "a reader finds it");
	ok(got.key == e.key && got.last_s == NOW && got.tls_failures == 255 &&
	       got.flags == ADDRESS_BAD_CERTIFICATE,
	   "with all that was stored");
	e.tls_failures = 1;
	is_int(address_put(t, &e, NOW), ADDRESS_PUT_SAME, "again, it keeps its place");
	is_int(address_find(&r, e.key, &got), 1, "where it is found");
	is_int(got.tls_failures, 1, "as it is now");
	is_int(count(t), 1, "once");
	e.key = key_of("::1");
	is_int(address_put(t, &e, NOW), ADDRESS_PUT_NEW, "::1, whose number is 0, has a place");
	is_int(address_find(&r, 0, &got), 1, "and is found");
	ok(address_get(t, 0, &got) && got.tls_failures == 1, "by the writer, too");
	ok(address_remove(t, 0), "what is removed was there");
	is_int(address_find(&r, 0, &got), 0, "and is not any more");
	ok(!address_remove(t, 0), "it cannot be removed twice");
	munmap(t, address_table_size(ADDRESS_MIN));
}

static void test_times(void)
{
	static const struct {
		uint32_t last, now, within;
		bool fresh;
		const char *title;
	} cases[] = {
	    {NOW, NOW, 3 * DAY, true, "a failure of this second is remembered"},
	    {NOW, NOW + 3 * DAY - 1, 3 * DAY, true, "also a second before its time is over"},
	    {NOW, NOW + 3 * DAY, 3 * DAY, false, "then no more"},
	    {NOW + DAY, NOW, 3 * DAY, true, "one from the future is: the clock went back"},
	    {UINT32_MAX, 0, 1, true, "as far as it may"},
	    {0, UINT32_MAX, UINT32_MAX, false, "one that is as old as can be is not"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address_entry e = {.last_s = cases[i].last};

		ok(address_entry_fresh(&e, cases[i].now, cases[i].within) == cases[i].fresh, "%s",
		   cases[i].title);
	}
}

static void test_sweep(void)
{
	struct address_table *t = table_new(ADDRESS_MIN);
	struct address_entry e = {.key = 1, .last_s = NOW - 3 * DAY, .tls_failures = 2}, got;
	static const struct address_within within = {.tls_s = 3 * DAY, .yakker_s = DAY};

	address_put(t, &e, NOW);
	e = (struct address_entry){.key = 2, .last_s = NOW - 1, .tls_failures = 2};
	address_put(t, &e, NOW);
	e = (struct address_entry){.key = 3, .last_s = NOW + 3650 * DAY, .tls_failures = 2};
	address_put(t, &e, NOW);
	is_int(address_sweep(t, NOW, &within), 2,
	       "what is too old is swept away, the rest counted");
	ok(!address_get(t, 1, &got), "the old one is gone");
	ok(address_get(t, 2, &got) && got.last_s == NOW - 1, "the young one is as it was");
	ok(address_get(t, 3, &got) && got.last_s == NOW,
	   "one that a wrong clock put into the future is of now, and ends in time");
	munmap(t, address_table_size(ADDRESS_MIN));
}

/* What is remembered for two reasons is forgotten for each in its own time. */
static void test_sweep_parts(void)
{
	static const struct address_within within = {.tls_s = 3 * DAY, .yakker_s = DAY};
	struct address_table *t = table_new(ADDRESS_MIN);
	struct address_entry e = {.key = 1,
				  .last_s = NOW,
				  .tls_failures = 2,
				  .flags = ADDRESS_YAKKER | ADDRESS_BAD_CERTIFICATE,
				  .idle = 5,
				  .idle_s = NOW},
			     got;

	address_put(t, &e, NOW);
	is_int(address_sweep(t, NOW + DAY - 1, &within), 1, "a yakker is one to its last second");
	ok(address_get(t, 1, &got) && got.flags == e.flags && got.idle == 5, "as it was stored");
	is_int(address_sweep(t, NOW + DAY, &within), 1, "then its failures are left");
	ok(address_get(t, 1, &got) && got.flags == ADDRESS_BAD_CERTIFICATE && got.idle == 0 &&
	       got.tls_failures == 2,
	   "and nothing else");
	is_int(address_sweep(t, NOW + 3 * DAY, &within), 0, "and then nothing");
	e = (struct address_entry){.key = 2, .idle = 1, .idle_s = NOW + 3650 * DAY};
	address_put(t, &e, NOW);
	is_int(address_sweep(t, NOW, &within), 1, "a yakker may be all there is of an address");
	ok(address_get(t, 2, &got) && got.idle_s == NOW, "the future is now here, too");
	munmap(t, address_table_size(ADDRESS_MIN));
}

static void test_addresses_of_keys(void)
{
	static const char *const texts[] = {"192.0.2.7", "255.255.255.255", "2001:db8:1:2::"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		uint8_t want[IP_BYTES], got[IP_BYTES];

		ip_parse(want, texts[i], strlen(texts[i]));
		address_of_key(address_key(want), got);
		is_mem(got, sizeof got, want, sizeof want, texts[i]);
	}
}

/* ---- at capacity ---- */

static void test_bounds(void)
{
	const uint32_t asked = 700; /* a hundred buckets */
	size_t size = address_table_size(asked);
	struct address_table *t = table_new(asked);
	uint32_t new = 0, instead = 0, found = 0;
	struct address_entry got;

	is_int((int64_t)size, 64 + asked * 256 / 7, "36.6 bytes an address and a head");
	for (uint64_t key = 1; key <= 50 * asked; key++) {
		struct address_entry e = {
		    .key = key, .last_s = NOW + (uint32_t)key, .tls_failures = 1};
		enum address_put put = address_put(t, &e, NOW + (uint32_t)key);

		new += put == ADDRESS_PUT_NEW;
		instead += put == ADDRESS_PUT_INSTEAD;
		found += address_get(t, key, &got);
	}
	is_int(found, 50 * asked, "50 times as many addresses: each is there when it was put");
	ok(new <= asked + ADDRESS_WAYS, "%u took a new place, not more than there are", new);
	is_int(new + instead, 50 * asked, "all others took another's");
	is_int(count(t), new, "so many are held at the end");
	uint32_t young = 0;
	for (size_t at = 0; address_next(t, &at, &got);)
		young += got.key > 40 * asked;
	ok(young > count(t) * 9 / 10,
	   "nearly all of them (%u) are of the last fifth: the oldest go", young);
	munmap(t, size);
}

/* The oldest of a bucket, whatever the order they came in, also where the clock went back. */
static void test_oldest(void)
{
	struct address_table *t = table_new(1); /* one bucket */
	struct address_entry got;

	for (uint32_t i = 0; i < ADDRESS_WAYS; i++) {
		struct address_entry e = {
		    .key = i, .last_s = NOW + (i == 3 ? 0 : i + 1), .tls_failures = 1};
		is_int(address_put(t, &e, NOW), ADDRESS_PUT_NEW, "a bucket has room for its ways");
	}
	struct address_entry e = {.key = 100, .last_s = NOW + 50, .tls_failures = 1};
	ok(address_displaced(t, 100, NOW + 50, &got) && got.key == 3,
	   "which one another would take the place of is told");
	ok(!address_displaced(t, 4, NOW + 50, &got), "an address with a place takes none");
	is_int(address_put(t, &e, NOW + 50), ADDRESS_PUT_INSTEAD, "for no more");
	ok(!address_get(t, 3, &got), "the oldest is gone");
	ok(address_get(t, 0, &got) && address_get(t, 6, &got) && address_get(t, 100, &got),
	   "the others and the new one are there");
	munmap(t, address_table_size(1));
}

/* ---- hostile contents ---- */

static uint64_t random_state = 42;
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void test_hostile(void)
{
	const uint32_t addresses = 70;
	size_t size = address_table_size(addresses);
	struct address_table *t = table_new(addresses);
	struct address_reader r = reader_of(t, addresses), bad;
	unsigned answers[3] = {0};

	is_int(address_reader_init(&bad, t, sizeof *t - 1), ERR_FORMAT, "half a head is no table");
	is_int(address_reader_init(&bad, t, size - 1), ERR_FORMAT, "nor is a table cut short");
	t->buckets = UINT32_MAX;
	is_int(address_reader_init(&bad, t, size), ERR_FORMAT,
	       "nor one with more buckets than bytes");
	t->buckets = 0;
	is_int(address_reader_init(&bad, t, size), ERR_FORMAT, "nor one without buckets");
	t->version++;
	is_int(address_reader_init(&bad, t, size), ERR_FORMAT, "nor one of another version");
	for (int round = 0; round < 200; round++) {
		uint64_t *word = (uint64_t *)t;

		for (size_t i = 0; i < size / sizeof *word; i++)
			word[i] = next_random() % 8 == 0 ? next_random() : next_random() % 4;
		for (uint64_t key = 0; key < 64; key++) {
			struct address_entry e = {0};
			int rc = address_find(&r, key, &e);

			answers[rc == 1 ? 0 : rc == 0 ? 1 : 2]++;
			if (rc == 1 && (e.key != key || (e.flags & ~ADDRESS_FLAGS)))
				answers[2] = 1u << 30;
		}
	}
	ok(answers[2] > 0 && answers[2] < 1u << 30,
	   "random bytes: %u found, %u not, %u times the writer seems to be there; nothing else",
	   answers[0], answers[1], answers[2]);
	memset(t, 0xff, size);
	struct address_entry e;
	is_int(address_find(&r, 5, &e), ERR_TIMEOUT,
	       "a writer that died in a bucket is not waited for");
	munmap(t, size);
}

/* ---- a reader beside the writer ---- */

/* Entries of one key: all members say the same number, so that a torn one shows. */
static struct address_entry entry_number(uint64_t key, uint32_t n)
{
	return (struct address_entry){.key = key,
				      .last_s = NOW + n % 256,
				      .tls_failures = (uint8_t)(n % 256),
				      .flags = n % 2,
				      .idle = (uint8_t)(n % 256),
				      .idle_s = n,
				      .thinned = (uint16_t)n,
				      .thinned_offered = (uint16_t)n,
				      .thinned_s = n,
				      .thinned_last_s = n};
}

_Noreturn static void write_for_ever(struct address_table *t)
{
	for (uint32_t n = 0;; n++) {
		struct address_entry e = entry_number(n % 20, n);

		address_put(t, &e, NOW);
		if (n % 7 == 0)
			address_remove(t, (n + 3) % 20);
	}
}

static void test_concurrent(void)
{
	struct address_table *t = table_new(1); /* one bucket: they always meet */
	struct address_reader r = reader_of(t, 1);
	unsigned found = 0, torn = 0, other = 0;
	pid_t writer = fork();

	if (writer == 0)
		write_for_ever(t);
	for (unsigned i = 0; i < 200000 || found < 1000; i++) {
		struct address_entry e;
		int rc = address_find(&r, i % 20, &e);

		if (rc == 1) {
			found++;
			torn += e.last_s - NOW != e.tls_failures || e.flags != e.tls_failures % 2 ||
				e.idle != e.tls_failures || e.idle_s % 256 != e.idle ||
				e.thinned != (uint16_t)e.idle_s || e.thinned_offered != e.thinned ||
				e.thinned_s != e.idle_s || e.thinned_last_s != e.idle_s;
		} else if (rc != 0 && rc != ERR_TIMEOUT) {
			other++;
		}
	}
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	ok(found >= 1000, "beside a writer that never rests, a reader finds entries (%u)", found);
	is_int(torn, 0, "none of them is half of another");
	is_int(other, 0, "and no other answer comes than found, not found, and met the writer");
	munmap(t, address_table_size(1));
}

/* ---- sealed, as the master does it ---- */

static void test_sealed(void)
{
	size_t size = address_table_size(ADDRESS_MIN);
	int fd = memfd_create("memory of addresses", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct address_entry e = {.key = 7, .last_s = NOW, .tls_failures = 1}, got;
	struct address_reader r;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		exit(96);
	struct address_table *own = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	address_table_init(own, ADDRESS_MIN, secret);
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
	void *theirs = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	ok(address_reader_init(&r, theirs, size) == 0, "once it is sealed, others map it to read");
	address_put(own, &e, NOW);
	is_int(address_find(&r, 7, &got), 1, "and see what the writer goes on to write");
	ok(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED,
	   "nobody can map it for writing");
	ok(mprotect(theirs, size, PROT_READ | PROT_WRITE) < 0, "or make their mapping writable");
	ok(pwrite(fd, &e, sizeof e, 0) < 0, "or write to it");
	ok(ftruncate(fd, 0) < 0 && ftruncate(fd, (off_t)size * 2) < 0, "or change its size");
	munmap(own, size);
	munmap(theirs, size);
	close(fd);
}

int main(void)
{
	test_keys();
	test_entries();
	test_times();
	test_sweep();
	test_sweep_parts();
	test_addresses_of_keys();
	test_bounds();
	test_oldest();
	test_hostile();
	test_concurrent();
	test_sealed();
	return tap_done();
}
