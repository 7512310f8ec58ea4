/*
 * where_build.c: make the nodes of a where expression, and check that each comparison has a sense.
 *
 * Runs in the reader, called by the parser.  What a value may be, and which comparisons there are,
 * follows from the field's kind in record.def.  Errors name the column of the word at fault.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf_number.h"
#include "conf_suggest.h"
#include "err.h"
#include "hex.h"
#include "where_int.h"

#define BIT(op) (1u << (op))
#define ORDER                                                                            \
	(BIT(WHERE_EQ) | BIT(WHERE_NE) | BIT(WHERE_LT) | BIT(WHERE_LE) | BIT(WHERE_GT) | \
	 BIT(WHERE_GE) | BIT(WHERE_IN))
#define TEXT (ORDER | BIT(WHERE_PREFIX) | BIT(WHERE_MATCH) | BIT(WHERE_NO_MATCH))
#define SAME (BIT(WHERE_EQ) | BIT(WHERE_NE) | BIT(WHERE_IN))

static bool take_text(struct where_literal *l, const struct record_info *field);
static bool take_number(struct where_literal *l, const struct record_info *field);
static bool take_bool(struct where_literal *l, const struct record_info *field);
static bool take_net(struct where_literal *l, const struct record_info *field);
static bool take_time(struct where_literal *l, const struct record_info *field);

/* What the kind of a field allows. */
static const struct kind_row {
	unsigned ops;
	bool (*take)(struct where_literal *l, const struct record_info *field);
	const char *is; /* what the value must be */
} kinds[RECORD_KIND_COUNT] = {
    [RECORD_STRING] = {TEXT, take_text, "text"},
    [RECORD_STRINGS] = {TEXT, take_text, "text"},
    [RECORD_NAMES] = {TEXT, take_text, "text"},
    [RECORD_U64] = {ORDER, take_number, "a number, with the units of smtptrap.conf"},
    [RECORD_BOOL] = {SAME, take_bool, "true or false"},
    [RECORD_IP] = {SAME, take_net, "an address, or with `in` a network"},
    [RECORD_HEX] = {TEXT, take_text, "hexadecimal digits"},
    [RECORD_TIME] = {ORDER, take_time, "a time like 2025-11-22 or 2025-11-22T10:30:00Z"},
    [RECORD_UUID] = {TEXT, take_text, "an identifier"},
    [RECORD_DIALOGUE] = {0, take_text, ""},
};

static const char *const op_names[WHERE_OP_COUNT] = {
    [WHERE_EQ] = "=",    [WHERE_NE] = "!=",       [WHERE_LT] = "<",  [WHERE_LE] = "<=",
    [WHERE_GT] = ">",    [WHERE_GE] = ">=",       [WHERE_IN] = "in", [WHERE_PREFIX] = "prefix",
    [WHERE_MATCH] = "~", [WHERE_NO_MATCH] = "!~",
};

void where_fail(struct where_parser *p, size_t column, const char *format, ...)
{
	va_list ap;

	if (p->failed)
		return;
	p->failed = true;
	p->error->column = column;
	va_start(ap, format);
	vsnprintf(p->error->text, sizeof p->error->text, format, ap);
	va_end(ap);
}

/* ---- values ---- */

static bool take_text(struct where_literal *l, const struct record_info *field)
{
	/* Hexadecimal digits are lower-case in records. */
	for (size_t i = 0; field->kind == RECORD_HEX && i < l->len; i++)
		if (!hex_is_lower(l->text[i]))
			return false;
	return true;
}

static bool take_number(struct where_literal *l, const struct record_info *field)
{
	const struct conf_unit *units = strcmp(field->unit, "bytes") == 0 ? conf_units_size
					: strcmp(field->unit, "us") == 0  ? conf_units_duration
									  : conf_units_none;

	return conf_number_parse(&l->number, l->text, l->len, units) == 0 ||
	       conf_number_parse(&l->number, l->text, l->len, conf_units_none) == 0;
}

static bool take_bool(struct where_literal *l, const struct record_info *field)
{
	(void)field;
	l->number = l->len == 4 && memcmp(l->text, "true", 4) == 0;
	return l->number || (l->len == 5 && memcmp(l->text, "false", 5) == 0);
}

static bool take_net(struct where_literal *l, const struct record_info *field)
{
	(void)field;
	return ip_net_parse(&l->net, l->text, l->len) == 0;
}

static bool take_time(struct where_literal *l, const struct record_info *field)
{
	(void)field;
	return time_parse(l->text, l->len, &l->number) == 0;
}

static bool take_regex(struct where_parser *p, struct where_literal *l)
{
	PCRE2_UCHAR text[WHERE_ERROR_MAX / 2];
	PCRE2_SIZE at;
	int error;

	l->regex = pcre2_compile((PCRE2_SPTR)l->text, l->len, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF,
				 &error, &at, NULL);
	if (l->regex == NULL) {
		pcre2_get_error_message(error, text, sizeof text);
		where_fail(p, l->column, "this regular expression, at its byte %zu: %s", at + 1,
			   (const char *)text);
	}
	return l->regex != NULL;
}

int where_build_literal(struct where_parser *p, const struct where_word *word)
{
	struct where *w = p->where;

	if (w->literals == WHERE_LITERALS_MAX) {
		where_fail(p, word->column, "more than %d values", WHERE_LITERALS_MAX);
		return -1;
	}
	w->literal[w->literals] =
	    (struct where_literal){.text = word->text, .len = word->len, .column = word->column};
	return (int)w->literals++;
}

/* ---- nodes ---- */

static int new_node(struct where_parser *p, size_t column, const struct where_node *node)
{
	struct where *w = p->where;

	if (w->nodes == WHERE_NODES_MAX) {
		where_fail(p, column, "more than %d parts", WHERE_NODES_MAX);
		return -1;
	}
	w->node[w->nodes] = *node;
	return (int)w->nodes++;
}

int where_build_logic(struct where_parser *p, enum where_kind kind, int left, int right)
{
	return new_node(
	    p, p->token.column,
	    &(struct where_node){.kind = kind, .left = (uint16_t)left, .right = (uint16_t)right});
}

static void fail_unknown(struct where_parser *p, const struct where_word *name)
{
	struct conf_suggestion near = {.word = name->text, .len = name->len};

	for (size_t i = 0; i < FIELD_COUNT; i++)
		conf_suggest_try(&near, record_table[i].name);
	where_fail(p, name->column, "there is no field '%.*s'%s%s", (int)name->len, name->text,
		   near.best != NULL ? "; meant: " : "", near.best != NULL ? near.best : "");
}

/* The slot of a field, or -1. */
static int want(struct where_parser *p, const struct where_word *name)
{
	int slot = record_scan_want(&p->where->scan, name->text, name->len);

	if (slot == ERR_FULL)
		where_fail(p, name->column, "more than %d fields", RECORD_SCAN_MAX);
	else if (slot < 0)
		fail_unknown(p, name);
	return slot < 0 ? -1 : slot;
}

int where_build_present(struct where_parser *p, const struct where_word *field)
{
	int slot = want(p, field);

	if (slot < 0)
		return -1;
	return new_node(p, field->column,
			&(struct where_node){.kind = WHERE_PRESENT, .slot = (uint16_t)slot});
}

/* An address without `in` must not be a network. */
static bool is_host(const struct where_literal *l)
{
	return l->net.bits == 8 * IP_BYTES;
}

static bool take_literal(struct where_parser *p, struct where_literal *l, enum where_op op,
			 const struct record_info *field)
{
	const struct kind_row *row = &kinds[field->kind];

	if (op == WHERE_MATCH || op == WHERE_NO_MATCH)
		return take_regex(p, l);
	if (row->take(l, field) && (field->kind != RECORD_IP || op == WHERE_IN || is_host(l)))
		return true;
	where_fail(p, l->column, "'%.*s' is not what %s is compared with: %s", (int)l->len, l->text,
		   field->name, row->is);
	return false;
}

int where_build_test(struct where_parser *p, const struct where_word *field, enum where_op op,
		     int first)
{
	struct where *w = p->where;
	int slot = want(p, field);

	if (slot < 0)
		return -1;
	const struct record_info *info = &record_table[w->scan.field[slot].field];
	if (!(kinds[info->kind].ops & BIT(op))) {
		where_fail(p, field->column, "%s cannot be compared with %s", info->name,
			   op_names[op]);
		return -1;
	}
	for (size_t i = (size_t)first; i < w->literals; i++) {
		if (!take_literal(p, &w->literal[i], op, info))
			return -1;
	}
	return new_node(p, field->column,
			&(struct where_node){.kind = WHERE_TEST,
					     .slot = (uint16_t)slot,
					     .op = op,
					     .first = (uint16_t)first,
					     .literals = (uint16_t)(w->literals - (size_t)first)});
}
