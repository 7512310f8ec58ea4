/*
 * rule_regex.c: patterns of header and body, by PCRE2.
 *
 * Compiled where a configuration is read, into its arena; matched in workers against messages,
 * which are hostile.  Steps, depth, memory and text are bounded; where a bound is met the answer
 * is unknown.  Matching takes memory from the scratch object only.
 *
 * PCRE2 bounds the steps from one place of the text, of which there are many, and no bytes that
 * one step goes over.  So it calls us at each item of the pattern, and what it has done is counted
 * here, the same on every machine.  An item that fails is a single step, however much it went over:
 * what one with a count or a back reference may go over is counted before it is tried.
 */
#include "rule_regex.h"

#include "err.h"
#include "rule_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define PARENS_MAX 50  /* parentheses in each other: PCRE2's compiler recurses */
#define BLOCKS 2       /* while a match asks for more memory, it holds the old and the new */
#define SMALL_MAX 4096 /* bytes of PCRE2's own objects, made once: below 1,000 */

struct rule_regex {
	const pcre2_code *code;
	struct span pattern;
};

/* Memory of matches: PCRE2's objects, and what it remembers of its steps, one block that it
 * replaces by a larger one. */
struct rule_scratch {
	pcre2_match_context *context;
	pcre2_match_data *data;
	size_t small_used;
	uint64_t work, limit; /* of the present condition, as RULE_REGEX_WORK_LIMIT */
	uint64_t left;        /* for the conditions to come, of RULE_REGEX_MESSAGE_LIMIT */
	size_t at;            /* where in the text it was last */
	struct span pattern;  /* that is matched */
	uint8_t kept[RULE_REGEX_KEPT_MAX];
	bool used[BLOCKS];
	uint8_t field[RULE_FIELD_MAX];
	_Alignas(max_align_t) uint8_t small[SMALL_MAX];
	_Alignas(max_align_t) uint8_t block[BLOCKS][RULE_REGEX_HEAP];
};

/* ---- compiling ---- */

static void *arena_malloc(PCRE2_SIZE size, void *arena)
{
	return arena_alloc(arena, size);
}

static void arena_release(void *memory, void *arena)
{
	(void)memory, (void)arena;
}

static int compile(const pcre2_code **code_r, pcre2_general_context *general, struct span pattern,
		   enum rule_regex_of of, size_t *at_r, char wrong[RULE_REGEX_ERROR_MAX])
{
	uint32_t options = PCRE2_CASELESS | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
			   PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT |
			   (of == RULE_REGEX_OF_BODY ? PCRE2_MULTILINE : PCRE2_DOLLAR_ENDONLY);
	pcre2_compile_context *context = pcre2_compile_context_create(general);
	int error;

	if (context == NULL)
		return ERR_MEMORY;
	pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	pcre2_set_max_pattern_length(context, RULE_REGEX_MAX);
	pcre2_set_parens_nest_limit(context, PARENS_MAX);
	*code_r = pcre2_compile(pattern.bytes, pattern.len, options, &error, at_r, context);
	if (*code_r != NULL)
		return 0;
	pcre2_get_error_message(error, (PCRE2_UCHAR *)wrong, RULE_REGEX_ERROR_MAX);
	return error == PCRE2_ERROR_NOMEMORY ? ERR_MEMORY : ERR_FORMAT;
}

int rule_regex_compile(const struct rule_regex **regex_r, struct arena *arena, struct span pattern,
		       enum rule_regex_of of, size_t *at_r, char wrong[RULE_REGEX_ERROR_MAX])
{
	pcre2_general_context *general =
	    pcre2_general_context_create(arena_malloc, arena_release, arena);
	struct rule_regex *regex = arena_alloc(arena, sizeof *regex);
	char *copy = arena_copy(arena, (const char *)pattern.bytes, pattern.len);

	if (general == NULL || regex == NULL || copy == NULL)
		return ERR_MEMORY;
	*regex_r = regex;
	regex->pattern = (struct span){(const uint8_t *)copy, pattern.len};
	return compile(&regex->code, general, pattern, of, at_r, wrong);
}

/* ---- memory for matching ---- */

static void *scratch_malloc(PCRE2_SIZE size, void *ctx)
{
	struct rule_scratch *s = ctx;
	size_t rounded =
	    (size + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);

	if (s->data == NULL && rounded <= SMALL_MAX - s->small_used) {
		s->small_used += rounded;
		return s->small + s->small_used - rounded;
	}
	for (size_t i = 0; i < BLOCKS; i++)
		if (size <= RULE_REGEX_HEAP && !s->used[i]) {
			s->used[i] = true;
			return s->block[i];
		}
	return NULL;
}

static void scratch_release(void *memory, void *ctx)
{
	struct rule_scratch *s = ctx;

	for (size_t i = 0; i < BLOCKS; i++)
		if (memory == s->block[i])
			s->used[i] = false;
}

/* How often an item must come at least, as in [a-z]{9} or x{9,}+; 0 without such a count. */
static size_t least_count(struct span item)
{
	size_t n = 0, at = item.len;

	if (at > 1 && item.bytes[at - 2] == '}') /* lazy, possessive */
		at--;
	if (at == 0 || item.bytes[--at] != '}')
		return 0;
	while (at > 0 && item.bytes[at] != '{')
		at--;
	for (at++; at < item.len && item.bytes[at] >= '0' && item.bytes[at] <= '9'; at++)
		n = n * 10 + (item.bytes[at] - '0');
	return n;
}

static bool is_back_reference(struct span item)
{
	uint8_t second = item.len > 1 ? item.bytes[1] : 0;

	if (item.len > 2 && item.bytes[0] == '(')
		return second == '?' && item.bytes[2] == 'P'; /* (?P=name) */
	return item.len > 1 && item.bytes[0] == '\\' &&
	       (second == 'g' || second == 'k' || (second >= '1' && second <= '9'));
}

/* What the item may go over before it fails. */
static size_t may_go_over(const pcre2_callout_block *block, struct span pattern)
{
	size_t left = block->subject_length - block->current_position;
	struct span item =
	    span_head(span_tail(pattern, block->pattern_position), block->next_item_length);
	size_t count = is_back_reference(item) ? left : least_count(item);

	return count < left ? count : left;
}

/* An item of the pattern is looked at. */
static int count_work(pcre2_callout_block *block, void *ctx)
{
	struct rule_scratch *s = ctx;
	size_t at = block->current_position;

	s->work += RULE_REGEX_STEP + (at > s->at ? at - s->at : s->at - at);
	s->work += may_go_over(block, s->pattern);
	s->at = at;
	return s->work > s->limit ? PCRE2_ERROR_CALLOUT : 0;
}

struct rule_scratch *rule_scratch_new(void)
{
	struct rule_scratch *s = calloc(1, sizeof *s);
	pcre2_general_context *general = NULL;

	if (s != NULL)
		general = pcre2_general_context_create(scratch_malloc, scratch_release, s);
	if (general != NULL)
		s->context = pcre2_match_context_create(general);
	if (general != NULL && s->context != NULL)
		s->data = pcre2_match_data_create(1, general);
	if (s == NULL || s->data == NULL) {
		free(s);
		return NULL;
	}
	pcre2_set_match_limit(s->context, RULE_REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(s->context, RULE_REGEX_DEPTH_LIMIT);
	pcre2_set_heap_limit(s->context, RULE_REGEX_HEAP / 1024);
	pcre2_set_callout(s->context, count_work, s);
	rule_regex_begin(s);
	return s;
}

void rule_scratch_free(struct rule_scratch **scratch)
{
	free(*scratch); /* all of PCRE2's objects lie in it */
	*scratch = NULL;
}

/* ---- matching ---- */

void rule_regex_begin(struct rule_scratch *s)
{
	s->left = RULE_REGEX_MESSAGE_LIMIT;
	memset(s->kept, RULE_REGEX_NOT_KEPT, sizeof s->kept);
}

uint8_t *rule_regex_kept(struct rule_scratch *s, uint32_t number)
{
	return number < RULE_REGEX_KEPT_MAX ? &s->kept[number] : NULL;
}

/* A condition begins that looks at so many bytes at least. */
static void condition_begin(struct rule_scratch *s, size_t len)
{
	s->limit = s->left < RULE_REGEX_WORK_LIMIT ? s->left : RULE_REGEX_WORK_LIMIT;
	s->work = len;
}

static enum rule_truth condition_end(struct rule_scratch *s, enum rule_truth truth)
{
	s->left -= s->work < s->left ? s->work : s->left;
	return truth;
}

static enum rule_truth match(const struct rule_regex *regex, struct span text,
			     struct rule_scratch *s)
{
	static const uint8_t nothing[1];

	if (s->work > s->limit)
		return RULE_UNKNOWN;
	s->at = 0;
	s->pattern = regex->pattern;
	int result = pcre2_match(regex->code, text.len > 0 ? text.bytes : nothing, text.len, 0, 0,
				 s->data, s->context);

	if (result >= 0)
		return RULE_YES;
	return result == PCRE2_ERROR_NOMATCH ? RULE_NO : RULE_UNKNOWN;
}

/* Take the next line off text, its line end included. */
static struct span take_line(struct span *text)
{
	const uint8_t *lf = text->len == 0 ? NULL : memchr(text->bytes, '\n', text->len);
	size_t len = lf == NULL ? text->len : (size_t)(lf - text->bytes) + 1;
	struct span line = span_head(*text, len);

	*text = span_tail(*text, len);
	return line;
}

/* line without its line end. */
static struct span content(struct span line)
{
	if (line.len > 0 && line.bytes[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.bytes[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Whether the line begins the field, and its value. */
static bool begins_field(struct span line, struct span name, struct span *value_r)
{
	if (line.len <= name.len || !rule_same(span_head(line, name.len), name))
		return false;
	struct span rest = span_trim_left(span_tail(line, name.len));
	if (rest.len == 0 || rest.bytes[0] != ':')
		return false;
	*value_r = span_trim_left(content(span_tail(rest, 1)));
	return true;
}

static void add(struct rule_scratch *s, size_t *len, struct span part)
{
	size_t fits = part.len < RULE_FIELD_MAX - *len ? part.len : RULE_FIELD_MAX - *len;

	if (fits > 0)
		memcpy(s->field + *len, part.bytes, fits);
	*len += fits;
}

/* Gather the value with the folded lines that follow, which are taken off rest (RFC 5322, 2.2.3). */
static struct span unfold(struct span value, struct span *rest, struct rule_scratch *s)
{
	size_t len = 0;

	add(s, &len, value);
	while (rest->len > 0 && (rest->bytes[0] == ' ' || rest->bytes[0] == '\t'))
		add(s, &len, content(take_line(rest)));
	return (struct span){s->field, len};
}

enum rule_truth rule_regex_match_header(const struct rule_regex *regex, struct span name,
					struct span message, struct rule_scratch *scratch)
{
	struct span rest =
	    message.len > RULE_HEADER_MAX ? span_head(message, RULE_HEADER_MAX) : message;
	enum rule_truth best = RULE_NO;

	condition_begin(scratch, rest.len);
	while (rest.len > 0 && best != RULE_YES) {
		struct span line = take_line(&rest), value;
		if (content(line).len == 0)
			break;
		if (!begins_field(line, name, &value))
			continue;
		enum rule_truth truth = match(regex, unfold(value, &rest, scratch), scratch);
		best = truth > best ? truth : best;
	}
	return condition_end(scratch, best);
}

enum rule_truth rule_regex_match_body(const struct rule_regex *regex, struct span message,
				      struct rule_scratch *scratch)
{
	struct span body = message;

	while (body.len > 0 && content(take_line(&body)).len > 0)
		if (message.len - body.len > RULE_HEADER_MAX)
			return RULE_UNKNOWN;
	if (body.len > RULE_BODY_MAX)
		body.len = RULE_BODY_MAX;
	condition_begin(scratch, body.len);
	return condition_end(scratch, match(regex, body, scratch));
}
