/*
 * rule_regex.h: patterns of header and body: PCRE2 with bounds on time and memory.
 *
 * Patterns match bytes, not characters, and case does not count unless the pattern says so.
 * They are not compiled to machine code: a worker may have no executable memory.
 */
#ifndef SMTPTRAP_RULE_REGEX_H
#define SMTPTRAP_RULE_REGEX_H

#include "arena.h"
#include "rule.h"

#define RULE_REGEX_MAX 1000                       /* bytes of a pattern */
#define RULE_REGEX_ERROR_MAX 160                  /* bytes of what is wrong with one */
#define RULE_REGEX_MATCH_LIMIT 10000              /* steps from one place of the text */
#define RULE_REGEX_STEP 16                        /* what a step costs, in bytes gone over */
#define RULE_REGEX_WORK_LIMIT (64u * 1024 * 1024) /* of one condition: 40 ms of short steps */
#define RULE_REGEX_MESSAGE_LIMIT (8ull * RULE_REGEX_WORK_LIMIT) /* of all of a message */
#define RULE_REGEX_KEPT_MAX 4096     /* patterns that are matched once a message: a byte each */
#define RULE_REGEX_DEPTH_LIMIT 250   /* of steps within steps, as of parentheses repeated */
#define RULE_REGEX_HEAP (64u * 1024) /* bytes that a match may use */
#define RULE_HEADER_MAX (64u * 1024) /* bytes of a header that are looked at */
#define RULE_FIELD_MAX (8u * 1024)   /* bytes of a field's value that are looked at */
#define RULE_BODY_MAX (64u * 1024)   /* bytes of a body that are looked at */

struct rule_regex;

enum rule_regex_of { RULE_REGEX_OF_FIELD, RULE_REGEX_OF_BODY };

/* Compile the pattern into the arena.  Returns 0; ERR_FORMAT, and *at_r is the place of what is
 * wrong, told in wrong; ERR_MEMORY. */
int rule_regex_compile(const struct rule_regex **regex_r, struct arena *arena, struct span pattern,
		       enum rule_regex_of of, size_t *at_r, char wrong[RULE_REGEX_ERROR_MAX]);

/* Another message comes: nothing is known of it, and no work was spent on it. */
void rule_regex_begin(struct rule_scratch *scratch);

/* Where to keep what pattern number of the rules says of this message, an enum rule_truth;
 * RULE_REGEX_NOT_KEPT at first; NULL for numbers of RULE_REGEX_KEPT_MAX and more. */
#define RULE_REGEX_NOT_KEPT 0xff
uint8_t *rule_regex_kept(struct rule_scratch *scratch, uint32_t number);

/* Whether a field of this name has the pattern in its value, folding undone. */
enum rule_truth rule_regex_match_header(const struct rule_regex *regex, struct span name,
					struct span message, struct rule_scratch *scratch);

/* Whether the body has it; in a body ^ and $ match at lines. */
enum rule_truth rule_regex_match_body(const struct rule_regex *regex, struct span message,
				      struct rule_scratch *scratch);

#endif
