/*
 * where.c: expressions that choose records.
 *
 * Runs in the reader.  Input: an expression of the user, and lines of log files, which may be
 * damaged or not ours.  A regular expression may cost no more than MATCH_LIMIT steps a value; a
 * value that needs more does not match.
 */
#include "where.h"

#include <stdlib.h>
#include <string.h>

#include "conf_number.h"
#include "err.h"
#include "log_read.h"
#include "time_text.h"
#include "where_gram.h"

#define MATCH_LIMIT 1000000 /* about 20 ms */

/* What flex makes of where_lex.l. */
int where_yylex_init_extra(struct where_parser *extra, void **scanner_r);
void *where_yy_scan_buffer(char *bytes, size_t len, void *scanner);
int where_yylex_destroy(void *scanner);

/* ---- parsing ---- */

static int parse_with(void *scanner, struct where_parser *p, size_t len)
{
	if (setjmp(p->fatal) != 0 ||
	    where_yy_scan_buffer(p->where->text, len + 2, scanner) == NULL ||
	    where_yyparse(scanner, p) == 2)
		return ERR_MEMORY;
	return p->failed ? ERR_FORMAT : 0;
}

static int run_parser(struct where_parser *p, size_t len)
{
	void *scanner = NULL;

	if (where_yylex_init_extra(p, &scanner) != 0)
		return ERR_MEMORY;
	int rc = parse_with(scanner, p, len);
	where_yylex_destroy(scanner);
	return rc;
}

/* Memory for matching, and a copy of the text with the two NULs that flex wants behind it. */
static bool prepare(struct where *w, const char *text, size_t len)
{
	w->text = malloc(len + 2);
	w->limits = pcre2_match_context_create(NULL);
	w->match = pcre2_match_data_create(1, NULL);
	if (w->text == NULL || w->limits == NULL || w->match == NULL)
		return false;
	memcpy(w->text, text, len);
	w->text[len] = w->text[len + 1] = '\0';
	pcre2_set_match_limit(w->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(w->limits, MATCH_LIMIT);
	return true;
}

int where_parse(struct where **where_r, const char *text, struct where_error *error_r)
{
	struct where_parser p = {.error = error_r, .column = 1};
	size_t len = strlen(text);

	*where_r = NULL;
	if (len > WHERE_TEXT_MAX) {
		where_fail(&p, WHERE_TEXT_MAX, "more than %d bytes", WHERE_TEXT_MAX);
		return ERR_FORMAT;
	}
	p.where = calloc(1, sizeof *p.where);
	if (p.where == NULL)
		return ERR_MEMORY;
	record_scan_init(&p.where->scan);
	buf_init_heap(&p.where->scratch, LOG_LINE_MAX);
	int rc = prepare(p.where, text, len) ? run_parser(&p, len) : ERR_MEMORY;
	if (rc == 0)
		*where_r = p.where;
	else
		where_free(&p.where);
	return rc;
}

void where_free(struct where **where)
{
	struct where *w = *where;

	*where = NULL;
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->literals; i++)
		pcre2_code_free(w->literal[i].regex);
	pcre2_match_data_free(w->match);
	pcre2_match_context_free(w->limits);
	buf_fini(&w->scratch);
	free(w->text);
	free(w);
}

/* ---- matching ---- */

/* A value of the record in the forms that literals are compared with. */
struct subject {
	const char *text;
	size_t len;
	uint64_t number;
	uint8_t ip[IP_BYTES];
};

/* Read the value as its field's kind has it; false if it is none of that kind. */
static bool read_subject(struct where *w, const struct record_scan_value *v, enum record_kind kind,
			 struct subject *s)
{
	if (record_scan_text(v, &w->scratch, &s->text, &s->len) != 0)
		return false;
	switch (kind) {
	case RECORD_U64:
		return conf_number_parse(&s->number, s->text, s->len, conf_units_none) == 0;
	case RECORD_BOOL:
		s->number = s->len == 4;
		return true;
	case RECORD_TIME:
		return time_parse(s->text, s->len, &s->number) == 0;
	case RECORD_IP:
		return ip_parse(s->ip, s->text, s->len) == 0;
	default:
		return true;
	}
}

/* Less, equal or greater: -1, 0, 1.  An address that is not in the network is greater. */
static int compare(const struct subject *s, const struct where_literal *l, enum record_kind kind)
{
	switch (kind) {
	case RECORD_U64:
	case RECORD_BOOL:
	case RECORD_TIME:
		return (s->number > l->number) - (s->number < l->number);
	case RECORD_IP:
		return !ip_net_match(&l->net, s->ip);
	default:
		break;
	}
	int order = memcmp(s->text, l->text, s->len < l->len ? s->len : l->len);
	return order != 0 ? (order > 0) - (order < 0) : (s->len > l->len) - (s->len < l->len);
}

static bool regex_matches(struct where *w, const struct subject *s, const struct where_literal *l)
{
	return pcre2_match(l->regex, (PCRE2_SPTR)s->text, s->len, 0, 0, w->match, w->limits) >= 0;
}

/* One value against one literal; the negations are made of it by test(). */
static bool holds(struct where *w, const struct subject *s, const struct where_literal *l,
		  enum where_op op, enum record_kind kind)
{
	switch (op) {
	case WHERE_LT:
		return compare(s, l, kind) < 0;
	case WHERE_LE:
		return compare(s, l, kind) <= 0;
	case WHERE_GT:
		return compare(s, l, kind) > 0;
	case WHERE_GE:
		return compare(s, l, kind) >= 0;
	case WHERE_PREFIX:
		return s->len >= l->len && memcmp(s->text, l->text, l->len) == 0;
	case WHERE_MATCH:
	case WHERE_NO_MATCH:
		return regex_matches(w, s, l);
	default:
		return compare(s, l, kind) == 0;
	}
}

static bool holds_for(struct where *w, const struct where_node *n,
		      const struct record_scan_value *v)
{
	enum record_kind kind = record_table[w->scan.field[n->slot].field].kind;
	struct subject s;

	if (!read_subject(w, v, kind, &s))
		return false;
	for (size_t i = n->first; i < (size_t)n->first + n->literals; i++) {
		if (holds(w, &s, &w->literal[i], n->op, kind))
			return true;
	}
	return false;
}

static bool holds_for_any(struct where *w, const struct where_node *n,
			  const struct record_scan_value *list)
{
	struct record_scan_value element;
	size_t at = 0;

	while (record_scan_element(list, &at, &element) == 1) {
		if (holds_for(w, n, &element))
			return true;
	}
	return false;
}

static bool test(struct where *w, const struct where_node *n)
{
	const struct record_scan_value *v = &w->scan.value[n->slot];
	bool negated = n->op == WHERE_NE || n->op == WHERE_NO_MATCH;

	if (v->kind == SCAN_ABSENT)
		return false;
	return (v->kind == SCAN_LIST ? holds_for_any(w, n, v) : holds_for(w, n, v)) != negated;
}

static bool is_present(const struct record_scan_value *v)
{
	return v->kind != SCAN_ABSENT &&
	       !(v->kind == SCAN_WORD && v->len == 5 && memcmp(v->text, "false", 5) == 0);
}

/* NOLINTNEXTLINE(misc-no-recursion): at most WHERE_NODES_MAX deep */
static bool evaluate(struct where *w, size_t i)
{
	const struct where_node *n = &w->node[i];

	switch (n->kind) {
	case WHERE_AND:
		return evaluate(w, n->left) && evaluate(w, n->right);
	case WHERE_OR:
		return evaluate(w, n->left) || evaluate(w, n->right);
	case WHERE_NOT:
		return !evaluate(w, n->left);
	case WHERE_PRESENT:
		return is_present(&w->scan.value[n->slot]);
	default:
		return test(w, n);
	}
}

int where_match(struct where *where, const uint8_t *line, size_t len)
{
	if (record_scan_line(&where->scan, line, len) != 0)
		return ERR_FORMAT;
	return evaluate(where, where->root);
}
