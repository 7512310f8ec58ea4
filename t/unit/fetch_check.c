/*
 * What --fetch takes from the stream: records of the sensor that sent them, and nothing else.
 */
#include "../../src/smtptrap-ship/fetch_check.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "log_read.h"

#define HEAD(type)                                                      \
	"{\"v\":1,\"type\":\"" type                                     \
	"\",\"id\":\"0198c300-0000-7000-8000-000000000001\",\"seq\":1," \
	"\"ts\":\"2025-11-22T10:00:00.000000Z\","
#define MX1 HEAD("session") "\"sensor\":\"mx1\""
#define SUBJECT "smtptrap.mx1.session"

static const struct {
	const char *name, *subject, *line;
	bool taken;
} cases[] = {
    {"a session of its sensor", SUBJECT, MX1 "}", true},
    {"a message of its sensor", "smtptrap.mx1.message", HEAD("message") "\"sensor\":\"mx1\"}",
     true},
    {"dots are - in a subject", "smtptrap.mx-example-net.session",
     HEAD("session") "\"sensor\":\"mx.example.net\"}", true},
    {"and all else that a subject cannot have", "smtptrap.a-b-c_d.session",
     HEAD("session") "\"sensor\":\"a b>c_d\"}", true},
    {"dialogue with a sensor in it", SUBJECT, MX1 ",\"dialogue\":[{\"us\":1,\"sensor\":\"x\"}]}",
     true},
    {"the name twice, both right", SUBJECT, MX1 ",\"sensor\":\"mx1\"}", true},
    {"the name twice, the last wrong", SUBJECT, MX1 ",\"sensor\":\"mx2\"}", false},
    {"the name twice, the first wrong", SUBJECT,
     HEAD("session") "\"sensor\":\"mx2\",\"sensor\":\"mx1\"}", false},
    {"the name again, escaped", SUBJECT, MX1 ",\"s\\u0065nsor\":\"mx2\"}", false},
    {"a list of names", SUBJECT, MX1 ",\"sensor\":[\"mx1\",\"mx2\"]}", false},
    {"a number for a name", SUBJECT, HEAD("session") "\"sensor\":1}", false},
    {"no name", SUBJECT, HEAD("session") "\"x\":1}", false},
    {"another's name", SUBJECT, HEAD("session") "\"sensor\":\"mx2\"}", false},
    {"a longer name", SUBJECT, HEAD("session") "\"sensor\":\"mx12\"}", false},
    {"a shorter name", SUBJECT, HEAD("session") "\"sensor\":\"mx\"}", false},
    {"an empty name", "smtptrap..session", HEAD("session") "\"sensor\":\"\"}", true},
    {"another type", "smtptrap.mx1.message", MX1 "}", false},
    {"a type that there is not", "smtptrap.mx1.mail", MX1 "}", false},
    {"a subject with more behind", "smtptrap.mx1.session.x", MX1 "}", false},
    {"a subject without a type", "smtptrap.mx1", MX1 "}", false},
    {"a subject without a sensor", "smtptrap", MX1 "}", false},
    {"another prefix", "other.mx1.session", MX1 "}", false},
    {"a longer prefix", "smtptrap2.mx1.session", MX1 "}", false},
    {"nothing", SUBJECT, "", false},
    {"no JSON", SUBJECT, "hello", false},
    {"JSON that is no record", SUBJECT, "{\"sensor\":\"mx1\"}", false},
    {"a record that is cut", SUBJECT, MX1, false},
    {"bytes behind it", SUBJECT, MX1 "}{}", false},
    {"two lines", SUBJECT, MX1 "}\n" MX1 "}", false},
    {"a line feed behind it", SUBJECT, MX1 "}\n", false},
    {"a tab between fields", SUBJECT, MX1 ",\t\"x\":1}", false},
    {"bytes that are no UTF-8", SUBJECT, MX1 ",\"x\":\"\xff\"}", false},
    {"null", SUBJECT, MX1 ",\"x\":null}", false},
};

static void test_long(void)
{
	static const char head[] = MX1 ",\"x\":\"";
	struct record_line_head h;
	char *line = malloc(LOG_LINE_MAX + 1);

	memset(line, 'x', LOG_LINE_MAX + 1);
	memcpy(line, head, sizeof head - 1);
	memcpy(line + LOG_LINE_MAX - 2, "\"}", 2);
	is_int(fetch_check("smtptrap", SUBJECT, (uint8_t *)line, LOG_LINE_MAX, &h), true,
	       "a line of the greatest length that readers take is taken");
	memcpy(line + LOG_LINE_MAX - 2, "x\"}", 3);
	is_int(fetch_check("smtptrap", SUBJECT, (uint8_t *)line, LOG_LINE_MAX + 1, &h), false,
	       "a longer one is not");
	free(line);
}

int main(void)
{
	struct record_line_head h;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(fetch_check("smtptrap", cases[i].subject, (const uint8_t *)cases[i].line,
				   strlen(cases[i].line), &h),
		       cases[i].taken, cases[i].name);
	test_long();
	return tap_done();
}
