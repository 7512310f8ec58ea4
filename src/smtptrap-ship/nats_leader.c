/*
 * nats_leader.c: whether the leader of the stream may be given records.
 *
 * Run by smtptrap-ship's output when it has connected, in the shipper's thread.  The question is a
 * publish to the sensor's own subject, which is all that a sensor may do, on a condition that
 * never holds: that the last message of the subject has a number that none has.  The leader
 * refuses it before it proposes it to the others, and the refusal has the number.  Errors are told
 * to the caller as text.  Of the answer, which libnats has read, only the number is used.
 */
#include "nats_leader.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "output.h"

#define NO_NUMBER 999999999999999999u /* 18 digits, which fit what the servers read them into */
#define WRONG_LAST "wrong last sequence: " /* error 10071 of JetStream, and the number */
#define ASK_AGAIN_MS 100
#define SLOW_US 500000u /* an answer that took so long was held up by what the leader reads */
#define CALM_US 3000000u
#define CALM_MAX_US 15000000u
#define BEHIND_MAX_US 10000000u

static const char *const types[] = {"session", "message"};

/* The number at the end of the library's last error. */
static uint64_t number_of_error(void)
{
	const char *text = nats_GetLastError(NULL);
	const char *at = text != NULL ? strstr(text, WRONG_LAST) : NULL;

	return at != NULL ? strtoull(at + strlen(WRONG_LAST), NULL, 10) : 0;
}

/* Ask for a subject.  Any refusal by JetStream shows that a leader is there. */
static natsStatus ask(uint64_t *number_r, const struct nats_link *link,
		      const struct ship_conf *conf, const char *type)
{
	char subject[NATS_SUBJECT_MAX];
	natsMsg *msg = NULL;
	jsPubOptions options;
	jsErrCode code = 0;
	natsStatus s;

	*number_r = 0;
	if (nats_subject(subject, conf, conf->sensor, type) != 0)
		return NATS_INVALID_SUBJECT;
	if ((s = natsMsg_Create(&msg, subject, NULL, NULL, 0)) != NATS_OK)
		return s;
	jsPubOptions_Init(&options);
	options.MaxWait = (int64_t)(conf->nats.ack_timeout_us / 1000);
	options.ExpectLastSubjectSeq = NO_NUMBER;
	s = js_PublishMsg(NULL, link->js, msg, &options, &code);
	if (code == JSStreamWrongLastSequenceErr)
		*number_r = number_of_error();
	natsMsg_Destroy(msg);
	return s == NATS_ERR && code != 0 ? NATS_OK : s;
}

/* The number of the sensor's last record. */
static int ask_last(uint64_t *last_r, const struct nats_link *link, const struct ship_conf *conf,
		    struct buf *why)
{
	*last_r = 0;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		uint64_t number;
		natsStatus s = ask(&number, link, conf, types[i]);

		if (s != NATS_OK) {
			nats_link_why(why, "no leader of the stream answers", s);
			return SHIP_TROUBLE;
		}
		if (number > *last_r)
			*last_r = number;
	}
	return SHIP_TAKEN;
}

/* The same, asked again until it stays. */
static int ask_calm(uint64_t *last_r, const struct nats_link *link, const struct ship_conf *conf,
		    struct buf *why)
{
	int rc = ask_last(last_r, link, conf, why);
	uint64_t begun = clock_us(), now = begun, changed = begun, asked, last;

	while (rc == SHIP_TAKEN && now - changed < CALM_US && now - begun < CALM_MAX_US) {
		(void)poll(NULL, 0, ASK_AGAIN_MS);
		asked = clock_us();
		rc = ask_last(&last, link, conf, why);
		now = clock_us();
		if (last != *last_r || now - asked > SLOW_US)
			changed = now;
		*last_r = last;
	}
	return rc;
}

/* What was acknowledged is not there.  Either the leader has not read its log yet, or the servers
 * have lost it: then it stays so. */
static int be_behind(struct nats_leader *l, uint64_t last, uint64_t acknowledged, struct buf *why)
{
	uint64_t now = clock_us();

	buf_printf(why, "the stream has %llu as the last record, but %llu was acknowledged",
		   (unsigned long long)last, (unsigned long long)acknowledged);
	if (l->behind_since == 0)
		l->behind_since = now;
	return now - l->behind_since < BEHIND_MAX_US ? SHIP_TROUBLE : SHIP_LOST;
}

int nats_leader_ready(struct nats_leader *l, uint64_t *last, const struct nats_link *link,
		      const struct ship_conf *conf, struct buf *why)
{
	uint64_t now_last = 0;
	int rc = (l->again ? ask_calm : ask_last)(&now_last, link, conf, why);

	if (rc == SHIP_TAKEN && now_last < *last)
		rc = be_behind(l, now_last, *last, why);
	if (rc == SHIP_TROUBLE)
		return rc;
	l->behind_since = 0;
	*last = now_last;
	return rc;
}
