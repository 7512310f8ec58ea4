/*
 * logger_intake_lessons.c: frames that teach the memory of addresses.
 *
 * Runs in the logger.  In: what a worker says of its client, decoded as hostile.  A worker says it
 * once a session, while it has no record under way, and within the limits of logger_lessons; what
 * is beyond those is counted as refused.
 */
#include <string.h>

#include "logger_intake.h"

/* A session without a record: it is counted, however many there are, and has no other effect. */
static bool thinned(struct intake *in, struct intake_slot *s, const struct summary *summary)
{
	if (s->lessons.open || memcmp(s->last_session, summary->session, UUID_BYTES) == 0)
		return false;
	memcpy(s->last_session, summary->session, UUID_BYTES);
	s->claims.open = false; /* the record that stands for it says of whom it was */
	memory_learn(in->memory, summary);
	return true;
}

static bool take_summary(struct intake *in, struct intake_slot *s, const uint8_t *payload,
			 size_t len)
{
	struct summary summary;

	if (summary_decode(payload, len, &summary) < 0)
		return false;
	if (summary.yakker == SUMMARY_YAKKER_THINNED)
		return thinned(in, s, &summary);
	if (lessons_take(&s->lessons, &summary))
		memory_learn(in->memory, &summary);
	else
		in->ack->summaries_refused++;
	return true;
}

/* Each session may be counted, as quickly as they come: its record stands in the log. */
static bool take_rates(struct intake *in, struct intake_slot *s, const uint8_t *payload, size_t len)
{
	struct rate_claim claim;
	struct summary of = {0};

	if (rate_claim_decode(payload, len, &claim) < 0)
		return false;
	memcpy(of.session, claim.session, sizeof of.session);
	memcpy(of.ip, claim.ip, sizeof of.ip);
	s->claims.now = LESSONS_AT_ONCE;
	if (lessons_take(&s->claims, &of))
		memory_count(in->memory, &claim);
	else
		in->ack->summaries_refused++;
	return true;
}

bool intake_lesson(struct intake *in, const struct frame_header *h, const uint8_t *payload)
{
	struct intake_slot *s = &in->slot[h->slot];

	if (s->state != INTAKE_IDLE)
		return false;
	if (h->type == FRAME_SUMMARY)
		return take_summary(in, s, payload, h->length);
	return h->type == FRAME_RATES && take_rates(in, s, payload, h->length);
}
