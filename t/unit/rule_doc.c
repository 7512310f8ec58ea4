/*
 * rule_doc.c: the manual of the language of rules agrees with its table, and its examples are
 * rules.
 *
 * Reads doc/smtptrap-rules.5 and etc/rules.conf below TRAP_SOURCE.
 */
#include "config.h"

#include "../lib-c/rule_lab.h"
#include "../lib-c/source_file.h"

#define TEXT_ROOM 4096

static char manual[SOURCE_FILE_MAX], sample[SOURCE_FILE_MAX];

/* Whether the manual has the word behind this macro. */
static bool has_word(const char *macro, const char *word)
{
	char text[100];
	size_t len = (size_t)snprintf(text, sizeof text, "%s %s", macro, word);

	for (const char *at = manual; (at = strstr(at, text)) != NULL; at++)
		if (strchr(" \n", at[len]) != NULL)
			return true;
	return false;
}

/* Whether the item of the condition says in which phase it is known. */
static bool says_phase(const struct rule_condition_row *row)
{
	char item[100], known[100];

	snprintf(item, sizeof item, "\n.It Ic %s", row->word);
	const char *at = manual;
	while ((at = strstr(at, item)) != NULL && strchr(" \n", at[strlen(item)]) == NULL)
		at++;
	if (at == NULL)
		return false;
	snprintf(known, sizeof known, "nown from %s on", rule_phase_name(row->phase));
	const char *says = strstr(at, known), *own = strstr(at, "-has is known");
	if (own != NULL && own < strstr(at, "nown from")) { /* two conditions in one item */
		snprintf(known, sizeof known, "%s is known from %s on", row->word,
			 rule_phase_name(row->phase));
		says = strstr(at, known);
		if (says == NULL) {
			snprintf(known, sizeof known, "%s from %s on", row->word,
				 rule_phase_name(row->phase));
			says = strstr(at, known);
		}
		return says != NULL;
	}
	return says != NULL && says == strstr(at, "nown from");
}

static void test_words(void)
{
	for (const struct rule_flag *f = rule_phases; f->word != NULL; f++)
		ok(has_word("Cm", f->word), "the manual has the phase %s", f->word);
	for (const struct rule_flag *f = rule_actions; f->word != NULL; f++)
		ok(has_word("Cm", f->word), "the manual has the action %s", f->word);
	for (const struct rule_flag *f = rule_tls_words; f->word != NULL; f++)
		ok(has_word("Cm", f->word) || strncmp(f->word, "tls1.", 5) == 0,
		   "the manual has the version %s", f->word);
	for (const struct rule_condition_row *c = rule_conditions; c->word != NULL; c++) {
		ok(has_word(".It Ic", c->word), "the manual has the condition %s", c->word);
		ok(says_phase(c), "it says from when on %s is known", c->word);
		const struct rule_flag *f = rule_flags_of(c->condition);
		for (; f != NULL && f->word != NULL; f++)
			ok(has_word("Cm", f->word), "the manual has %s %s", c->word, f->word);
	}
	for (const struct rule_option_row *o = rule_options_table; o->word != NULL; o++)
		ok(has_word("Ic", o->word), "the manual has the option %s", o->word);
}

static void test_items(void)
{
	size_t items = 0;

	for (const char *at = strstr(manual, ".Sh CONDITIONS");
	     (at = strstr(at, "\n.It Ic ")) != NULL; at++) {
		struct conf_word word = {.text = at + 8, .len = (uint32_t)strcspn(at + 8, " \n")};
		ok(rule_condition_find(&word) != NULL || rule_option_find(&word) != NULL,
		   "%.*s, which the manual has, is there", (int)word.len, word.text);
		items++;
	}
	ok(items > 30, "the manual has all items");
}

/* The text of a literal display, roff's escapes taken back. */
static void take_example(const char *from, const char *end, char text[TEXT_ROOM])
{
	size_t n = 0;

	for (; from < end && n < TEXT_ROOM - 1; from++) {
		if (strncmp(from, "\\e", 2) == 0) {
			text[n++] = '\\';
			from++;
		} else {
			text[n++] = *from;
		}
	}
	text[n] = '\0';
}

static void test_examples(void)
{
	static const char begin[] = ".\\\" rules\n.Bd -literal -offset indent\n", end[] = "\n.Ed\n";
	unsigned count = 0;

	for (const char *at = manual; (at = strstr(at, begin)) != NULL; at++) {
		char text[TEXT_ROOM];
		const char *rules = at + sizeof begin - 1;
		take_example(rules, strstr(rules, end), text);
		ok(lab_load(text) != NULL && lab_errors.warnings_total == 0,
		   "example %u is rules: %.*s", ++count, (int)strcspn(text, "\n"), text);
	}
	ok(count >= 5, "the manual has examples");
}

/* The sample's rules, those that are commented out too. */
static void test_sample(void)
{
	char *to = sample;

	ok(lab_load(sample) != NULL && lab_errors.warnings_total == 0, "etc/rules.conf is rules");
	for (const char *from = sample; *from != '\0'; from++)
		if (*from != '#' || (from > sample && from[-1] != '\n' && from[-1] != '\t') ||
		    from[1] == ' ' || from[1] == '\n')
			*to++ = *from;
	*to = '\0';
	const struct rules *rules = lab_load(sample);
	ok(rules != NULL && rules_count(rules) > 5, "it is with all that is commented out");
}

int main(void)
{
	source_file("doc/smtptrap-rules.5", manual);
	source_file("etc/rules.conf", sample);
	test_words();
	test_items();
	test_examples();
	test_sample();
	arena_free(&lab_arena);
	return tap_done();
}
