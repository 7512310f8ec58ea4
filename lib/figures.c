/*
 * figures.c: count what was recorded.
 *
 * Runs in the logger, which counts, and in smtptrap(1), which reads the sums while they change.
 * Input: the fields of records that workers sent, so anything of the right form: names are looked
 * up in closed lists, amounts are bounded.
 */
#include "figures.h"

#include <string.h>

static const char *const outcomes[FIGURES_OUTCOMES] = {
    "not_offered", "offered_unused", "refused_by_rule", "failed", "negotiated", "other"};
static const char *const versions[FIGURES_VERSIONS] = {"none",    "SSLv3",   "TLSv1.0", "TLSv1.1",
						       "TLSv1.2", "TLSv1.3", "other"};
static const char *const failures[] = {
#define TLS_FAILURE(symbol, name, doc) name,
#include "tls_failure.def"
#undef TLS_FAILURE
    "other"};
static const char *const verdicts[FIGURES_VERDICTS] = {"accepted", "rejected", "tempfailed",
						       "aborted", "other"};
static const char *const ends[FIGURES_ENDS] = {
    "quit",     "client_closed",     "timeout",     "too_many_errors", "limit", "rejected",
    "shutdown", "too_many_sessions", "worker_died", "yakker",          "other"};

_Static_assert(sizeof failures / sizeof *failures == FIGURES_FAILURES,
	       "FIGURES_FAILURES counts tls_failure.def and \"other\"");

static const struct {
	const char *const *names;
	size_t count;
} lists[FIGURES_LIST_COUNT] = {[FIGURES_OUTCOME] = {outcomes, FIGURES_OUTCOMES},
			       [FIGURES_VERSION] = {versions, FIGURES_VERSIONS},
			       [FIGURES_FAILURE] = {failures, FIGURES_FAILURES},
			       [FIGURES_VERDICT] = {verdicts, FIGURES_VERDICTS},
			       [FIGURES_END] = {ends, FIGURES_ENDS}};

const char *figures_name(enum figures_list list, size_t place)
{
	return place < lists[list].count ? lists[list].names[place] : NULL;
}

/* ---- the logger's side ---- */

/* Nobody else writes, so this need not be one step. */
static void add(_Atomic uint64_t *sum, uint64_t n)
{
	uint64_t before = atomic_load_explicit(sum, memory_order_relaxed);

	atomic_store_explicit(sum, n > UINT64_MAX - before ? UINT64_MAX : before + n,
			      memory_order_relaxed);
}

/* Where the value of a field stands in a list; "other" if it is not there or in none. */
static size_t place_of(const struct record_fields *r, enum record_field f, enum figures_list list)
{
	size_t last = lists[list].count - 1, len = 0;
	const uint8_t *text = record_fields_get(r, f, &len);

	for (size_t i = 0; text != NULL && i < last; i++)
		if (len == strlen(lists[list].names[i]) &&
		    memcmp(text, lists[list].names[i], len) == 0)
			return i;
	return last;
}

/* A number, at most max; 0 if it is not there. */
static uint64_t number_of(const struct record_fields *r, enum record_field f, uint64_t max)
{
	size_t len;
	const uint8_t *value = record_fields_get(r, f, &len);
	uint64_t n = 0;

	if (value != NULL)
		memcpy(&n, value, sizeof n);
	return n < max ? n : max;
}

/* The version of what negotiated TLS; a failed handshake may have one, too. */
static size_t version_of(const struct record_fields *r)
{
	if (strcmp(outcomes[place_of(r, FIELD_TLS_OUTCOME, FIGURES_OUTCOME)], "negotiated") != 0)
		return 0;
	return place_of(r, FIELD_TLS_VERSION, FIGURES_VERSION);
}

static void note(struct figures *f, const struct figures_failure *failure)
{
	uint64_t number = atomic_load_explicit(&f->failures, memory_order_relaxed) + 1;
	size_t at = number % FIGURES_RECENT;

	/* Readers see 0, or all of one failure. */
	atomic_store(&f->recent[at].number, 0);
	atomic_thread_fence(memory_order_release);
	f->recent[at].is = *failure;
	atomic_store_explicit(&f->recent[at].number, number, memory_order_release);
	atomic_store_explicit(&f->failures, number, memory_order_release);
}

static void count_failure(struct figures *f, const struct record_fields *r, uint64_t sessions)
{
	struct figures_failure it = {0};
	const uint8_t *value;
	size_t len;

	it.failure = (uint8_t)place_of(r, FIELD_TLS_FAILURE, FIGURES_FAILURE);
	add(&f->n[FIGURES_SESSIONS_BY_FAILURE + it.failure], sessions);
	it.ts = number_of(r, FIELD_TS, UINT64_MAX);
	if (record_fields_has(r, FIELD_TLS_VERSION))
		it.version = (uint8_t)place_of(r, FIELD_TLS_VERSION, FIGURES_VERSION);
	if ((value = record_fields_get(r, FIELD_CLIENT_IP, &len)) != NULL)
		memcpy(it.ip, value, sizeof it.ip);
	if ((value = record_fields_get(r, FIELD_HELO, &len)) != NULL) {
		it.helo_len = (uint8_t)(len < FIGURES_HELO_MAX ? len : FIGURES_HELO_MAX);
		memcpy(it.helo, value, it.helo_len);
	}
	note(f, &it);
}

static void count_session(struct figures *f, const struct record_fields *r)
{
	uint64_t sessions = number_of(r, FIELD_YAKKER_SESSIONS, FIGURES_SESSIONS_MAX);
	size_t outcome = place_of(r, FIELD_TLS_OUTCOME, FIGURES_OUTCOME);

	sessions = sessions > 0 ? sessions : 1;
	add(&f->n[FIGURES_SESSIONS], sessions);
	add(&f->n[FIGURES_SESSIONS_BY_OUTCOME + outcome], sessions);
	add(&f->n[FIGURES_SESSIONS_BY_VERSION + version_of(r)], sessions);
	add(&f->n[FIGURES_SESSIONS_BY_END + place_of(r, FIELD_END_REASON, FIGURES_END)], sessions);
	add(&f->n[FIGURES_SESSION_US], number_of(r, FIELD_DURATION_US, FIGURES_AMOUNT_MAX));
	add(&f->n[FIGURES_BYTES_IN], number_of(r, FIELD_BYTES_IN, FIGURES_AMOUNT_MAX));
	add(&f->n[FIGURES_BYTES_OUT], number_of(r, FIELD_BYTES_OUT, FIGURES_AMOUNT_MAX));
	if (strcmp(outcomes[outcome], "failed") == 0)
		count_failure(f, r, sessions);
}

static void count_message(struct figures *f, const struct record_fields *r)
{
	size_t verdict = place_of(r, FIELD_VERDICT, FIGURES_VERDICT);

	add(&f->n[FIGURES_MESSAGES + verdict * FIGURES_VERSIONS + version_of(r)], 1);
	add(&f->n[FIGURES_MESSAGE_BYTES], number_of(r, FIELD_SIZE, FIGURES_AMOUNT_MAX));
}

void figures_count(struct figures *f, const struct record_fields *r)
{
	if (r->type == RECORD_SESSION)
		count_session(f, r);
	else
		count_message(f, r);
}

void figures_move(struct figures *to, struct figures *from)
{
	struct figures_failure failure;

	for (size_t i = 0; i < FIGURES_COUNT; i++)
		add(&to->n[i], from->n[i]);
	for (size_t back = FIGURES_RECENT; back-- > 0;)
		if (figures_recent(from, back, &failure))
			note(to, &failure);
	memset(from, 0, sizeof *from);
}

/* ---- the reader's side ---- */

bool figures_recent(const struct figures *f, size_t back, struct figures_failure *failure_r)
{
	uint64_t last = atomic_load_explicit(&f->failures, memory_order_acquire);

	if (back >= FIGURES_RECENT || back >= last)
		return false;
	uint64_t number = last - back;
	size_t at = number % FIGURES_RECENT;
	if (atomic_load_explicit(&f->recent[at].number, memory_order_acquire) != number)
		return false;
	*failure_r = f->recent[at].is;
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&f->recent[at].number, memory_order_relaxed) == number;
}
