/*
 * Names of log files: what is written, read, refused, and the order.
 */
#include "log_name.h"

#include "../tap.h"
#include "err.h"

static const struct {
	struct log_name n;
	const char *name;
} good[] = {
    {{LOG_SESSION, 1763807400, 17, false}, "session-20251122T103000Z-000017.jsonl.gz"},
    {{LOG_MESSAGE, 1763807400, 1, true}, "message-20251122T103000Z-000001.jsonl.gz.part"},
    {{LOG_MAIL, 0, 999999, false}, "mail-19700101T000000Z-999999.mbox.gz"},
    {{LOG_MAIL, 253402300799, 1000000, true}, "mail-99991231T235959Z-1000000.mbox.gz.part"},
    {{LOG_MESSAGE, 1, UINT64_MAX, true},
     "message-19700101T000001Z-18446744073709551615.jsonl.gz.part"},
};

static const char *const bad[] = {
    "",
    "session",
    "session-",
    "sessions-20251122T103000Z-000017.jsonl.gz",
    "Session-20251122T103000Z-000017.jsonl.gz",
    "session-20251122T103000Z-17.jsonl.gz",
    "session-20251122T103000Z-0000017.jsonl.gz",
    "session-20251122T103000Z-+00017.jsonl.gz",
    "session-20251122T103000Z- 00017.jsonl.gz",
    "session-20251122T103000Z--00017.jsonl.gz",
    "session-20251122T103000Z-18446744073709551616.jsonl.gz",
    "session-20251122T103000Z-000017.mbox.gz",
    "mail-20251122T103000Z-000017.jsonl.gz",
    "session-20251122T103000Z-000017.jsonl",
    "session-20251122T103000Z-000017.jsonl.gz.part.part",
    "session-20251122T103000Z-000017.jsonl.gz.part~",
    "session-20251122T103000Z-000017.jsonl.gzpart",
    "session-20251122T103000-000017.jsonl.gz",
    "session-20251122103000Z-000017.jsonl.gz",
    "session-20251131T103000Z-000017.jsonl.gz",
    "session-20251122T246000Z-000017.jsonl.gz",
    "session-2025 122T103000Z-000017.jsonl.gz",
    "session-20251122T103000Z-000017.jsonl.gz/",
    "../session-20251122T103000Z-000017.jsonl.gz",
    "a-very-long-name-that-has-no-stream",
};

static void test_names(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char name[LOG_NAME_MAX];
		struct log_name n;

		is_int(log_name_format(&good[i].n, name), 0, "a name is written");
		is_str(name, good[i].name, good[i].name);
		is_int(log_name_parse(name, &n), 0, "and read");
		is_int(log_name_compare(&n, &good[i].n), 0, "as what it was");
	}
	char name[LOG_NAME_MAX];
	struct log_name late = {LOG_MAIL, 253402300800, 1, false};
	is_int(log_name_format(&late, name), ERR_FORMAT, "the year 10000 is refused");
}

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct log_name n;

		ok(log_name_parse(bad[i], &n) == ERR_FORMAT, "'%s' is refused", bad[i]);
	}
}

static void test_order(void)
{
	static const struct log_name sorted[] = {
	    {LOG_SESSION, 9, 1, false}, {LOG_SESSION, 5, 2, false}, {LOG_SESSION, 5, 2, true},
	    {LOG_SESSION, 6, 2, false}, {LOG_MESSAGE, 1, 1, false}, {LOG_MAIL, 1, 1, false},
	};
	unsigned wrong = 0;

	for (int i = 0; i < 6; i++)
		for (int j = 0; j < 6; j++) {
			int order = log_name_compare(&sorted[i], &sorted[j]);
			wrong += (order > 0) - (order < 0) != (i > j) - (i < j);
		}
	is_int(wrong, 0, "stream, number, time and .part make the order");
}

int main(void)
{
	test_names();
	test_bad();
	test_order();
	is_int(log_stream_find("mail"), LOG_MAIL, "a stream is found by its name");
	is_int(log_stream_find("mails"), LOG_STREAM_COUNT, "an unknown one is not");
	return tap_done();
}
