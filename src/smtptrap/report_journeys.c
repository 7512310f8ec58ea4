/*
 * report_journeys.c: table journeys: what an address did after a handshake that failed.
 *
 * All sessions that were read are put in order by address and time.  Whoever shares an address
 * counts as one; what comes after the end of the logs is not known.
 */
#include "report.h"

enum { NEXT, OFFERS, DELAYS, ENDS, HEEDED, TRIES, GAVE_UP };

static const struct report_section sections[] = {
    [NEXT] = {"next", "next session of the address", "handshakes", "handshakes that failed", 0, 0},
    [OFFERS] = {"offers", "highest version then offered", "handshakes",
		"handshakes that failed and whose address began another in its next session", 0, 0},
    [DELAYS] = {"delays", "time until the next session began", "handshakes",
		"handshakes that failed and whose address came again", REPORT_BY_LABEL, 0},
    [ENDS] = {"ends", "after its first failure the address delivered", "addresses",
	      "addresses with a handshake that failed", 0, 0},
    [HEEDED] = {"heeded", "STARTTLS, when it was offered again", "handshakes",
		"handshakes that failed and whose address was offered TLS in its next session", 0,
		0},
    [TRIES] = {"tries", "handshakes begun after the first failure", "addresses",
	       "addresses with a handshake that failed", REPORT_BY_LABEL, 0},
    [GAVE_UP] = {"gave_up", "time from the first failure to the last session", "addresses",
		 "addresses that delivered nothing after their first failure", REPORT_BY_LABEL, 0},
};

static const enum record_field wants[] = {FIELD_TLS_OUTCOME, FIELD_HELLO_HIGHEST,
					  FIELD_MESSAGES_ACCEPTED};

static const char *const versions[] = {"SSLv2",   "SSLv3",   "TLSv1.0",
				       "TLSv1.1", "TLSv1.2", "TLSv1.3"};

static uint8_t outcome_of(struct report_record *r)
{
	if (report_is_tls(r))
		return VISIT_NEGOTIATED;
	if (report_is(r, FIELD_TLS_OUTCOME, "failed"))
		return VISIT_FAILED;
	return report_is(r, FIELD_TLS_OUTCOME, "offered_unused") ? VISIT_PLAIN : VISIT_NOT_OFFERED;
}

static void add(struct report_record *r)
{
	struct visit v = {.ts = report_ts(r)};
	struct span accepted = {0};

	if (!report_is_session(r))
		return;
	memcpy(v.ip, report_ip(r), IP_BYTES);
	v.outcome = outcome_of(r);
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		if (report_is(r, FIELD_HELLO_HIGHEST, versions[i]))
			v.version = (uint8_t)(i + 1);
	}
	v.delivered = report_text(r, FIELD_MESSAGES_ACCEPTED, &accepted) && !span_is(accepted, "0");
	report_visit(r, &v);
}

/* ---- when all are there ---- */

struct walk {
	struct tally *tally;
	unsigned first;
	enum report_by by;
	int rc;
};

static void count(struct walk *w, unsigned section, const char *label, const struct visit *v)
{
	struct tally_who who = {.ts = v->ts,
				.count = 1,
				.ip_key = unique_key_of_ip(v->ip),
				.net_key = unique_key_of_net(v->ip),
				.is_v4 = ip_is_v4(v->ip)};
	uint64_t time = report_bucket(w->by, v->ts);
	uint8_t number = (uint8_t)(w->first + section);

	if (w->rc == 0)
		w->rc = tally_add(w->tally, number, TALLY_TOTAL, time, "", 0, &who);
	if (w->rc == 0)
		w->rc = tally_add(w->tally, number, TALLY_LABEL, time, label, strlen(label), &who);
}

static const char *next_text(const struct visit *next)
{
	static const char *const texts[VISIT_OUTCOMES][2] = {
	    [VISIT_NOT_OFFERED] = {"was not offered STARTTLS, delivered nothing",
				   "was not offered STARTTLS, delivered in clear"},
	    [VISIT_PLAIN] = {"did not use STARTTLS, delivered nothing",
			     "did not use STARTTLS, delivered in clear"},
	    [VISIT_FAILED] = {"failed again", "failed again"},
	    [VISIT_NEGOTIATED] = {"negotiated TLS, delivered nothing", "negotiated TLS, delivered"},
	};

	return texts[next->outcome][next->delivered];
}

static const char *offer_text(const struct visit *v, const struct visit *next)
{
	if (v->version == 0 || next->version == 0)
		return "not known";
	if (next->version == v->version)
		return "the same";
	return next->version < v->version ? "lower" : "higher";
}

static const char *delay_text(uint64_t us)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} steps[] = {{1, "1: less than a second"},      {10, "2: less than 10 seconds"},
		     {60, "3: less than a minute"},     {600, "4: less than 10 minutes"},
		     {3600, "5: less than an hour"},    {86400, "6: less than a day"},
		     {UINT64_MAX, "7: a day or longer"}};
	size_t i = 0;

	while (us / 1000000 >= steps[i].seconds)
		i++;
	return steps[i].text;
}

static void count_failure(struct walk *w, const struct visit *v, const struct visit *next)
{
	if (next == NULL) {
		count(w, NEXT, "did not come again", v);
		return;
	}
	count(w, NEXT, next_text(next), v);
	count(w, DELAYS, delay_text(next->ts - v->ts), v);
	if (next->outcome == VISIT_FAILED || next->outcome == VISIT_NEGOTIATED)
		count(w, OFFERS, offer_text(v, next), v);
	if (next->outcome != VISIT_NOT_OFFERED)
		count(w, HEEDED, next->outcome == VISIT_PLAIN ? "not used" : "used", v);
}

/* What an address did from its first failure on. */
struct end {
	const struct visit *failed, *last;
	bool in_clear, over_tls;
	unsigned tries;
};

static void follow(struct end *e, const struct visit *v)
{
	e->last = v;
	if (e->failed == NULL) {
		e->failed = v->outcome == VISIT_FAILED ? v : NULL;
		return;
	}
	e->tries += v->outcome == VISIT_FAILED || v->outcome == VISIT_NEGOTIATED;
	e->over_tls |= v->delivered && v->outcome == VISIT_NEGOTIATED;
	e->in_clear |= v->delivered && v->outcome != VISIT_NEGOTIATED;
}

static void count_end(struct walk *w, const struct end *e)
{
	static const char *const ends[2][2] = {{"nothing", "over TLS"},
					       {"in clear", "over TLS and in clear"}};
	static const char *const tries[] = {"0", "1", "2", "3", "4 or more"};
	unsigned n = e->tries < 4 ? e->tries : 4;

	count(w, ENDS, ends[e->in_clear][e->over_tls], e->failed);
	count(w, TRIES, tries[n], e->failed);
	if (e->in_clear || e->over_tls)
		return;
	count(w, GAVE_UP,
	      e->last == e->failed ? "0: it did not come again"
				   : delay_text(e->last->ts - e->failed->ts),
	      e->failed);
}

/* The sessions of one address. */
static void count_address(struct walk *w, const struct visit *v, size_t visits)
{
	struct end end = {0};

	for (size_t i = 0; i < visits; i++) {
		follow(&end, &v[i]);
		if (v[i].outcome == VISIT_FAILED)
			count_failure(w, &v[i], i + 1 < visits ? &v[i + 1] : NULL);
	}
	if (end.failed != NULL)
		count_end(w, &end);
}

static int finish(struct report *r, unsigned first_section)
{
	struct walk w = {r->tally, first_section, r->by, 0};
	struct visits *v = &r->visits;
	size_t end;

	visits_sort(v);
	for (size_t i = 0; i < v->count && w.rc == 0; i = end) {
		for (end = i + 1; end < v->count; end++) {
			if (memcmp(v->visit[end].ip, v->visit[i].ip, IP_BYTES) != 0)
				break;
		}
		count_address(&w, &v->visit[i], end - i);
	}
	return w.rc;
}

const struct report_table report_journeys = {"journeys", REPORT_ARRAY(sections),
					     REPORT_ARRAY(wants), add, finish};
