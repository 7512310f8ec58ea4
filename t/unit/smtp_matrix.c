/*
 * smtp_matrix.c: every state of the SMTP machine x every verb, compared with the reviewed
 * t/golden/smtp-matrix.txt.
 *
 *   smtp_matrix.t           compare
 *   smtp_matrix.t --print   print the matrix, to be reviewed against RFC 5321 and committed
 */
#include <stdlib.h>

#include "../talk.h"
#include "../tap.h"

#define EHLO "EHLO c.example\n"
#define MAIL EHLO "MAIL FROM:<a@b.example>\n"
#define RCPT MAIL "RCPT TO:<c@d.example>\n"

static const struct {
	const char *name, *script;
} states[] = {
    {"connected", "!greeting\n"},
    {"connected-tls", EHLO "STARTTLS\n!tls\n"},
    {"greeted-helo", "HELO c.example\n"},
    {"greeted", EHLO},
    {"greeted-tls", EHLO "STARTTLS\n!tls\n" EHLO},
    {"authenticated", EHLO "AUTH PLAIN AGEAYg==\n"},
    {"mail", MAIL},
    {"mail-rcpt-refused", MAIL "RCPT TO:<>\n"},
    {"rcpt-binary", EHLO "MAIL FROM:<a@b.example> BODY=BINARYMIME\nRCPT TO:<c@d.example>\n"},
    {"rcpt", RCPT},
    {"chunks", RCPT "BDAT 3\n!chunk\n"},
    {"spoilt", RCPT "BDAT 3\n!chunk\nBDAT 5000\n!chunk\n"},
    {"after-message", RCPT "DATA\n!stored\n"},
    {"auth-response", EHLO "AUTH PLAIN\n"},
    {"auth-username", EHLO "AUTH LOGIN\n"},
    {"auth-password", EHLO "AUTH LOGIN\nYQ==\n"},
};

static const char *const commands[] = {
    "EHLO x.example",
    "EHLO",
    "HELO x.example",
    "HELO",
    "LHLO x.example",
    "MAIL FROM:<e@f.example>",
    "MAIL FROM:<>",
    "MAIL FROM:<e@f.example> SIZE=5000",
    "MAIL FROM:<e@f.example> FOO=1",
    "MAIL FROM: e@f.example",
    "MAIL",
    "RCPT TO:<g@h.example>",
    "RCPT TO:<Postmaster>",
    "RCPT TO:<g>",
    "RCPT TO:<>",
    "RCPT",
    "DATA",
    "DATA x",
    "BDAT 3",
    "BDAT 3 LAST",
    "BDAT 0 LAST",
    "BDAT 5000",
    "BDAT 5000 LAST",
    "BDAT x",
    "BDAT",
    "RSET",
    "RSET x",
    "NOOP",
    "NOOP x",
    "QUIT",
    "QUIT x",
    "VRFY x",
    "VRFY",
    "EXPN x",
    "HELP",
    "HELP x",
    "STARTTLS",
    "STARTTLS x",
    "AUTH",
    "AUTH PLAIN",
    "AUTH PLAIN AGEAYg==",
    "AUTH PLAIN !",
    "AUTH LOGIN",
    "AUTH LOGIN YQ==",
    "AUTH CRAM-MD5",
    "AGEAYg==",
    "YQ==",
    "*",
    "GET / HTTP/1.1",
    "",
};

#define STATES (sizeof states / sizeof *states)
#define COMMANDS (sizeof commands / sizeof *commands)
#define ROW_MAX 200

/* "250 2.1.0 -> MAIL"; a chunk is read: "[chunk discarded] 503 5.5.1 -> MAIL". */
static void run(enum strictness mode, size_t state, size_t command, char row[ROW_MAX])
{
	static struct talk t;
	const char *chunk = "";
	char replies[24];

	talk_start(&t, mode);
	if (strcmp(states[state].name, "authenticated") == 0)
		t.policy.auth = SMTP_AUTH_ACCEPT;
	talk_script(&t, states[state].script, NULL, NULL);
	talk_line(&t, commands[command], strlen(commands[command]));
	const char *over = t.v.message_over ? ", message over" : "";
	if (t.v.next == SMTP_NEXT_CHUNK) {
		chunk = t.v.chunk_discard ? "[chunk discarded] " : "[chunk] ";
		if (t.v.chunk_discard || !t.v.chunk_last)
			smtp_chunk_end(&t.s, &t.v);
		else
			smtp_message_end(&t.s, SMTP_STORED, "x", &t.v);
		over = t.v.message_over ? ", message over" : "";
	}
	/* The code, and the enhanced code where there is one. */
	size_t len = t.v.reply_len > 9 && t.v.reply[5] == '.' && t.v.reply[7] == '.' ? 9 : 3;
	snprintf(replies, sizeof replies, "%.*s", (int)len, t.v.reply);
	snprintf(row, ROW_MAX, "%-18s %-34s %s%s -> %s%s", states[state].name,
		 commands[command][0] ? commands[command] : "(empty line)", chunk, replies,
		 talk_state_name(t.s.state), over);
}

/* The rows of a mode, all or those that differ from `normal`. */
static void print_mode(FILE *out, enum strictness mode, bool all)
{
	char row[ROW_MAX], normal[ROW_MAX];

	for (size_t i = 0; i < STATES; i++) {
		for (size_t j = 0; j < COMMANDS; j++) {
			run(mode, i, j, row);
			run(STRICTNESS_NORMAL, i, j, normal);
			if (all || strcmp(row, normal) != 0)
				fprintf(out, "%s\n", row);
		}
		if (all)
			fputc('\n', out);
	}
}

static void print_matrix(FILE *out)
{
	fputs("# State x command: reply -> next state.  Made by smtp_matrix.t --print.\n\n", out);
	fputs("# Strictness normal.\n\n", out);
	print_mode(out, STRICTNESS_NORMAL, true);
	fputs("# Strictness lenient, where it differs.\n\n", out);
	print_mode(out, STRICTNESS_LENIENT, false);
	fputs("\n# Strictness strict, where it differs.\n\n", out);
	print_mode(out, STRICTNESS_STRICT, false);
}

static bool next_line(FILE *from, char line[ROW_MAX])
{
	if (fgets(line, ROW_MAX, from) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

int main(int argc, char **argv)
{
	char golden[ROW_MAX] = "", got[ROW_MAX] = "", name[512];
	const char *source = getenv("TRAP_SOURCE");

	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		print_matrix(stdout);
		return 0;
	}
	snprintf(name, sizeof name, "%s/t/golden/smtp-matrix.txt", source ? source : ".");
	FILE *reviewed = fopen(name, "r"), *matrix = tmpfile();
	if (!ok(reviewed != NULL && matrix != NULL, "the reviewed matrix can be read"))
		return tap_done();
	print_matrix(matrix);
	rewind(matrix);
	for (;;) {
		bool more = next_line(matrix, got), more_golden = next_line(reviewed, golden);
		if (!more || !more_golden) {
			ok(!more && !more_golden,
			   "the matrix has as many rows as the reviewed one");
			break;
		}
		if (got[0] != '\0' && got[0] != '#')
			is_str(got, golden, got);
	}
	fclose(reviewed);
	fclose(matrix);
	return tap_done();
}
