/*
 * What is counted of records, by closed lists and within bounds, and the last failures.
 */
#include "figures.h"

#include "../tap.h"
#include "record.h"
#include "uuid.h"

struct lab {
	struct figures f;
	struct buf b;
	uint8_t memory[4096];
};

static void begin(struct lab *lab, uint64_t ts)
{
	static const uint8_t id[UUID_BYTES];

	buf_init(&lab->b, lab->memory, sizeof lab->memory);
	record_put_uuid(&lab->b, FIELD_ID, id);
	record_put_time(&lab->b, FIELD_TS, ts);
}

static void session(struct lab *lab, const char *outcome, const char *version, const char *end)
{
	begin(lab, 1);
	record_put_text(&lab->b, FIELD_TLS_OUTCOME, outcome);
	if (version)
		record_put_text(&lab->b, FIELD_TLS_VERSION, version);
	record_put_text(&lab->b, FIELD_END_REASON, end);
}

static void count(struct lab *lab, enum record_type type)
{
	struct record_fields r;

	if (record_fields_read(&r, type, lab->b.data, lab->b.len) == 0)
		figures_count(&lab->f, &r);
}

static int64_t at(const struct lab *lab, size_t place)
{
	return (int64_t)lab->f.n[place];
}

static size_t place_of(enum figures_list list, const char *name)
{
	const char *here;
	size_t i = 0;

	while ((here = figures_name(list, i)) != NULL && strcmp(here, name) != 0)
		i++;
	return i;
}

static void test_sessions(void)
{
	struct lab lab = {0};

	session(&lab, "negotiated", "TLSv1.2", "quit");
	record_put_u64(&lab.b, FIELD_DURATION_US, 1500000);
	record_put_u64(&lab.b, FIELD_BYTES_IN, 10);
	record_put_u64(&lab.b, FIELD_BYTES_OUT, 20);
	count(&lab, RECORD_SESSION);
	count(&lab, RECORD_SESSION);
	is_int(at(&lab, FIGURES_SESSIONS), 2, "sessions are counted");
	is_int(at(&lab, FIGURES_SESSIONS_BY_OUTCOME + place_of(FIGURES_OUTCOME, "negotiated")), 2,
	       "by outcome");
	is_int(at(&lab, FIGURES_SESSIONS_BY_VERSION + place_of(FIGURES_VERSION, "TLSv1.2")), 2,
	       "by version");
	is_int(at(&lab, FIGURES_SESSIONS_BY_END + place_of(FIGURES_END, "quit")), 2, "by end");
	is_int(at(&lab, FIGURES_SESSION_US), 3000000, "their time is added up");
	is_int(at(&lab, FIGURES_BYTES_IN), 20, "and bytes received");
	is_int(at(&lab, FIGURES_BYTES_OUT), 40, "and sent");
}

static void test_version_of_failure(void)
{
	struct lab lab = {0};

	session(&lab, "failed", "TLSv1.3", "client_closed");
	count(&lab, RECORD_SESSION);
	is_int(at(&lab, FIGURES_SESSIONS_BY_VERSION + place_of(FIGURES_VERSION, "TLSv1.3")), 0,
	       "the version of a failed handshake is not counted as negotiated");
	is_int(at(&lab, FIGURES_SESSIONS_BY_VERSION), 1, "but as none");
	is_int(at(&lab, FIGURES_SESSIONS_BY_FAILURE + FIGURES_FAILURES - 1), 1,
	       "a failure without its reason is another");
}

static void test_unknown_names(void)
{
	struct lab lab = {0};

	session(&lab, "negotiated\x1b[2J", "TLSv9", "");
	count(&lab, RECORD_SESSION);
	is_int(at(&lab, FIGURES_SESSIONS_BY_OUTCOME + FIGURES_OUTCOMES - 1), 1,
	       "an outcome of no list is other");
	is_int(at(&lab, FIGURES_SESSIONS_BY_END + FIGURES_ENDS - 1), 1, "and so is an end");
	session(&lab, "negotiated", "TLSv9", "quit");
	count(&lab, RECORD_SESSION);
	is_int(at(&lab, FIGURES_SESSIONS_BY_VERSION + FIGURES_VERSIONS - 1), 1, "and a version");
	begin(&lab, 1);
	record_put_text(&lab.b, FIELD_VERDICT, "other");
	count(&lab, RECORD_MESSAGE);
	begin(&lab, 1);
	count(&lab, RECORD_MESSAGE);
	is_int(at(&lab, FIGURES_MESSAGES + (FIGURES_VERDICTS - 1) * FIGURES_VERSIONS), 2,
	       "and a verdict that is unknown, or missing");
}

static void test_messages(void)
{
	struct lab lab = {0};

	begin(&lab, 1);
	record_put_text(&lab.b, FIELD_TLS_OUTCOME, "negotiated");
	record_put_text(&lab.b, FIELD_TLS_VERSION, "SSLv3");
	record_put_u64(&lab.b, FIELD_SIZE, 1000);
	record_put_text(&lab.b, FIELD_VERDICT, "tempfailed");
	count(&lab, RECORD_MESSAGE);
	is_int(at(&lab, FIGURES_MESSAGES +
			    place_of(FIGURES_VERDICT, "tempfailed") * FIGURES_VERSIONS +
			    place_of(FIGURES_VERSION, "SSLv3")),
	       1, "messages are counted by verdict and version");
	is_int(at(&lab, FIGURES_MESSAGE_BYTES), 1000, "their bytes are added up");
	is_int(at(&lab, FIGURES_SESSIONS), 0, "they are no sessions");
}

static void test_bounds(void)
{
	static const struct {
		uint64_t told, counted;
	} cases[] = {{0, 1},
		     {1, 1},
		     {FIGURES_SESSIONS_MAX, FIGURES_SESSIONS_MAX},
		     {FIGURES_SESSIONS_MAX + 1, FIGURES_SESSIONS_MAX},
		     {UINT64_MAX, FIGURES_SESSIONS_MAX}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct lab lab = {0};

		session(&lab, "not_offered", NULL, "yakker");
		record_put_u64(&lab.b, FIELD_YAKKER_SESSIONS, cases[i].told);
		count(&lab, RECORD_SESSION);
		is_int(at(&lab, FIGURES_SESSIONS), (int64_t)cases[i].counted,
		       "a record stands for so many sessions, within a bound");
	}
	struct lab lab = {0};
	session(&lab, "not_offered", NULL, "quit");
	record_put_u64(&lab.b, FIELD_BYTES_IN, FIGURES_AMOUNT_MAX);
	record_put_u64(&lab.b, FIELD_BYTES_OUT, UINT64_MAX);
	count(&lab, RECORD_SESSION);
	is_int(at(&lab, FIGURES_BYTES_IN), FIGURES_AMOUNT_MAX, "bytes count up to a bound");
	is_int(at(&lab, FIGURES_BYTES_OUT), FIGURES_AMOUNT_MAX, "and are cut past it");
	lab.f.n[FIGURES_BYTES_OUT] = UINT64_MAX - 1;
	count(&lab, RECORD_SESSION);
	ok(lab.f.n[FIGURES_BYTES_OUT] == UINT64_MAX, "no counter goes back: it stays at its end");
}

static void failure(struct lab *lab, uint64_t ts, const char *helo)
{
	uint8_t ip[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [15] = (uint8_t)ts};

	begin(lab, ts);
	record_put_ip(&lab->b, FIELD_CLIENT_IP, ip);
	record_put_text(&lab->b, FIELD_TLS_OUTCOME, "failed");
	record_put_text(&lab->b, FIELD_TLS_FAILURE, "client_alert");
	record_put_string(&lab->b, FIELD_HELO, helo, strlen(helo));
	count(lab, RECORD_SESSION);
}

static void test_recent(void)
{
	struct lab lab = {0}, other = {0};
	struct figures_failure it;
	char helo[FIGURES_HELO_MAX + 2];

	ok(!figures_recent(&lab.f, 0, &it), "at first there is no failure");
	memset(helo, 'h', sizeof helo);
	helo[FIGURES_HELO_MAX + 1] = '\0';
	failure(&lab, 1, helo);
	ok(figures_recent(&lab.f, 0, &it), "then there is one");
	is_int(it.helo_len, FIGURES_HELO_MAX, "its greeting is cut");
	ok(it.ts == 1 && it.ip[15] == 1 && it.version == 0 &&
	       it.failure == place_of(FIGURES_FAILURE, "client_alert"),
	   "who, when and why is there");
	for (uint64_t i = 2; i <= FIGURES_RECENT + 1; i++)
		failure(&lab, i, "mx");
	ok(figures_recent(&lab.f, FIGURES_RECENT - 1, &it) && it.ts == 2,
	   "so many are held, the oldest go");
	ok(!figures_recent(&lab.f, FIGURES_RECENT, &it), "and none beyond");
	for (uint64_t i = 100; i < 103; i++)
		failure(&other, i, "mx");
	figures_move(&lab.f, &other.f);
	ok(figures_recent(&lab.f, 0, &it) && it.ts == 102, "what was counted apart comes behind");
	ok(figures_recent(&lab.f, 2, &it) && it.ts == 100, "in its order");
	is_int(at(&lab, FIGURES_SESSIONS), FIGURES_RECENT + 4, "and is added");
	is_int(at(&other, FIGURES_SESSIONS), 0, "and cleared where it was");
	ok(!figures_recent(&other.f, 0, &it), "failures, too");
	lab.f.recent[lab.f.failures % FIGURES_RECENT].number = 0;
	ok(!figures_recent(&lab.f, 0, &it), "one that is being written is not shown");
}

/* The lists are those of the records: each name stands in the documentation of its field. */
static void test_names(void)
{
	static const struct {
		enum figures_list list;
		enum record_field field;
		size_t first, count;
	} lists[] = {{FIGURES_OUTCOME, FIELD_TLS_OUTCOME, 0, FIGURES_OUTCOMES},
		     {FIGURES_VERSION, FIELD_TLS_VERSION, 1, FIGURES_VERSIONS},
		     {FIGURES_VERDICT, FIELD_VERDICT, 0, FIGURES_VERDICTS},
		     {FIGURES_END, FIELD_END_REASON, 0, FIGURES_ENDS}};

	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
		for (size_t i = lists[l].first; i + 1 < lists[l].count; i++) {
			const char *name = figures_name(lists[l].list, i);

			ok(strstr(record_table[lists[l].field].doc, name) != NULL, "%s is a %s",
			   name, record_table[lists[l].field].name);
		}
		is_str(figures_name(lists[l].list, lists[l].count - 1), "other",
		       "the last of the list is other");
		ok(figures_name(lists[l].list, lists[l].count) == NULL, "and there it ends");
	}
	is_str(figures_name(FIGURES_FAILURE, FIGURES_FAILURES - 1), "other",
	       "the list of failures too");
}

int main(void)
{
	test_sessions();
	test_version_of_failure();
	test_unknown_names();
	test_messages();
	test_bounds();
	test_recent();
	test_names();
	return tap_done();
}
