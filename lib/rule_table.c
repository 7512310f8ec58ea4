/*
 * rule_table.c: every word of the language of rules.
 *
 * The one place where a word has its meaning, its arguments, the phase in which it can first be
 * known and the facts it needs.  The scanner's second stage reads rules by it, the compiler
 * checks them by it, and smtptrap-rules(5) is checked against it by t/unit/rule_doc.t.
 */
#include "rule_table.h"

const struct rule_flag rule_phases[] = {
    {"@connect", RULE_CONNECT}, {"@helo", RULE_HELO},
    {"@mail", RULE_MAIL},       {"@rcpt", RULE_RCPT},
    {"@data", RULE_DATA},       {"@message", RULE_MESSAGE},
    {"@ehlo", RULE_HELO},       {"@from", RULE_MAIL},
    {"@to", RULE_RCPT},         {NULL, 0},
};

const struct rule_flag rule_actions[] = {
    {"accept", RULE_ACCEPT},
    {"discard", RULE_DISCARD},
    {"stall", RULE_STALL},
    {"reject", RULE_REJECT},
    {"set", RULE_SET},
    {"set-with", RULE_SET},
    {NULL, 0},
};

const struct rule_flag rule_tls_words[] = {
    {"ssl3", RULE_TLS_SSL3},  {"1.0", RULE_TLS_1_0},
    {"1.1", RULE_TLS_1_1},    {"1.2", RULE_TLS_1_2},
    {"1.3", RULE_TLS_1_3},    {"tls1.0", RULE_TLS_1_0},
    {"tls1.1", RULE_TLS_1_1}, {"tls1.2", RULE_TLS_1_2},
    {"tls1.3", RULE_TLS_1_3}, {NULL, 0},
};

static const struct rule_flag address_flags[] = {
    {"route", RULE_ADDRESS_ROUTE},       {"noat", RULE_ADDRESS_NOAT},
    {"quoted", RULE_ADDRESS_QUOTED},     {"unqualified", RULE_ADDRESS_UNQUALIFIED},
    {"garbage", RULE_ADDRESS_GARBAGE},   {"bad", RULE_ADDRESS_BAD},
    {"resolves", RULE_ADDRESS_RESOLVES}, {"unknown", RULE_ADDRESS_UNKNOWN},
    {"baddom", RULE_ADDRESS_BADDOM},     {NULL, 0},
};

static const struct rule_flag helo_flags[] = {
    {"none", RULE_HELO_NONE},
    {"bogus", RULE_HELO_BOGUS},
    {"helo", RULE_HELO_HELO},
    {"ehlo", RULE_HELO_EHLO},
    {"nodots", RULE_HELO_NODOTS},
    {"bareip", RULE_HELO_BAREIP},
    {"properip", RULE_HELO_PROPERIP},
    {"ip", RULE_HELO_BAREIP | RULE_HELO_PROPERIP},
    {"myip", RULE_HELO_MYIP},
    {"remoteip", RULE_HELO_REMOTEIP},
    {"remip", RULE_HELO_REMOTEIP},
    {"otherip", RULE_HELO_OTHERIP},
    {NULL, 0},
};

static const struct rule_flag dns_flags[] = {
    {"nodns", RULE_DNS_NODNS},
    {"noforward", RULE_DNS_NOFORWARD},
    {"inconsistent", RULE_DNS_INCONSISTENT},
    {"exists", RULE_DNS_EXISTS},
    {"good", RULE_DNS_GOOD},
    {NULL, 0},
};

static const struct rule_flag dbl_sources[] = {
    {"host", RULE_DBL_HOST},
    {"helo", RULE_DBL_HELO},
    {"ehlo", RULE_DBL_HELO},
    {"from", RULE_DBL_FROM},
    {"any", RULE_DBL_HOST | RULE_DBL_HELO | RULE_DBL_FROM},
    {NULL, 0},
};

static const char address_form[] = "an address pattern or a file of them";
static const char host_form[] = "a host name, one with a dot in front, or a file of them";
static const char text_form[] = "a word, in which * and ? stand for others, or a file of words";
static const char pattern_form[] = "a pattern in quotes";

#define WORD RULE_SHAPE_WORD
#define LIST RULE_SHAPE_LIST

/* clang-format off */
const struct rule_condition_row rule_conditions[] = {
    {"all", RULE_IF_ALL, RULE_SHAPE_NONE, RULE_CONNECT, 0, NULL, 0},
    {"from", RULE_IF_FROM, WORD, RULE_MAIL, RULE_FACT_FROM, address_form, 0},
    {"to", RULE_IF_TO, WORD, RULE_RCPT, RULE_FACT_TO, address_form, 0},
    {"helo", RULE_IF_HELO, WORD, RULE_HELO, RULE_FACT_HELO, host_form, 0},
    {"ehlo", RULE_IF_HELO, WORD, RULE_HELO, RULE_FACT_HELO, host_form, 0},
    {"host", RULE_IF_HOST, WORD, RULE_CONNECT, RULE_FACT_RDNS, host_form, 0},
    {"source", RULE_IF_SOURCE, WORD, RULE_MAIL, RULE_FACT_HELO | RULE_FACT_FROM, host_form, 0},
    {"ip", RULE_IF_IP, WORD, RULE_CONNECT, 0, "an address, a network, or a file of them", 0},
    {"local", RULE_IF_LOCAL, RULE_SHAPE_LOCAL, RULE_CONNECT, 0,
     "an address or network, port and a number, or listener and a name", 0},
    {"dnsbl", RULE_IF_DNSBL, WORD, RULE_CONNECT, RULE_FACT_LOOKUPS, "the zone of a list", 0},
    {"dbl", RULE_IF_DBL, RULE_SHAPE_LIST_WORD, RULE_CONNECT, RULE_FACT_LOOKUPS,
     "some of host, helo, from, any, and the zone of a list", 0},
    {"tls", RULE_IF_TLS, RULE_SHAPE_COMPARE, RULE_MAIL, RULE_FACT_TLS,
     "on, off, a version, or a comparison with one", 0},
    {"cipher", RULE_IF_TEXT, WORD, RULE_MAIL, RULE_FACT_CIPHER, text_form, RULE_TEXT_CIPHER},
    {"ja3", RULE_IF_TEXT, WORD, RULE_MAIL, RULE_FACT_JA3, text_form, RULE_TEXT_JA3},
    {"ja4", RULE_IF_TEXT, WORD, RULE_MAIL, RULE_FACT_JA4, text_form, RULE_TEXT_JA4},
    {"sni", RULE_IF_TEXT, WORD, RULE_MAIL, RULE_FACT_SNI, text_form, RULE_TEXT_SNI},
    {"arm", RULE_IF_TEXT, WORD, RULE_CONNECT, RULE_FACT_ARM, text_form, RULE_TEXT_ARM},
    {"dialect", RULE_IF_TEXT, WORD, RULE_MESSAGE, RULE_FACT_DIALECT, text_form, RULE_TEXT_DIALECT},
    {"from-has", RULE_IF_FROM_HAS, LIST, RULE_MAIL, RULE_FACT_FROM, "attributes", 0},
    {"to-has", RULE_IF_TO_HAS, LIST, RULE_RCPT, RULE_FACT_TO, "attributes", 0},
    {"helo-has", RULE_IF_HELO_HAS, LIST, RULE_HELO, RULE_FACT_HELO, "attributes", 0},
    {"dns", RULE_IF_DNS, LIST, RULE_CONNECT, RULE_FACT_RDNS, "attributes", 0},
    {"size", RULE_IF_SIZE, RULE_SHAPE_COMPARE, RULE_MAIL, RULE_FACT_SIZE,
     "a comparison with a number of bytes", 0},
    {"header", RULE_IF_HEADER, RULE_SHAPE_HEADER, RULE_MESSAGE, RULE_FACT_MESSAGE,
     "a field's name and a pattern in quotes", 0},
    {"body", RULE_IF_BODY, RULE_SHAPE_PATTERN, RULE_MESSAGE, RULE_FACT_MESSAGE, pattern_form, 0},
    {"rate", RULE_IF_RATE, RULE_SHAPE_RATE, RULE_CONNECT, RULE_FACT_RATES,
     "a number, per, and a time", 0},
    {"time", RULE_IF_TIME, WORD, RULE_CONNECT, 0, "HH:MM-HH:MM", 0},
    {"random", RULE_IF_RANDOM, WORD, RULE_CONNECT, RULE_FACT_RANDOM, "a percentage", 0},
    {NULL, RULE_CONDITION_COUNT, RULE_SHAPE_NONE, RULE_CONNECT, 0, NULL, 0},
};

const struct rule_option_row rule_options_table[] = {
    {"message", RULE_OPTION_MESSAGE, RULE_SHAPE_LINES, "a text"},
    {"code", RULE_OPTION_CODE, RULE_SHAPE_CODE, "a reply code"},
    {"note", RULE_OPTION_NOTE, WORD, "a text"},
    {"tag", RULE_OPTION_TAG, WORD, "a name"},
    {"keep", RULE_OPTION_KEEP, WORD, "a name"},
    {"tls", RULE_OPTION_TLS, RULE_SHAPE_TLS, "off, no-client-cert, or profile and a name"},
    {"tls-opt", RULE_OPTION_TLS, RULE_SHAPE_TLS, "off, no-client-cert, or profile and a name"},
    {"delay", RULE_OPTION_DELAY, WORD, "a time"},
    {"slow", RULE_OPTION_SLOW, WORD, "a number of bytes a second"},
    {"drop", RULE_OPTION_DROP, RULE_SHAPE_NONE, NULL},
    {"yakker", RULE_OPTION_YAKKER, RULE_SHAPE_NONE, NULL},
    {"make-yakker", RULE_OPTION_YAKKER, RULE_SHAPE_NONE, NULL},
    {NULL, RULE_OPTION_COUNT, RULE_SHAPE_NONE, NULL},
};
/* clang-format on */

static const struct rule_flag *const flags_of[RULE_CONDITION_COUNT] = {
    [RULE_IF_FROM_HAS] = address_flags, [RULE_IF_TO_HAS] = address_flags,
    [RULE_IF_HELO_HAS] = helo_flags,    [RULE_IF_DNS] = dns_flags,
    [RULE_IF_DBL] = dbl_sources,
};

const struct rule_flag *rule_flags_of(enum rule_condition condition)
{
	return flags_of[condition];
}

const struct rule_flag *rule_flag_find(const struct rule_flag *flags, const struct conf_word *word)
{
	for (; flags->word != NULL; flags++)
		if (conf_word_is(word, flags->word))
			return flags;
	return NULL;
}

const struct rule_condition_row *rule_condition_find(const struct conf_word *word)
{
	for (const struct rule_condition_row *row = rule_conditions; row->word != NULL; row++)
		if (conf_word_is(word, row->word))
			return row;
	return NULL;
}

const struct rule_option_row *rule_option_find(const struct conf_word *word)
{
	for (const struct rule_option_row *row = rule_options_table; row->word != NULL; row++)
		if (conf_word_is(word, row->word))
			return row;
	return NULL;
}

const char *rule_phase_name(enum rule_phase phase)
{
	return rule_phases[phase].word; /* the first ones are in the order of the enum */
}

const char *rule_action_name(enum rule_action action)
{
	static const char *const names[RULE_ACTION_COUNT] = {
	    [RULE_UNDECIDED] = "undecided", [RULE_ACCEPT] = "accept", [RULE_DISCARD] = "discard",
	    [RULE_STALL] = "stall",         [RULE_REJECT] = "reject", [RULE_SET] = "set",
	};

	return names[action];
}
