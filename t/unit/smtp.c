/*
 * smtp.c: test of lib/smtp: scripts and their replies, verdicts, envelope, AUTH, limits.
 *
 * What each state makes of each verb is in smtp_matrix.c.
 */
#include <config.h>

#include <stddef.h>

#include "../talk.h"
#include "../tap.h"

#define B(sym) ODDITY_BIT(sym)
#define LENIENT STRICTNESS_LENIENT
#define NORMAL STRICTNESS_NORMAL
#define STRICT STRICTNESS_STRICT
#define EHLO "EHLO c.example\n"
#define MAIL EHLO "MAIL FROM:<a@b.example>\n"
#define RCPT MAIL "RCPT TO:<c@d.example>\n"
#define X50 "01234567890123456789012345678901234567890123456789"
#define X500 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50

/* The last line's reply begins with `expected`. */
static const struct {
	const char *name;
	enum strictness mode;
	const char *script;
	const char *expected;
	uint64_t oddities; /* of the session */
} cases[] = {
    {"the greeting has the host name", NORMAL, "!greeting", "220 mx.example ESMTP\r\n", 0},
    {"HELO is answered with the host name", NORMAL, "HELO x", "250 mx.example\r\n", 0},
    {"EHLO lists the extensions", NORMAL, "EHLO x",
     "250-mx.example\r\n250-SIZE 1000\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
     "250-CHUNKING\r\n250-BINARYMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-STARTTLS\r\n"
     "250 AUTH PLAIN LOGIN\r\n",
     0},
    {"EHLO after STARTTLS does not offer it again", NORMAL, EHLO "STARTTLS\n!tls\n" EHLO,
     "250-mx.example\r\n250-SIZE 1000\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
     "250-CHUNKING\r\n250-BINARYMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n"
     "250 AUTH PLAIN LOGIN\r\n",
     0},
    {"verbs in any case", STRICT, "eHlO x\nmail from:<a@b>", "250 2.1.0", 0},
    {"DATA is answered 354", NORMAL, RCPT "DATA", "354 End", 0},
    {"a stored message is answered with its id", NORMAL, RCPT "DATA\n!stored",
     "250 2.6.0 Queued as ID1\r\n", 0},
    {"no space for a message", NORMAL, RCPT "DATA\n!nospace", "452 4.3.1", 0},
    {"a message that cannot be stored", NORMAL, RCPT "DATA\n!failed", "451 4.3.0", 0},
    {"a message that is too big", NORMAL, RCPT "DATA\n!toobig", "552 5.3.4", 0},
    {"a message that is cut off gets no reply", NORMAL, RCPT "DATA\n!aborted", "", 0},
    {"no space at MAIL", NORMAL, EHLO "%MAIL FROM:<a@b>", "452 4.3.1", 0},
    {"no space at DATA", NORMAL, RCPT "%DATA", "452 4.3.1", 0},
    {"no space at BDAT", NORMAL, RCPT "%BDAT 3\n!chunk", "452 4.3.1", 0},
    {"after no space at BDAT, RSET is due", NORMAL, RCPT "%BDAT 3\n!chunk\nBDAT 3 LAST\n!chunk",
     "503 5.5.1", B(OUT_OF_ORDER)},
    {"SIZE at the limit", NORMAL, EHLO "MAIL FROM:<a@b> SIZE=1000", "250 2.1.0", 0},
    {"SIZE past the limit", NORMAL, EHLO "MAIL FROM:<a@b> SIZE=1001", "552 5.3.4", 0},
    {"chunks at the limit", NORMAL, RCPT "BDAT 400\n!chunk\nBDAT 600\n!chunk", "250 2.0.0", 0},
    {"chunks past the limit", NORMAL, RCPT "BDAT 400\n!chunk\nBDAT 601\n!chunk", "552 5.3.4", 0},
    {"a chunk size that would overflow", NORMAL,
     RCPT "BDAT 1\n!chunk\nBDAT 999999999999999999\n"
	  "!chunk",
     "552 5.3.4", 0},
    {"a chunk size that no number holds", NORMAL, RCPT "BDAT 99999999999999999999", "501 5.5.4",
     B(BDAT_BAD_ARGUMENT)},
    {"BDAT last in any case", NORMAL, RCPT "BDAT 1 last\n!stored", "250 2.6.0", 0},
    {"BDAT that fails to store amid its chunks", NORMAL, RCPT "BDAT 1\n!nospace", "452 4.3.1", 0},
    {"then RSET is due", NORMAL, RCPT "BDAT 1\n!nospace\nMAIL FROM:<>", "503 5.5.1",
     B(OUT_OF_ORDER)},
    {"and helps", NORMAL, RCPT "BDAT 1\n!nospace\nRSET\nMAIL FROM:<>", "250 2.1.0", 0},
    {"a bad BDAT before any chunk costs nothing", NORMAL, RCPT "BDAT 5 X\nBDAT 3 LAST\n!stored",
     "250 2.6.0", B(BDAT_BAD_ARGUMENT)},
    {"the next message after a bad chunk at the end", NORMAL,
     RCPT "BDAT 5000 LAST\n!chunk\nMAIL FROM:<>", "250 2.1.0", 0},
    {"EHLO alone within a transaction is refused even if lenient", LENIENT, RCPT "EHLO", "501",
     B(HELO_MISSING_ARGUMENT)},
    {"and the transaction goes on", LENIENT, RCPT "EHLO\nDATA", "354", B(HELO_MISSING_ARGUMENT)},
    {"EHLO alone else is accepted if lenient", LENIENT, "EHLO", "250", B(HELO_MISSING_ARGUMENT)},
    {"too many sessions of an address, before the greeting", NORMAL, "!crowd",
     "421 4.7.0 mx.example Too many connections\r\n", 0},
    {"shutdown", NORMAL, EHLO "!shutdown", "421 4.3.2 mx.example Service shutting down\r\n", 0},
    {"timeout", NORMAL, EHLO "!timeout", "421 4.4.2 mx.example Timeout\r\n", 0},

    /* Lines. */
    {"a line of 512 octets", STRICT, "NOOP " X500 "01234", "250", 0},
    {"a line of 513 octets is refused if strict", STRICT, "NOOP " X500 "012345", "500 5.5.2",
     B(LONG_LINE)},
    {"else it is recorded", NORMAL, "NOOP " X500 "012345", "250", B(LONG_LINE)},
    {"a line past the limit", LENIENT, "NOOP " X500 X500 X500 X500 X50, "500 5.5.2",
     B(LINE_TOO_LONG) | B(LONG_LINE)},
    {"MAIL may be longer", STRICT,
     EHLO "MAIL FROM:<a@b> AUTH=" X50 X50 X50 X50 X50 X50 X50 X50 X50 "01234567890 ENVID=" X50 X50,
     "250", 0},
    {"a bare LF is recorded", NORMAL, "^EHLO x", "250", B(BARE_LF_COMMAND)},
    {"and refused if strict", STRICT, "^EHLO x", "500", B(BARE_LF_COMMAND)},
    {"a bare CR is refused", NORMAL, "EHLO x\ry", "500", B(BARE_CR_COMMAND)},
    {"and recorded if lenient", LENIENT, "NOOP x\ry", "250 2.0.0", B(BARE_CR_COMMAND)},
    {"8-bit is recorded", NORMAL, "NOOP \xff", "250", B(EIGHT_BIT_IN_COMMAND)},
    {"and refused if strict", STRICT, "NOOP \xff", "500", B(EIGHT_BIT_IN_COMMAND)},
    {"space before the verb", NORMAL, " \tNOOP", "250", B(LEADING_SPACE)},
    {"space behind the line", STRICT, "NOOP \t", "250", B(TRAILING_SPACE)},
    {"a tab behind the verb", NORMAL, "HELO\tx", "250", B(EXTRA_SPACE)},
    {"two spaces behind the verb", STRICT, "HELO  x", "500 Syntax error", B(EXTRA_SPACE)},
    {"an unknown verb", LENIENT, "GET / HTTP/1.1", "500 5.5.2", B(UNKNOWN_COMMAND)},
    {"LHLO is one", LENIENT, "LHLO x", "500 5.5.2", B(UNKNOWN_COMMAND)},
    {"an empty line", LENIENT, "\n", "500 5.5.2", B(EMPTY_LINE)},

    /* EHLO and HELO. */
    {"an address literal", STRICT, "EHLO [IPv6:2001:db8::1]", "250", 0},
    {"an address without brackets", NORMAL, "EHLO 192.0.2.1", "250", B(HELO_ADDRESS_UNBRACKETED)},
    {"is refused if strict", STRICT, "HELO 2001:db8::1", "501 Syntax", B(HELO_ADDRESS_UNBRACKETED)},
    {"an underscore in EHLO", NORMAL, "EHLO a_b", "250", B(HELO_BAD_SYNTAX)},
    {"two words in EHLO", NORMAL, "EHLO a b", "250", B(HELO_BAD_SYNTAX)},
    {"no argument", NORMAL, "EHLO", "501 Syntax", B(HELO_MISSING_ARGUMENT)},

    /* MAIL and RCPT. */
    {"space before the colon", NORMAL, EHLO "MAIL FROM :<a@b>", "250", B(SPACE_BEFORE_COLON)},
    {"space after the colon", NORMAL, EHLO "MAIL FROM: <a@b>", "250", B(SPACE_AFTER_COLON)},
    {"is refused if strict", STRICT, EHLO "MAIL FROM: <a@b>", "501 5.5.4", B(SPACE_AFTER_COLON)},
    {"no colon is refused", NORMAL, EHLO "MAIL FROM <a@b>", "501 5.5.4", B(MISSING_COLON)},
    {"and understood if lenient", LENIENT, EHLO "MAIL FROM<a@b>", "250", B(MISSING_COLON)},
    {"FROM must be there", LENIENT, EHLO "MAIL <a@b>", "501 5.5.4", 0},
    {"FROMX is not FROM", LENIENT, EHLO "MAIL FROMX:<a@b>", "501 5.5.4", 0},
    {"no brackets", NORMAL, EHLO "MAIL FROM:a@b", "250", B(NO_ANGLE_BRACKETS)},
    {"bad sender if strict", STRICT, EHLO "MAIL FROM:a@b", "501 5.1.7", B(NO_ANGLE_BRACKETS)},
    {"bad recipient if strict", STRICT, MAIL "RCPT TO:a@b", "501 5.1.3", B(NO_ANGLE_BRACKETS)},
    {"no recipient", LENIENT, MAIL "RCPT TO:", "501 5.1.3", B(EMPTY_PATH)},
    {"no sender if lenient", LENIENT, EHLO "MAIL FROM:", "250", B(EMPTY_PATH)},
    {"no sender else", NORMAL, EHLO "MAIL FROM:", "501 5.5.4", B(EMPTY_PATH)},
    {"a source route", STRICT, MAIL "RCPT TO:<@x:a@b>", "250", B(SOURCE_ROUTE)},
    {"UTF-8 with SMTPUTF8", STRICT, EHLO "MAIL FROM:<\xc3\xb6@b> SMTPUTF8\nRCPT TO:<\xc3\xb6@b>",
     "250 2.1.5", 0},
    {"UTF-8 without", NORMAL, EHLO "MAIL FROM:<\xc3\xb6@b>", "250", B(UTF8_UNDECLARED)},
    {"UTF-8 without, strict", STRICT, EHLO "MAIL FROM:<\xc3\xb6@b>", "553 5.6.7",
     B(UTF8_UNDECLARED)},
    {"UTF-8 without at RCPT, strict", STRICT, MAIL "RCPT TO:<\xc3\xb6@b>", "553 5.6.7",
     B(UTF8_UNDECLARED)},
    {"8-bit that is not UTF-8", NORMAL, EHLO "MAIL FROM:<\xf6@b> SMTPUTF8", "501 5.1.7",
     B(NOT_UTF8)},
    {"an unknown parameter", NORMAL, EHLO "MAIL FROM:<> X=1", "555 5.5.4", B(UNKNOWN_PARAMETER)},
    {"is recorded if lenient", LENIENT, EHLO "MAIL FROM:<> X=1", "250", B(UNKNOWN_PARAMETER)},
    {"a bad parameter", NORMAL, EHLO "MAIL FROM:<> SIZE=x", "501 5.5.4", B(BAD_PARAMETER)},
    {"a parameter twice", NORMAL, EHLO "MAIL FROM:<> SIZE=1 SIZE=1", "501 5.5.4",
     B(DUPLICATE_PARAMETER)},
    {"a parameter after HELO", NORMAL, "HELO x\nMAIL FROM:<> SIZE=1", "250", B(ESMTP_AFTER_HELO)},
    {"is refused if strict", STRICT, "HELO x\nMAIL FROM:<> SIZE=1", "503 5.5.1",
     B(ESMTP_AFTER_HELO)},
    {"DSN parameters", STRICT,
     EHLO "MAIL FROM:<a@b> RET=HDRS ENVID=x\n"
	  "RCPT TO:<c@d> NOTIFY=NEVER ORCPT=rfc822;c@d",
     "250 2.1.5", 0},
    {"binary data does not come by DATA", NORMAL,
     EHLO "MAIL FROM:<> BODY=BINARYMIME\nRCPT TO:<a@b>\nDATA", "503 5.5.1", 0},

    /* Pipelining. */
    {"a group after it was offered", NORMAL, EHLO "~MAIL FROM:<>\n~RCPT TO:<a@b>\nDATA", "354", 0},
    {"a group before", NORMAL, "HELO x\n~MAIL FROM:<>", "250", B(PIPELINED_EARLY)},
    {"more behind the first EHLO", NORMAL, "~EHLO x", "250",
     B(PIPELINED_EARLY) | B(PIPELINED_ACROSS)},
    {"more behind DATA", NORMAL, RCPT "~DATA", "354", B(PIPELINED_ACROSS)},
    {"a chunk behind BDAT", NORMAL, RCPT "~BDAT 3\n!chunk", "250", 0},
    {"more behind STARTTLS", NORMAL, EHLO "~STARTTLS", "220 2.0.0", B(TLS_INJECTED)},

    /* STARTTLS. */
    {"TLS that is not available", NORMAL, EHLO "@STARTTLS", "454 4.7.0", 0},
    {"STARTTLS twice", LENIENT, EHLO "STARTTLS\n!tls\n" EHLO "STARTTLS", "503 5.5.1", 0},
    {"STARTTLS with an argument", LENIENT, EHLO "STARTTLS x", "501 5.5.4", B(UNEXPECTED_ARGUMENT)},
    {"after STARTTLS the greeting is gone", NORMAL, EHLO "STARTTLS\n!tls\nMAIL FROM:<>",
     "503 5.5.1 EHLO", B(MAIL_BEFORE_HELO)},
    {"after STARTTLS the envelope is gone", NORMAL, RCPT "STARTTLS\n!tls\n" EHLO "DATA",
     "503 5.5.1 MAIL", B(OUT_OF_ORDER)},
};

static void test_table(void)
{
	static struct talk t;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].expected);
		talk_start(&t, cases[i].mode);
		talk_script(&t, cases[i].script, NULL, NULL);
		bool good = t.v.reply_len >= len &&
			    memcmp(t.v.reply, cases[i].expected, len) == 0 &&
			    (len > 0 || t.v.reply_len == 0) && t.s.oddities == cases[i].oddities;
		if (ok(good && talk_illegal(&t.v) == NULL, "%s", cases[i].name))
			continue;
		tap_show("reply", t.v.reply, t.v.reply_len);
		for (int o = 0; o < ODDITY_COUNT; o++)
			if ((t.s.oddities ^ cases[i].oddities) & UINT64_C(1) << o)
				printf("# oddity %s\n", oddity_table[o].name);
	}
}

static void say(struct talk *t, const char *line)
{
	talk_line(t, line, strlen(line));
}

static bool is(struct span s, const char *text)
{
	return s.len == strlen(text) && (s.len == 0 || memcmp(s.bytes, text, s.len) == 0);
}

static void test_verdicts(void)
{
	static const struct {
		const char *name, *script;
		enum smtp_next next;
		bool flush;
	} rows[] = {
	    {"a command alone is answered at once", "EHLO x", SMTP_NEXT_COMMAND, true},
	    {"within a group the reply may wait", EHLO "~MAIL FROM:<>", SMTP_NEXT_COMMAND, false},
	    {"EHLO ends a group", "~EHLO x", SMTP_NEXT_COMMAND, true},
	    {"NOOP ends a group", EHLO "~NOOP", SMTP_NEXT_COMMAND, true},
	    {"VRFY ends a group", EHLO "~VRFY x", SMTP_NEXT_COMMAND, true},
	    {"RSET does not", EHLO "~RSET", SMTP_NEXT_COMMAND, false},
	    {"DATA ends a group", RCPT "~DATA", SMTP_NEXT_DATA, true},
	    {"DATA that is refused does too", EHLO "~DATA", SMTP_NEXT_COMMAND, true},
	    {"BDAT", RCPT "~BDAT 3", SMTP_NEXT_CHUNK, true},
	    {"BDAT in a wrong place", EHLO "~BDAT 3", SMTP_NEXT_CHUNK, true},
	    {"AUTH", EHLO "AUTH PLAIN", SMTP_NEXT_AUTH, true},
	    {"STARTTLS", EHLO "STARTTLS", SMTP_NEXT_STARTTLS, true},
	    {"QUIT", "~QUIT", SMTP_NEXT_CLOSE, true},
	};
	static struct talk t;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		talk_start(&t, NORMAL);
		talk_script(&t, rows[i].script, NULL, NULL);
		ok(t.v.next == rows[i].next && t.v.flush == rows[i].flush, "%s", rows[i].name);
	}
	talk_start(&t, NORMAL);
	talk_script(&t, RCPT "BDAT 123456789 LAST", NULL, NULL);
	ok(t.v.chunk_size == 123456789 && t.v.chunk_last && t.v.chunk_discard && t.v.code == 0,
	   "BDAT says how much is to be read, and not yet what becomes of it");
}

static void test_unfinished(void)
{
	static struct talk t;
	struct smtp_input in = {.line = {.text = {(const uint8_t *)"EHLO x", 6}, .eol = EOL_NONE}};

	talk_start(&t, LENIENT);
	smtp_command(&t.s, &in, &t.v);
	ok(t.v.next == SMTP_NEXT_CLOSE && t.v.reply_len == 0 && t.s.helo_len == 0 &&
	       t.s.oddities == B(UNFINISHED_COMMAND) && t.v.end == SMTP_END_CLIENT_CLOSED,
	   "a command that the end of input cut is not carried out");
}

static void test_nul(void)
{
	static struct talk t;

	talk_start(&t, LENIENT);
	talk_line(&t, "EHLO a\0b", 8);
	is_int(t.v.code, 250, "NUL in a command is accepted if lenient");
	is_mem(t.s.helo, t.s.helo_len, "a\0b", 3, "the argument of EHLO is kept exact");
	ok(t.s.oddities == (B(NUL_IN_COMMAND) | B(HELO_BAD_SYNTAX)), "and it is recorded");
	talk_start(&t, NORMAL);
	talk_line(&t, "EHLO a\0b", 8);
	is_int(t.v.code, 500, "NUL in a command is refused else");
}

static void test_envelope(void)
{
	static struct talk t;
	struct smtp_envelope *e = &t.s.envelope;
	struct smtp_recipient r;
	size_t at = 0;

	talk_start(&t, NORMAL);
	talk_script(&t,
		    EHLO "MAIL FROM:<@x:A@b>  SIZE=10 BODY=8BITMIME\nRCPT TO:<>\n"
			 "RCPT TO:<Postmaster>\nRCPT TO:<\"x y\"@d> NOTIFY=NEVER\nDATA",
		    NULL, NULL);
	ok(is(e->reverse_path, "A@b"), "the reverse-path is kept without brackets and route");
	ok(is(e->mail_params, "SIZE=10 BODY=8BITMIME"), "its parameters are kept as sent");
	ok(e->size_declared == 10 && e->body == BODY_8BITMIME && !e->smtputf8, "and understood");
	ok(e->recipients == 2 && e->refused == 1, "recipients are counted");
	ok(smtp_recipient_next(e, &at, &r) && is(r.address, "Postmaster") && is(r.params, ""),
	   "the first recipient");
	ok(smtp_recipient_next(e, &at, &r) && is(r.address, "\"x y\"@d") &&
	       is(r.params, "NOTIFY=NEVER"),
	   "the second recipient");
	ok(!smtp_recipient_next(e, &at, &r), "and no more");
	ok(e->oddities == B(SOURCE_ROUTE), "the transaction's oddities are those of its commands");
	talk_act(&t, (struct span){(const uint8_t *)"!stored", 7});
	ok(is(e->reverse_path, "A@b") && e->recipients == 2,
	   "it can be read after the message's end");
	say(&t, "NOOP");
	ok(e->reverse_path.len == 0 && e->recipients == 0 && e->oddities == 0 && e->arena_len == 0,
	   "and is gone with the next command");
	talk_script(&t, "MAIL FROM:<>\nRCPT TO:<a@b>\nBDAT 0 LAST", NULL, NULL);
	ok(e->chunked, "chunks are told from DATA");
}

static void test_arena(void)
{
	static struct talk t;
	char line[100];
	unsigned accepted = 0;

	talk_start(&t, NORMAL);
	t.s.envelope.arena_cap = 100;
	talk_script(&t, EHLO "MAIL FROM:<0123456789>", NULL, NULL);
	for (int i = 0; i < 10; i++) {
		snprintf(line, sizeof line, "RCPT TO:<user%d@d.example>", i);
		say(&t, line);
		accepted += t.v.code == 250;
	}
	is_int(accepted, 3, "as many recipients as the arena has room for");
	ok(memcmp(t.v.reply, "452 4.5.3", 9) == 0, "then 452 4.5.3");
	ok(t.s.count.recipients_accepted == 3 && t.s.count.recipients_rejected == 7,
	   "both are counted");
	say(&t, "DATA");
	is_int(t.v.code, 354, "those accepted get the message");
	talk_start(&t, NORMAL);
	t.s.envelope.arena_cap = 5;
	talk_script(&t, EHLO "MAIL FROM:<012345>", NULL, NULL);
	is_int(t.v.code, 452, "a sender that does not fit gets 452");
}

static const struct {
	const char *name;
	enum strictness mode;
	bool secrets;
	const char *script;
	int code;
	enum smtp_auth_verdict verdict;
	const char *mechanism, *identity, *authzid, *secret;
	bool identity_raw, secret_raw;
} attempts[] = {
    {"PLAIN with initial response", NORMAL, true, EHLO "AUTH PLAIN AGEAYg==", 535,
     SMTP_AUTH_REFUSED, "PLAIN", "a", "", "b", false, false},
    {"PLAIN without", NORMAL, true, EHLO "AUTH pLain\nAGEAYg==", 535, SMTP_AUTH_REFUSED, "pLain",
     "a", "", "b", false, false},
    {"PLAIN with authzid", NORMAL, true, EHLO "AUTH PLAIN enoAYQBi", 535, SMTP_AUTH_REFUSED,
     "PLAIN", "a", "zz", "b", false, false},
    {"secrets are left out", NORMAL, false, EHLO "AUTH PLAIN AGEAYg==", 535, SMTP_AUTH_REFUSED,
     "PLAIN", "a", "", "", false, false},
    {"PLAIN with one NUL", NORMAL, true, EHLO "AUTH PLAIN YQBi", 535, SMTP_AUTH_REFUSED, "PLAIN",
     "a", "", "b", false, false},
    {"PLAIN with one NUL, strict", STRICT, true, EHLO "AUTH PLAIN YQBi", 501, SMTP_AUTH_BROKEN,
     "PLAIN", "a", "", "b", false, false},
    {"PLAIN without NUL", NORMAL, true, EHLO "AUTH PLAIN YWI=", 535, SMTP_AUTH_REFUSED, "PLAIN", "",
     "", "ab", false, true},
    {"PLAIN that is empty", NORMAL, true, EHLO "AUTH PLAIN =", 535, SMTP_AUTH_REFUSED, "PLAIN", "",
     "", "", false, true},
    {"PLAIN that is not base64", NORMAL, true, EHLO "AUTH PLAIN aGe!", 501, SMTP_AUTH_BROKEN,
     "PLAIN", "", "", "aGe!", false, true},
    {"and its secret left out", NORMAL, false, EHLO "AUTH PLAIN aGe!", 501, SMTP_AUTH_BROKEN,
     "PLAIN", "", "", "", false, true},
    {"LOGIN", NORMAL, true, EHLO "AUTH LOGIN\nSm9l\nU2VDcmV0", 535, SMTP_AUTH_REFUSED, "LOGIN",
     "Joe", "", "SeCret", false, false},
    {"LOGIN with initial response", NORMAL, true, EHLO "AUTH LOGIN Sm9l\nU2VDcmV0", 535,
     SMTP_AUTH_REFUSED, "LOGIN", "Joe", "", "SeCret", false, false},
    {"LOGIN with a user name as it is", NORMAL, true, EHLO "AUTH LOGIN\nJoe", 501, SMTP_AUTH_BROKEN,
     "LOGIN", "Joe", "", "", true, false},
    {"LOGIN with a password as it is", NORMAL, true, EHLO "AUTH LOGIN\nSm9l\nhunter2", 501,
     SMTP_AUTH_BROKEN, "LOGIN", "Joe", "", "hunter2", false, true},
    {"LOGIN with empty answers", NORMAL, true, EHLO "AUTH LOGIN\n\n\n", 535, SMTP_AUTH_REFUSED,
     "LOGIN", "", "", "", false, false},
    {"cancelled", NORMAL, true, EHLO "AUTH LOGIN\nSm9l\n*", 501, SMTP_AUTH_CANCELLED, "LOGIN",
     "Joe", "", "", false, false},
    {"an unknown mechanism", NORMAL, true, EHLO "AUTH XOAUTH2 dXNlcg==", 504, SMTP_AUTH_UNKNOWN,
     "XOAUTH2", "", "", "dXNlcg==", false, true},
    {"the session ends within", NORMAL, true, EHLO "AUTH LOGIN\nSm9l\n!timeout", 421,
     SMTP_AUTH_CANCELLED, "LOGIN", "Joe", "", "", false, false},
};

static void test_auth(void)
{
	static struct talk t;

	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		talk_start(&t, attempts[i].mode);
		t.policy.auth_secrets = attempts[i].secrets;
		talk_script(&t, attempts[i].script, NULL, NULL);
		const struct smtp_auth_attempt *a = t.v.auth;
		is_int(t.v.code, attempts[i].code, attempts[i].name);
		if (ok(a != NULL && a->verdict == attempts[i].verdict &&
			   is(a->mechanism, attempts[i].mechanism) &&
			   is(a->identity, attempts[i].identity) &&
			   is(a->authzid, attempts[i].authzid) &&
			   is(a->secret, attempts[i].secret) &&
			   a->identity_raw == attempts[i].identity_raw &&
			   a->secret_raw == attempts[i].secret_raw,
		       "%s: is reported", attempts[i].name) ||
		    a == NULL)
			continue;
		tap_show("identity", a->identity.bytes, a->identity.len);
		tap_show("secret", a->secret.bytes, a->secret.len);
	}
}

static void test_auth_accepted(void)
{
	static struct talk t;

	talk_start(&t, NORMAL);
	t.policy.auth = SMTP_AUTH_ACCEPT;
	talk_script(&t, EHLO "AUTH PLAIN AGEAYg==", NULL, NULL);
	ok(memcmp(t.v.reply, "235 2.7.0", 9) == 0 && t.v.auth->verdict == SMTP_AUTH_ACCEPTED,
	   "AUTH is accepted where the policy says so");
	say(&t, "AUTH PLAIN AGEAYg==");
	is_int(t.v.code, 503, "and then not again");
	ok(t.v.auth == NULL && t.s.auth.used == 0, "the attempt is forgotten at the next command");
	talk_script(&t, EHLO "STARTTLS\n!tls\n" EHLO "AUTH PLAIN AGEAYg==", NULL, NULL);
	is_int(t.v.code, 235, "but again after STARTTLS");
}

static void test_secret_at(void)
{
	static const struct {
		const char *name, *script;
		size_t at;
	} rows[] = {
	    {"PLAIN's initial response is a secret", EHLO "AUTH PLAIN AGEAYg==", 11},
	    {"also with spaces", EHLO " AUTH  PLAIN  AGEAYg==", 14},
	    {"also in a wrong place", MAIL "AUTH PLAIN AGEAYg==", 11},
	    {"also of an unknown mechanism", EHLO "AUTH X AGEAYg==", 7},
	    {"PLAIN's response is", EHLO "AUTH PLAIN\nAGEAYg==", 0},
	    {"LOGIN's user name is not", EHLO "AUTH LOGIN\nYQ==", SMTP_NO_SECRET},
	    {"nor as initial response", EHLO "AUTH LOGIN YQ==", SMTP_NO_SECRET},
	    {"but more behind it may be", EHLO "AUTH LOGIN YQ== YQ==", 11},
	    {"LOGIN's password is", EHLO "AUTH LOGIN\nYQ==\nYQ==", 0},
	    {"* is not", EHLO "AUTH LOGIN\nYQ==\n*", SMTP_NO_SECRET},
	    {"AUTH without more has none", EHLO "AUTH PLAIN", SMTP_NO_SECRET},
	    {"other commands have none", EHLO, SMTP_NO_SECRET},
	};
	static struct talk t;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		talk_start(&t, NORMAL);
		talk_script(&t, rows[i].script, NULL, NULL);
		ok(t.v.secret_at == rows[i].at, "%s", rows[i].name);
	}
}

static void test_auth_limits(void)
{
	static struct talk t;
	static char line[LINE_AUTH_MAX + 2];

	talk_start(&t, NORMAL);
	is_int((int64_t)smtp_line_limit(&t.s), LINE_COMMAND_MAX, "commands have their limit");
	talk_script(&t, EHLO "AUTH LOGIN", NULL, NULL);
	is_int((int64_t)smtp_line_limit(&t.s), LINE_AUTH_MAX, "responses to AUTH have another");
	memset(line, 'A', sizeof line);
	talk_line(&t, line, LINE_AUTH_MAX);
	talk_line(&t, line, LINE_AUTH_MAX);
	ok(t.v.code == 535 && t.v.auth->identity.len == LINE_AUTH_MAX / 4 * 3 &&
	       t.v.auth->secret.len == LINE_AUTH_MAX / 4 * 3,
	   "user name and password at the limit");
	say(&t, "AUTH LOGIN");
	talk_line(&t, line, LINE_AUTH_MAX + 1);
	ok(memcmp(t.v.reply, "500 5.5.6", 9) == 0 && t.v.auth->verdict == SMTP_AUTH_BROKEN,
	   "a response past the limit ends the exchange");
	say(&t, "NOOP");
	is_int(t.v.code, 250, "and the next line is a command");
	say(&t, "AUTH");
	is_int(t.v.code, 501, "AUTH without a mechanism");
	line[0] = '!';
	talk_script(&t, "AUTH LOGIN\nQQ==", NULL, NULL);
	talk_line(&t, line, LINE_AUTH_MAX);
	ok(t.v.code == 501 && t.v.auth->secret.len == LINE_AUTH_MAX,
	   "a response at the limit that is not base64 is kept whole");
}

static void test_wiped(void)
{
	static struct talk t;

	talk_start(&t, NORMAL);
	t.policy.auth_secrets = false;
	talk_script(&t, EHLO "AUTH PLAIN AGEAc2VjcmV0", NULL, NULL);
	ok(memmem(t.s.auth.memory, sizeof t.s.auth.memory, "secret", 6) == NULL,
	   "a secret that is not wanted is wiped at once");
	talk_start(&t, NORMAL);
	talk_script(&t, EHLO "AUTH PLAIN AGEAc2VjcmV0", NULL, NULL);
	ok(memmem(t.s.auth.memory, sizeof t.s.auth.memory, "secret", 6) != NULL,
	   "one that is wanted is there");
	say(&t, "NOOP");
	ok(memmem(t.s.auth.memory, sizeof t.s.auth.memory, "secret", 6) == NULL,
	   "until the next command");
}

static void test_limits(void)
{
	static struct talk t;

	talk_start(&t, NORMAL);
	t.policy.max_errors = 2;
	talk_script(&t, "X\nX", NULL, NULL);
	is_int(t.v.code, 500, "as many errors as allowed");
	say(&t, "X");
	ok(memcmp(t.v.reply, "421 4.7.0 mx.example Too many errors\r\n", 38) == 0 &&
	       t.v.next == SMTP_NEXT_CLOSE && t.v.end == SMTP_END_TOO_MANY_ERRORS,
	   "one error more gets 421");
	talk_start(&t, NORMAL);
	t.policy.max_errors = 1;
	talk_script(&t, "BDAT 1\n!chunk\nBDAT 1\n!chunk", NULL, NULL);
	ok(t.v.code == 421 && t.v.next == SMTP_NEXT_CLOSE, "also at the end of a chunk");

	talk_start(&t, NORMAL);
	t.policy.max_commands = 2;
	talk_script(&t, EHLO "NOOP", NULL, NULL);
	is_int(t.v.code, 250, "as many commands as allowed");
	say(&t, "BDAT 1");
	ok(t.v.code == 421 && t.v.next == SMTP_NEXT_CLOSE && t.v.end == SMTP_END_LIMIT,
	   "one command more gets 421");

	talk_start(&t, NORMAL);
	t.policy.max_messages = 1;
	talk_script(&t, RCPT "DATA\n!stored\nMAIL FROM:<>", NULL, NULL);
	ok(t.v.code == 421 && t.v.end == SMTP_END_LIMIT, "one message more gets 421");

	talk_start(&t, NORMAL);
	t.policy.max_recipients = 2;
	talk_script(&t, RCPT "RCPT TO:<x@y>", NULL, NULL);
	is_int(t.v.code, 250, "as many recipients as allowed");
	say(&t, "RCPT TO:<x@y>");
	ok(memcmp(t.v.reply, "452 4.5.3", 9) == 0, "one recipient more gets 452");
}

static void test_counters(void)
{
	static struct talk t;
	const struct smtp_counters *c = &t.s.count;

	talk_start(&t, NORMAL);
	is_str(smtp_phase_name(t.s.phase), "connect", "the phase at first");
	talk_script(&t, EHLO, NULL, NULL);
	is_str(smtp_phase_name(t.s.phase), "helo", "the phase after EHLO");
	talk_script(&t, "MAIL FROM:<>", NULL, NULL);
	is_str(smtp_phase_name(t.s.phase), "mail", "the phase after MAIL");
	talk_script(&t, "RCPT TO:<a@b>\nRCPT TO:<>\nDATA", NULL, NULL);
	is_str(smtp_phase_name(t.s.phase), "data", "the phase after DATA");
	talk_script(&t,
		    "!toobig\n"
		    "MAIL FROM:<>\nRCPT TO:<a@b>\nDATA\n!stored\nRSET",
		    NULL, NULL);
	is_str(smtp_phase_name(t.s.phase), "message", "the furthest phase stays");
	talk_script(&t, "MAIL FROM:<>\nRCPT TO:<a@b>\nBDAT 1\n!chunk\nRSET\nX", NULL, NULL);
	ok(c->commands == 14 && c->errors == 3, "commands and errors are counted");
	ok(c->recipients_accepted == 3 && c->recipients_rejected == 1, "recipients are counted");
	ok(c->messages_accepted == 1 && c->messages_rejected == 2 && c->mails == 3,
	   "messages are counted, the aborted one among the rejected");
}

static void test_tls_started(void)
{
	static struct talk t;

	talk_start(&t, NORMAL);
	t.policy.auth = SMTP_AUTH_ACCEPT;
	talk_script(&t, EHLO "AUTH PLAIN AGEAYg==\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nSTARTTLS\n!tls",
		    NULL, NULL);
	struct smtp fresh = t.s;
	smtp_init(&fresh, &t.policy, t.arena, sizeof t.arena);
	fresh.tls = true;
	fresh.phase = t.s.phase;
	fresh.oddities = t.s.oddities;
	fresh.count = t.s.count;
	fresh.resume = t.s.resume;
	fresh.reply_len = t.s.reply_len;
	memcpy(fresh.reply, t.s.reply, sizeof fresh.reply);
	fresh.auth.step = t.s.auth.step;
	memcpy(fresh.auth.mechanism, t.s.auth.mechanism, sizeof fresh.auth.mechanism);
	ok(memcmp(&fresh, &t.s, offsetof(struct smtp, auth.memory)) == 0,
	   "after STARTTLS nothing is known but what the record needs");
	is_int((int64_t)t.s.count.commands, 5, "the counters go on");
}

static void test_extensions_off(void)
{
	static const struct {
		const char *name, *script;
		const char *expected;
	} rows[] = {
	    {"EHLO with nothing to offer", "EHLO x", "250 mx.example\r\n"},
	    {"no enhanced status codes", EHLO "NOOP", "250 Ok\r\n"},
	    {"STARTTLS is not implemented", EHLO "STARTTLS", "502 "},
	    {"AUTH is not implemented", EHLO "AUTH PLAIN", "502 "},
	    {"BDAT is not implemented", EHLO "BDAT x", "502 "},
	    {"SIZE is not known", EHLO "MAIL FROM:<> SIZE=1", "555 "},
	};
	static struct talk t;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		talk_start(&t, NORMAL);
		t.policy.extensions = 0;
		talk_script(&t, rows[i].script, NULL, NULL);
		ok(memcmp(t.v.reply, rows[i].expected, strlen(rows[i].expected)) == 0, "%s",
		   rows[i].name);
	}
}

static void test_hostile_policy(void)
{
	static struct talk t;
	static char host[600], banner[600];

	talk_start(&t, NORMAL);
	memset(host, 'h', sizeof host - 1);
	memset(banner, '\n', sizeof banner - 1);
	t.policy.hostname = host;
	t.policy.banner = banner;
	smtp_greeting(&t.s, &t.v);
	is_str(talk_illegal(&t.v) ? talk_illegal(&t.v) : "legal", "legal",
	       "a host name and banner that are too long give a legal greeting");
	talk_script(&t, EHLO, NULL, NULL);
	ok(talk_illegal(&t.v) == NULL && t.v.reply_len > 255, "and a legal EHLO reply");
	talk_script(&t, "MAIL FROM:<>\nRCPT TO:<a@b>\nDATA", NULL, NULL);
	smtp_message_end(&t.s, SMTP_STORED, banner, &t.v);
	ok(talk_illegal(&t.v) == NULL, "an id of line ends gives a legal reply");
}

static void test_names(void)
{
	for (int o = 0; o < ODDITY_COUNT; o++)
		if (!ok(oddity_table[o].name[0] != '\0' && oddity_table[o].doc[0] != '\0',
			"oddity %s is documented", oddity_table[o].name))
			break;
	ok((oddity_refused(LENIENT) & ~oddity_refused(NORMAL)) == 0 &&
	       (oddity_refused(NORMAL) & ~oddity_refused(STRICT)) == 0,
	   "a stricter mode refuses all that a milder one does");
}

int main(void)
{
	test_table();
	test_verdicts();
	test_unfinished();
	test_nul();
	test_envelope();
	test_arena();
	test_auth();
	test_auth_accepted();
	test_secret_at();
	test_auth_limits();
	test_wiped();
	test_limits();
	test_counters();
	test_tls_started();
	test_extensions_off();
	test_hostile_policy();
	test_names();
	return tap_done();
}
