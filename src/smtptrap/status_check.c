/*
 * status_check.c: smtptrap status --check: one line and an exit status, as programs that watch
 * others (Nagios, Icinga, Monit, a shell script) want them.
 *
 * Input: the boards, what stands on which is shown and counted, never followed.
 */
#include "status_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"

static const char *const state_names[] = {
    [CHECK_OK] = "OK",
    [CHECK_WARNING] = "WARNING",
    [CHECK_CRITICAL] = "CRITICAL",
    [CHECK_UNKNOWN] = "UNKNOWN",
};

/* What is wrong; of several things the worst, and of equals the first. */
struct fault {
	bool there;
	enum check_state state;
	const char *text;
};

static enum check_state put_faults(const struct fault *fault, size_t count, struct buf *to)
{
	enum check_state worst = CHECK_OK;

	for (size_t i = 0; i < count; i++) {
		if (!fault[i].there)
			continue;
		buf_printf(to, "%s%s", to->len > 0 ? "; " : "", fault[i].text);
		worst = fault[i].state > worst ? fault[i].state : worst;
	}
	return worst;
}

static enum check_state say(enum check_state state, const char *text)
{
	printf("SMTPTRAP %s: %s", state_names[state], text);
	return state;
}

int status_check(const struct boards *b)
{
	struct board_totals t = boards_totals(b);
	uint32_t busy = t.state[SLOT_SESSION];
	uint64_t dropped = b->ack->dropped;
	const char *dns = boards_dns_state(b);
	const struct fault faults[] = {
	    {b->ack->full != 0, CHECK_CRITICAL,
	     "messages are refused: the log directory cannot be written (disk full?)"},
	    {busy >= b->slots, CHECK_WARNING, "all workers serve a session: clients wait"},
	    {dropped > 0, CHECK_WARNING, "records were lost since the start"},
	    {strcmp(dns, "silent") == 0, CHECK_WARNING, "no DNS server answers"},
	    {strcmp(dns, "lost") == 0, CHECK_WARNING, "the resolver is gone"},
	};
	char memory[512];
	struct buf text;

	buf_init(&text, memory, sizeof memory);
	enum check_state state = put_faults(faults, sizeof faults / sizeof *faults, &text);
	if (text.len == 0)
		buf_put_str(&text, "clients are served");
	buf_put_byte(&text, '\0');
	say(state, memory);
	printf(", %" PRIu32 " sessions now|sessions_now=%" PRIu32 ";;;0;%" PRIu32
	       " sessions=%" PRIu64 "c messages=%" PRIu64 "c tls_negotiated=%" PRIu64
	       "c tls_failed=%" PRIu64 "c records_dropped=%" PRIu64 "c worker_deaths=%" PRIu64
	       "c\n",
	       busy, busy, b->slots, t.sessions, t.messages, t.tls, t.tls_failed, dropped,
	       b->board->head.deaths);
	return (int)state;
}

int status_check_failed(const char *path, const char *why)
{
	bool denied = path != NULL && access(path, W_OK) != 0 && errno == EACCES;

	say(denied || path == NULL ? CHECK_UNKNOWN : CHECK_CRITICAL, why);
	putchar('\n');
	return denied || path == NULL ? CHECK_UNKNOWN : CHECK_CRITICAL;
}
