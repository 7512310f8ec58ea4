/*
 * fetch.c: smtptrap-ship --fetch: what is in the stream, as files that smtptrap(1) reads.
 *
 * pull.c brings records; they are acknowledged once they are on disk (fetch_sink.c).  Input: messages of
 * sensors, any of which may be hostile: what is no record of the sensor that its subject names
 * (fetch_check.c) is told, counted and left out.
 */
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "fetch_check.h"
#include "fetch_sink.h"
#include "log.h"
#include "output.h"
#include "pull.h"

struct fetch {
	struct fetch_sink sink;
	uint64_t taken, twice, left_out;
};

/* Take a message.  False, with why, if it cannot be written. */
static bool take(struct fetch *f, struct pull *p, natsMsg *msg)
{
	struct record_line_head head;
	const uint8_t *line = (const uint8_t *)natsMsg_GetData(msg);
	size_t len = (size_t)natsMsg_GetDataLength(msg);

	if (!fetch_check(p->conf->nats.subject, natsMsg_GetSubject(msg), line, len, &head)) {
		f->left_out++;
		warn("message %" PRIu64 " of the stream (%s) is no record of that sensor: left out",
		     natsMsg_GetSequence(msg), natsMsg_GetSubject(msg));
		return true;
	}
	int rc = sink_add(&f->sink, head.type, head.id, line, len, &p->why);
	f->taken += rc == 1;
	f->twice += rc == 0;
	return rc >= 0;
}

static int take_batch(struct pull *p, const natsMsgList *list)
{
	struct fetch *f = p->ctx;

	for (int i = 0; i < list->Count; i++)
		if (!take(f, p, list->Msgs[i]))
			return SHIP_NEVER;
	return sink_commit(&f->sink, &p->why) == 0 ? SHIP_TAKEN : SHIP_NEVER;
}

int command_fetch(const struct ship_conf *conf, int argc, char **argv)
{
	struct pull_arguments a;
	struct fetch f = {0};
	struct pull p;

	if (!pull_take_arguments(&a, argc, argv) || a.nsensor > 0) {
		fprintf(stderr,
			"usage: smtptrap-ship --fetch DIRECTORY [--follow] [--consumer NAME]\n");
		return 2;
	}
	pull_init(&p, conf, &a);
	p.stream = conf->nats.stream;
	p.take = take_batch;
	p.ctx = &f;
	pull_catch_signals();
	bool good = sink_open(&f.sink, a.directory, &p.why) == 0 && pull_run(&p) == 0 &&
		    sink_finish(&f.sink, &p.why) == 0;
	if (!good)
		warn("%s", pull_take_why(&p));
	printf("%" PRIu64 " records fetched, %" PRIu64 " that were there already, %" PRIu64
	       " left out\n",
	       f.taken, f.twice, f.left_out);
	sink_close(&f.sink);
	pull_end(&p);
	return good && f.left_out == 0 ? 0 : 1;
}
