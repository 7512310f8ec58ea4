/*
 * report_rules.c: table rules: what rules decided, of connections and of messages.
 *
 * A record names the rule that decided last; the other decisions of its session are in the
 * dialogue alone.
 */
#include "report.h"

enum { SESSIONS, ACTIONS, PHASES, MESSAGES, VERDICTS, NOTES, TAGS };

#define OF_SESSIONS "connections in which a rule decided"
#define OF_MESSAGES "messages, refused ones included, on which a rule decided"

static const struct report_section sections[] = {
    [SESSIONS] = {"sessions", "rule, and what it decided last", "connections", OF_SESSIONS,
		  REPORT_SEEN, 0},
    [ACTIONS] = {"actions", "decision", "connections", "all connections", 0, 0},
    [PHASES] = {"phases", "rule and phase reached", "connections", OF_SESSIONS, REPORT_SEEN, 0},
    [MESSAGES] = {"messages", "rule, and what it decided", "messages", OF_MESSAGES, REPORT_SEEN, 0},
    [VERDICTS] = {"verdicts", "rule and verdict", "messages", OF_MESSAGES, REPORT_SEEN, 0},
    [NOTES] = {"notes", "note", "connections", "connections with a note of a rule", REPORT_SEEN, 0},
    [TAGS] = {"tags", "tag", "connections", "connections with a tag of a rule", REPORT_SEEN, 0},
};

static const enum record_field wants[] = {FIELD_RULE, FIELD_RULE_ACTION, FIELD_RULE_NOTES,
					  FIELD_TAGS, FIELD_PHASE,       FIELD_VERDICT};

/* The rule, if one decided, and what stands in the field; records of 0.2 have no rule_action. */
static void add_pair(struct report_record *r, unsigned section, enum record_field f)
{
	struct span rule = {0}, text = span_text("unknown");
	char pair[REPORT_PAIR_MAX];

	if (!report_text(r, FIELD_RULE, &rule))
		return;
	report_text(r, f, &text);
	report_count_span(r, section, report_pair(pair, rule, text));
}

static void add(struct report_record *r)
{
	bool session = report_is_session(r);
	struct span rule;

	if (session) {
		report_count_field(r, ACTIONS, FIELD_RULE_ACTION,
				   report_text(r, FIELD_RULE, &rule) ? "unknown" : "none");
		report_count_list(r, NOTES, FIELD_RULE_NOTES);
		report_count_list(r, TAGS, FIELD_TAGS);
	}
	add_pair(r, session ? SESSIONS : MESSAGES, FIELD_RULE_ACTION);
	add_pair(r, session ? PHASES : VERDICTS, session ? FIELD_PHASE : FIELD_VERDICT);
}

const struct report_table report_rules = {"rules", REPORT_ARRAY(sections), REPORT_ARRAY(wants), add,
					  NULL};
