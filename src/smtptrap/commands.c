/*
 * commands.c: the table of the reader's commands, and how their use is told: all of it on standard
 * output to who asks for help, the forms alone on standard error to who got them wrong.
 */
#include "commands.h"

#include <string.h>

#include "conf_suggest.h"
#include "report.h"

#define CHOICE "[SELECTION]"
#define CHOICE_HELP                                                                          \
	"selection:\n"                                                                       \
	"  --since TIME            records from then on: yesterday, 2h (ago), 2025-11-22,\n" \
	"                          2025-11-22T10:30; in UTC\n"                               \
	"  --until TIME            records before\n"                                         \
	"  --field NAME=VALUE      in which the field has this value; again: all of them\n"  \
	"  --where EXPRESSION      as in 'tls_outcome = failed and client_ip in 192.0.2.0/24'\n"
#define STREAM_HELP "  --stream session|message\n"
#define SOCKET_HELP \
	"  --socket PATH           the status socket, if not that of the configuration\n"

const struct command commands[] = {
    {"cat", cmd_cat, "[--stream session|message] " CHOICE " [FILE|DIR ...]",
     "print records as lines of JSON", STREAM_HELP CHOICE_HELP, "smtptrap(1)"},
    {"explain", cmd_explain,
     "[--rules FILE] [--client ADDRESS] [--helo | --ehlo NAME] [--from ADDRESS] [--to ADDRESS "
     "...]\n"
     "[--tls VERSION] ... [MESSAGE ...]",
     "say which rule decides in each phase of a session, and why",
     "  --rules FILE            the rules; without it those of the configuration\n"
     "  --verbose               show the rules that do not match, too\n"
     "  --client, --local ADDRESS, --port NUMBER, --listener NAME\n"
     "  --helo, --ehlo NAME, --from, --to ADDRESS, --message FILE, --size BYTES\n"
     "  --tls ssl3|1.0|1.1|1.2|1.3|off, --cipher, --ja3, --ja4, --sni, --arm, --dialect WORD\n"
     "  --rdns, --rdns-noforward, --rdns-inconsistent NAME, --dnsbl, --dbl ZONE, --dns-none\n"
     "  --from-domain, --to-domain STATE, --rate NUMBER, --time HH:MM, --random NUMBER\n",
     "smtptrap(1), smtptrap-rules(5)"},
    {"export", cmd_export,
     "--as csv|ecs|zeek " CHOICE " [--stream session|message] [--redact] [FILE|DIR ...]\n"
     "--as csv [--fields NAME,... | --exact] ...\n"
     "--as zeek [--path smtp|ssl|conn] ...\n"
     "--as xarf --reporter-org NAME --reporter-contact ADDRESS [--no-redact] ...",
     "write records for other tools, and reports of abuse to share",
     "  --as csv|ecs|xarf|zeek\n" STREAM_HELP "  --fields NAME,...       columns of CSV\n"
     "  --exact                 CSV without a quote before what a spreadsheet would run\n"
     "  --path smtp|ssl|conn    which log of Zeek's\n"
     "  --redact, --no-redact   hide what tells of the trap, or do not\n"
     "  --redact-file FILE      more names and addresses to hide\n"
     "  --key-file FILE         the key of the tokens that stand for them\n"
     "  --reporter-org NAME, --reporter-contact ADDRESS, --reporter-domain DOMAIN\n"
     "  --sender-org NAME, --sender-contact ADDRESS, --sender-domain DOMAIN\n"
     "  --evidence-max SIZE     bytes of a message in a report of abuse\n" CHOICE_HELP,
     "smtptrap-export(1)"},
    {"fields", cmd_fields, "", "list the fields of records", "", "smtptrap-records(5)"},
    {"follow", cmd_follow, "[--stream session|message] [--json] " CHOICE,
     "print records as they are written, a line each",
     STREAM_HELP "  --json                  the records as they stand in the files\n" CHOICE_HELP
		 "  (without --until: what is to come has no end)\n",
     "smtptrap(1)"},
    {"mail", cmd_mail,
     "[--eml | --mbox [--trace]] ID ...\n"
     "--eml DIR | --maildir DIR [--trace] ID ...\n"
     "--mbox | --eml DIR | --maildir DIR [--trace] " CHOICE,
     "get messages back, byte for byte",
     "  --eml                   the bytes alone; with DIR a file for each message\n"
     "  --mbox                  a mailbox\n"
     "  --maildir DIR           files in a maildir\n"
     "  --trace                 with the trap's trace header\n" CHOICE_HELP,
     "smtptrap(1)"},
    {"metrics", cmd_metrics, "[--format openmetrics|prometheus] [--serve] [--socket PATH]",
     "print counters of the running trap for Prometheus, or serve them",
     "  --format openmetrics|prometheus\n"
     "  --serve                 answer one HTTP request on standard input\n" SOCKET_HELP,
     "smtptrap-metrics(1)"},
    {"report", cmd_report,
     CHOICE " [OPTION ...] [TABLE ...] [FILE|DIR ...]\n"
	    "--merge [OPTION ...] FILE ...",
     "count who uses TLS and how, in tables",
     "  --by hour|day|week      rows for each of these times, in UTC\n"
     "  --format text|json|csv|markdown|html\n"
     "  --top N                 rows of a section at most, 20 if not given, 0 for all\n"
     "  --new-since TIME        only what was first seen since\n"
     "  --partial               write a file for --merge\n"
     "  --merge                 add up such files\n" CHOICE_HELP,
     "smtptrap-report(1)"},
    {"show", cmd_show, "ID ...", "print a session and its dialogue for a person", "",
     "smtptrap(1)"},
    {"status", cmd_status, "[--json | --check] [--socket PATH]",
     "show what the trap is doing now, or whether it is well",
     "  --json                  for programs, with all workers\n"
     "  --check                 one line and a status for Nagios and the like\n" SOCKET_HELP,
     "smtptrap(1)"},
    {"top", cmd_top, "[--socket PATH]", "watch sessions, rates and failures on a terminal",
     SOCKET_HELP, "smtptrap(1)"},
    {"verify", cmd_verify, "[DIR]", "check every file, record and message", "", "smtptrap(1)"},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name != NULL; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* The forms, the first behind "usage: ". */
static void put_forms(FILE *to, const struct command *c)
{
	const char *form = c->usage, *before = "usage:";

	for (; form != NULL; before = "      ") {
		const char *lf = strchr(form, '\n');
		int len = lf != NULL ? (int)(lf - form) : (int)strlen(form);

		fprintf(to, "%s smtptrap [-f CONF | -d DIR] %s%s%.*s\n", before, c->name,
			len > 0 ? " " : "", len, form);
		form = lf != NULL ? lf + 1 : NULL;
	}
}

int usage_of(const char *name)
{
	put_forms(stderr, command_find(name));
	fprintf(stderr, "       smtptrap %s --help tells more\n", name);
	return EXIT_USAGE;
}

void command_help(const struct command *c, FILE *to)
{
	put_forms(to, c);
	fprintf(to, "\n%s\n%s%s", c->what, *c->options != '\0' ? "\n" : "", c->options);
	if (c->run == cmd_report) {
		fputs("tables (tls if none is named):\n", to);
		for (size_t t = 0; t < REPORT_TABLES; t++)
			fprintf(to, "  %-22s  %s\n", report_tables[t]->name, report_about[t]);
		fputs("  all                     each of them\n", to);
	}
	fprintf(to, "\nmanual: %s\n", c->page);
}

void commands_help(FILE *to)
{
	fputs("usage: smtptrap [-f CONF | -d DIR] COMMAND [ARGUMENT ...]\n\n"
	      "  -f CONF      the logs and the trap of this configuration\n"
	      "  -d DIR       the logs in this directory\n"
	      "  -h, --help   this text; behind a command: how to use it\n"
	      "  -V, --version\n\n",
	      to);
	for (const struct command *c = commands; c->name != NULL; c++)
		fprintf(to, "  %-10s  %s\n", c->name, c->what);
	fputs("\nmanual: smtptrap(1)\n", to);
}

int command_unknown(const char *name)
{
	struct conf_suggestion near = {.word = name, .len = strlen(name)};

	for (const struct command *c = commands; c->name != NULL; c++)
		conf_suggest_try(&near, c->name);
	if (near.best != NULL)
		complain("no command '%s' (did you mean '%s'?)", name, near.best);
	else
		complain("no command '%s'", name);
	fputs("usage: smtptrap [-f CONF | -d DIR] COMMAND [ARGUMENT ...]\n"
	      "       smtptrap --help lists the commands\n",
	      stderr);
	return EXIT_USAGE;
}
