/*
 * smtp_looks.c: the SMTP machine in the words of other mail servers: a dialogue in each look,
 * compared with the reviewed t/golden/smtp-looks.txt; and what such replies may repeat.
 *
 *   smtp_looks.t           compare
 *   smtp_looks.t --print   print the dialogues, to be compared with the servers and committed
 */
#include <stdlib.h>

#include "../talk.h"
#include "../tap.h"
#include "smtp_int.h"

#define ROW_MAX 700
#define ID "019a1b2c-3d4e-7f60-8123-456789abcdef"
#define DAY_US UINT64_C(1795359044000000) /* 2026-11-22T14:50:44Z */

static const char *const look_names[SMTP_LOOK_COUNT] = {"none", "postfix", "exim", "sendmail",
							"exchange"};
static const uint8_t client_ip[IP_BYTES] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1};

static const char dialogue[] =
    "!greeting\n"
    "MAIL FROM:<a@b.example>\nHELO\nEHLO\nHELO c.example\nEHLO c.example\n"
    "NOOP\nRSET\nRCPT TO:<c@d.example>\nDATA\n"
    "MAIL FROM:<a@b.example>\nMAIL FROM:<a@b.example>\nDATA\n"
    "RCPT TO:<c@d.example>\nRCPT TO:<>\nRCPT\nVRFY x\nEXPN x\nHELP\n"
    "FOO bar\nDATA\n!store\n"
    "MAIL FROM:<a@b.example> FOO=1\nMAIL\nMAIL FROM:<> SIZE=5000\n"
    "MAIL FROM:<>\nRCPT TO:<c@d.example>\n!nochunking\nBDAT 5\n!chunk\n"
    "BDAT 0 LAST\n!store\n"
    "AUTH FOO bar\nAUTH PLAIN AGEAYg==\n@STARTTLS\nSTARTTLS x\nSTARTTLS\n"
    "!tls\nEHLO c.example\nSTARTTLS\n!timeout\n!crowd\n";

static void start(struct talk *t, enum smtp_look look)
{
	talk_start(t, STRICTNESS_NORMAL);
	t->policy.look = look;
	t->policy.banner = NULL;
	if (look != SMTP_LOOK_NONE)
		t->policy.extensions = smtp_ehlo_extensions(smtp_look_ehlo(look));
	smtp_client(&t->s, client_ip, DAY_US);
}

static void say(struct talk *t, const char *line)
{
	if (strcmp(line, "!store") == 0)
		smtp_message_end(&t->s, SMTP_STORED, ID, &t->v);
	else if (line[0] == '!')
		talk_act(t, (struct span){(const uint8_t *)line, strlen(line)});
	else
		talk_line(t, line, strlen(line));
}

/* What a look does without CHUNKING is shown by leaving the chunks out. */
static bool applies(const struct talk *t, const char *line, bool *chunks)
{
	if (strcmp(line, "!nochunking") == 0) {
		*chunks = (t->policy.extensions & EXT_CHUNKING) != 0;
		return false;
	}
	if (*chunks)
		return true;
	*chunks = strncmp(line, "AUTH", 4) == 0;
	return *chunks;
}

static void print_dialogue(FILE *out, enum smtp_look look)
{
	static struct talk t;
	char line[ROW_MAX];
	bool chunks = true;

	start(&t, look);
	fprintf(out, "# %s\n", look_names[look]);
	for (const char *at = dialogue; *at != '\0'; at += strcspn(at, "\n") + 1) {
		snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
		if (!applies(&t, line, &chunks))
			continue;
		fprintf(out, "C: %s\n", line);
		say(&t, line);
		for (const char *p = t.v.reply; t.v.next != SMTP_NEXT_CHUNK && *p != '\0';) {
			int len = (int)strcspn(p, "\r\n");
			fprintf(out, "S: %.*s\n", len, p);
			p += len + (p[len] == '\r') + 1;
			if (p >= t.v.reply + t.v.reply_len)
				break;
		}
	}
	fputc('\n', out);
}

static void print_all(FILE *out)
{
	fputs("# The same dialogue in each look.  Made by smtp_looks.t --print.\n\n", out);
	for (unsigned look = SMTP_LOOK_POSTFIX; look < SMTP_LOOK_COUNT; look++)
		print_dialogue(out, (enum smtp_look)look);
}

static bool next_line(FILE *from, char line[ROW_MAX])
{
	if (fgets(line, ROW_MAX, from) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static void test_golden(void)
{
	char golden[ROW_MAX] = "", got[ROW_MAX] = "", name[512];
	const char *source = getenv("TRAP_SOURCE");

	snprintf(name, sizeof name, "%s/t/golden/smtp-looks.txt", source ? source : ".");
	FILE *reviewed = fopen(name, "r"), *made = tmpfile();
	if (!ok(reviewed != NULL && made != NULL, "the reviewed dialogues can be read"))
		return;
	print_all(made);
	rewind(made);
	for (;;) {
		bool more = next_line(made, got), more_golden = next_line(reviewed, golden);
		if (!more || !more_golden) {
			ok(!more && !more_golden, "there are as many lines as reviewed");
			break;
		}
		if (got[0] != '\0' && got[0] != '#')
			is_str(got, golden, got);
	}
	fclose(reviewed);
	fclose(made);
}

/* ---- the table ---- */

static void test_classes(void)
{
	for (unsigned look = SMTP_LOOK_POSTFIX; look < SMTP_LOOK_COUNT; look++)
		for (unsigned id = 0; id < REPLY_COUNT; id++) {
			const char *text =
			    smtp_look_template((enum smtp_look)look, (enum smtp_reply_id)id);
			char code[8];
			snprintf(code, sizeof code, "%d", smtp_reply_code((enum smtp_reply_id)id));
			if (text == NULL || id == REPLY_HELP)
				continue;
			bool closes = strcmp(code, "421") == 0;
			ok(text[0] == code[0] && (strncmp(text, "421", 3) == 0) == closes,
			   "%s: \"%s\" has the class of %s", look_names[look], text, code);
		}
}

static void test_none(void)
{
	for (unsigned id = 0; id < REPLY_COUNT; id++)
		if (smtp_look_template(SMTP_LOOK_NONE, (enum smtp_reply_id)id) != NULL)
			ok(false, "the trap's own look has no templates");
	struct talk *t = calloc(1, sizeof *t);
	start(t, SMTP_LOOK_NONE);
	talk_script(t, "!greeting\n", NULL, NULL);
	is_mem(t->v.reply, t->v.reply_len, "220 mx.example\r\n", 16,
	       "the trap's own look without a banner greets with the name alone");
	free(t);
}

static void test_banner(void)
{
	static struct talk t;

	start(&t, SMTP_LOOK_EXIM);
	t.policy.banner = "ESMTP here";
	talk_script(&t, "!greeting\n", NULL, NULL);
	is_mem(t.v.reply, t.v.reply_len, "220 mx.example ESMTP here\r\n", 27,
	       "a banner of its own stands in place of the look's");
	talk_script(&t, "NOOP\n", NULL, NULL);
	is_mem(t.v.reply, t.v.reply_len, "250 OK\r\n", 8, "and the rest is as the look has it");
}

static void test_order(void)
{
	static const uint8_t lines[] = {SMTP_EHLO_HELP, SMTP_EHLO_STARTTLS, SMTP_EHLO_SIZE};
	static const char expected[] =
	    "250-mx.example\r\n250-HELP\r\n250-STARTTLS\r\n250 SIZE 1000\r\n";
	static struct talk t;

	talk_start(&t, STRICTNESS_NORMAL);
	t.policy.ehlo = (struct smtp_ehlo){lines, sizeof lines};
	t.policy.extensions = smtp_ehlo_extensions(&t.policy.ehlo);
	talk_script(&t, "EHLO x\n", NULL, NULL);
	is_mem(t.v.reply, t.v.reply_len, expected, sizeof expected - 1,
	       "EHLO offers the policy's lines in their order");
	talk_script(&t, "MAIL FROM:<a@b> BODY=8BITMIME\n", NULL, NULL);
	is_int(t.v.code, 555, "and what has no line is not there");
	t.policy.ehlo.count = 0;
	talk_script(&t, "EHLO x\n", NULL, NULL);
	is_mem(t.v.reply, t.v.reply_len, "250 mx.example\r\n", 16, "no line is one answer");
}

/* ---- what the client said, in replies ---- */

static void check_hostile(enum smtp_look look, const char *line, size_t len, const char *title)
{
	static struct talk t;

	start(&t, look);
	t.policy.strictness = STRICTNESS_LENIENT;
	talk_script(&t, "EHLO x\n", NULL, NULL);
	talk_line(&t, line, len);
	const char *wrong = talk_illegal(&t.v);
	ok(wrong == NULL, "%s: the reply to %s is legal: %s", look_names[look], title,
	   wrong ? wrong : "yes");
}

static void test_hostile(void)
{
	static char line[2000];
	static const struct {
		const char *begin, *end, *title;
	} cases[] = {
	    {"EHLO ", "", "a long name"},       {"MAIL FROM:<", "@x>", "a long sender"},
	    {"", "", "a long unknown command"}, {"MAIL FROM:<a@b> ", "", "a long parameter"},
	    {"AUTH ", "", "a long mechanism"},  {"VRFY ", "", "a long user"},
	};

	for (unsigned look = SMTP_LOOK_POSTFIX; look < SMTP_LOOK_COUNT; look++)
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
			for (unsigned fill = 0; fill < 256; fill += 15) {
				if (fill == '\n')
					continue;
				size_t begin = strlen(cases[i].begin), end = strlen(cases[i].end);
				memset(line, (int)fill, sizeof line);
				memcpy(line, cases[i].begin, begin);
				memcpy(line + 1500, cases[i].end, end);
				check_hostile((enum smtp_look)look, line, 1500 + end,
					      cases[i].title);
			}
}

static void test_secrets(void)
{
	static struct talk t;

	for (unsigned look = SMTP_LOOK_POSTFIX; look < SMTP_LOOK_COUNT; look++) {
		start(&t, (enum smtp_look)look);
		t.policy.extensions &= ~(unsigned)EXT_AUTH;
		talk_script(&t, "EHLO x\nAUTH PLAIN c2VjcmV0\n", NULL, NULL);
		ok(t.v.code >= 500 && memmem(t.v.reply, t.v.reply_len, "c2Vj", 4) == NULL,
		   "%s: a secret behind AUTH is not repeated where there is no AUTH",
		   look_names[look]);
		t.policy.extensions |= EXT_AUTH;
		talk_script(&t, "AUTH FOO c2VjcmV0\n", NULL, NULL);
		ok(t.v.code >= 500 && memmem(t.v.reply, t.v.reply_len, "c2Vj", 4) == NULL,
		   "%s: nor where the mechanism is unknown", look_names[look]);
	}
}

/* The record of a message has the reply before it is said. */
static void test_stored(void)
{
	static struct talk t;

	for (unsigned look = SMTP_LOOK_NONE; look < SMTP_LOOK_COUNT; look++) {
		char before[SMTP_REPLY_LINE_MAX];
		start(&t, (enum smtp_look)look);
		talk_script(&t, "EHLO x\nMAIL FROM:<a@b.example>\nRCPT TO:<c@d>\nDATA\n", NULL,
			    NULL);
		struct span reply = smtp_stored_reply(&t.s, ID);
		size_t len = reply.len;
		memcpy(before, reply.bytes, len);
		say(&t, "!store");
		ok(t.v.reply_len == len + 2 && memcmp(t.v.reply, before, len) == 0,
		   "%s: what is said of a stored message was known before", look_names[look]);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		print_all(stdout);
		return 0;
	}
	test_golden();
	test_classes();
	test_none();
	test_banner();
	test_order();
	test_hostile();
	test_secrets();
	test_stored();
	return tap_done();
}
