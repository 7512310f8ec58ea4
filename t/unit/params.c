/*
 * params.c: test of lib/params.
 */
#include "params.h"
#include "../tap.h"

#define UNKNOWN ODDITY_BIT(UNKNOWN_PARAMETER)
#define TWICE ODDITY_BIT(DUPLICATE_PARAMETER)
#define BAD ODDITY_BIT(BAD_PARAMETER)
#define SEEN(p) (1u << PARAM_##p)
#define M PARAMS_OF_MAIL
#define R PARAMS_OF_RCPT
#define X100                                                                     \
	"0123456789012345678901234567890123456789012345678901234567890123456789" \
	"012345678901234567890123456789"

static const struct {
	const char *name;
	enum params_of of;
	unsigned offered;
	const char *in;
	uint32_t seen;
	uint64_t oddities;
} cases[] = {
    {"nothing", M, EXT_ALL, "", 0, 0},
    {"spaces alone", M, EXT_ALL, "   ", 0, 0},
    {"SIZE", M, EXT_ALL, " SIZE=1000", SEEN(SIZE), 0},
    {"names in any case", M, EXT_ALL, "size=1 bOdY=7bit", SEEN(SIZE) | SEEN(BODY), 0},
    {"SIZE without a value", M, EXT_ALL, "SIZE", 0, BAD},
    {"SIZE with an empty value", M, EXT_ALL, "SIZE=", 0, BAD},
    {"SIZE of 20 digits", M, EXT_ALL, "SIZE=99999999999999999999", SEEN(SIZE), 0},
    {"SIZE of 21 digits", M, EXT_ALL, "SIZE=000000000000000000001", 0, BAD},
    {"SIZE that is not a number", M, EXT_ALL, "SIZE=1k", 0, BAD},
    {"SIZE that is negative", M, EXT_ALL, "SIZE=-1", 0, BAD},
    {"SIZE at RCPT", R, EXT_ALL, "SIZE=1", 0, UNKNOWN},
    {"SIZE that is not offered", M, EXT_ALL & ~EXT_SIZE, "SIZE=1", 0, UNKNOWN},
    {"SIZE twice", M, EXT_ALL, "SIZE=1 SIZE=2", SEEN(SIZE), TWICE},
    {"a bad one and then a good one", M, EXT_ALL, "SIZE=x SIZE=2", SEEN(SIZE), BAD},
    {"BODY=8BITMIME", M, EXT_ALL, "BODY=8BITMIME", SEEN(BODY), 0},
    {"BODY=BINARYMIME offered", M, EXT_ALL, "BODY=BINARYMIME", SEEN(BODY), 0},
    {"BODY=BINARYMIME not offered", M, EXT_ALL & ~EXT_BINARYMIME, "BODY=BINARYMIME", 0, BAD},
    {"BODY of another kind", M, EXT_ALL, "BODY=9BIT", 0, BAD},
    {"SMTPUTF8", M, EXT_ALL, "SMTPUTF8", SEEN(SMTPUTF8), 0},
    {"SMTPUTF8 with a value", M, EXT_ALL, "SMTPUTF8=yes", 0, BAD},
    {"SMTPUTF8 with an empty value", M, EXT_ALL, "SMTPUTF8=", 0, BAD},
    {"AUTH=<>", M, EXT_ALL, "AUTH=<>", SEEN(AUTH), 0},
    {"AUTH with xtext", M, EXT_ALL, "AUTH=e+3Dmc2@example.com", SEEN(AUTH), 0},
    {"AUTH with a hexchar in lower case", M, EXT_ALL, "AUTH=e+3dmc2", 0, BAD},
    {"AUTH with half a hexchar", M, EXT_ALL, "AUTH=e+3", 0, BAD},
    {"AUTH with a =", M, EXT_ALL, "AUTH=e=3", 0, BAD},
    {"RET=FULL", M, EXT_ALL, "RET=FULL", SEEN(RET), 0},
    {"RET=hdrs", M, EXT_ALL, "RET=hdrs", SEEN(RET), 0},
    {"RET of another kind", M, EXT_ALL, "RET=ALL", 0, BAD},
    {"RET without DSN", M, EXT_ALL & ~EXT_DSN, "RET=FULL", 0, UNKNOWN},
    {"ENVID", M, EXT_ALL, "ENVID=QQ314159", SEEN(ENVID), 0},
    {"ENVID of 100 octets", M, EXT_ALL, "ENVID=" X100, SEEN(ENVID), 0},
    {"ENVID of 101 octets", M, EXT_ALL, "ENVID=" X100 "x", 0, BAD},
    {"ENVID with 8-bit", M, EXT_ALL, "ENVID=\xc3\xb6", 0, BAD},
    {"NOTIFY=NEVER", R, EXT_ALL, "NOTIFY=NEVER", SEEN(NOTIFY), 0},
    {"NOTIFY with a list", R, EXT_ALL, "NOTIFY=SUCCESS,failure,DELAY", SEEN(NOTIFY), 0},
    {"NOTIFY=NEVER with others", R, EXT_ALL, "NOTIFY=NEVER,DELAY", 0, BAD},
    {"NOTIFY with an empty element", R, EXT_ALL, "NOTIFY=SUCCESS,", 0, BAD},
    {"NOTIFY at MAIL", M, EXT_ALL, "NOTIFY=NEVER", 0, UNKNOWN},
    {"ORCPT", R, EXT_ALL, "ORCPT=rfc822;Bob@example.com", SEEN(ORCPT), 0},
    {"ORCPT without a type", R, EXT_ALL, "ORCPT=;Bob", 0, BAD},
    {"ORCPT without a semicolon", R, EXT_ALL, "ORCPT=Bob", 0, BAD},
    {"ORCPT of type utf-8", R, EXT_ALL, "ORCPT=utf-8;d\xc3\xb6rte@x", SEEN(ORCPT), 0},
    {"ORCPT of type utf-8 that is none", R, EXT_ALL, "ORCPT=utf-8;d\xf6rte@x", 0, BAD},
    {"ORCPT of type rfc822 with UTF-8", R, EXT_ALL, "ORCPT=rfc822;d\xc3\xb6rte@x", 0, BAD},
    {"a parameter that nobody knows", M, EXT_ALL, "FOO=bar", 0, UNKNOWN},
    {"a parameter without a name", M, EXT_ALL, "=bar", 0, UNKNOWN},
    {"all of MAIL", M, EXT_ALL, " SIZE=1  BODY=7BIT SMTPUTF8 AUTH=<> RET=FULL\tENVID=x ",
     SEEN(SIZE) | SEEN(BODY) | SEEN(SMTPUTF8) | SEEN(AUTH) | SEEN(RET) | SEEN(ENVID), 0},
    {"all of RCPT", R, EXT_ALL, "NOTIFY=DELAY ORCPT=rfc822;a", SEEN(NOTIFY) | SEEN(ORCPT), 0},
};

static struct params parse(const char *in, enum params_of of)
{
	struct params p;

	params_parse((struct span){(const uint8_t *)in, strlen(in)}, of, EXT_ALL, &p);
	return p;
}

static void test_values(void)
{
	struct params p = parse("SIZE=18446744073709551615", M);

	ok(p.size == UINT64_MAX, "SIZE holds 64 bits");
	p = parse("SIZE=18446744073709551616", M);
	ok(p.size == UINT64_MAX, "SIZE beyond 64 bits is the largest number");
	p = parse("SIZE=7 SIZE=8", M);
	is_int((int64_t)p.size, 7, "of two the first is taken");
	p = parse("BODY=8bitmime RET=HDRS ENVID=a+2Bb AUTH=<>", M);
	is_int(p.body, BODY_8BITMIME, "BODY is told");
	is_int(p.ret, RET_HDRS, "RET is told");
	is_mem(p.envid.bytes, p.envid.len, "a+2Bb", 5, "ENVID is told as sent");
	is_mem(p.auth.bytes, p.auth.len, "<>", 2, "AUTH is told as sent");
	p = parse("NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b", R);
	is_int(p.notify, NOTIFY_SUCCESS | NOTIFY_DELAY, "NOTIFY is told");
	is_mem(p.orcpt.bytes, p.orcpt.len, "rfc822;b", 8, "ORCPT is told as sent");
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct params p;
		struct span in = {(const uint8_t *)cases[i].in, strlen(cases[i].in)};
		params_parse(in, cases[i].of, cases[i].offered, &p);
		if (!ok(p.seen == cases[i].seen && p.oddities == cases[i].oddities, "%s",
			cases[i].name))
			printf("# seen %x, oddities %llx\n", p.seen,
			       (unsigned long long)p.oddities);
	}
	test_values();
	return tap_done();
}
