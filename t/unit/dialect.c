/*
 * A line's form keeps how it is said and nothing of what; each form counts once; the digests have
 * their parts as doc/DIALECT.md says; and what is beyond the bounds is not looked at.
 */
#include <config.h>

#include <stdlib.h>

#include "../tap.h"
#include "dialect.h"
#include "dialect_form.h"
#include "digest.h"

static struct line line_of(const char *text)
{
	return (struct line){.text = {(const uint8_t *)text, strlen(text)}, .eol = EOL_CRLF};
}

/* ---- forms ---- */

static const struct {
	const char *line, *form;
} forms[] = {
    /* verbs */
    {"", "{}"},
    {" \t ", "{}"},
    {"DATA", "DATA"},
    {"data", "data"},
    {"Data", "Data"},
    {"dATA", "~DATA"},
    {"DaTa", "~DATA"},
    {" QUIT", " QUIT"},
    {"   QUIT", "  QUIT"},
    {"\tQUIT", "\\tQUIT"},
    {"QUIT ", "QUIT "},
    {"QUIT   ", "QUIT  "},
    {"QUIT now", "QUIT {arg}"},
    {"QUIT now ", "QUIT {arg} "},
    {"RSET\tx", "RSET\\t{arg}"},
    {"STARTTLS", "STARTTLS"},
    {"DATA\r", "{bytes}"},
    {"GET / HTTP/1.1", "GET {arg}"},
    {"Host: x", "{?}"},
    {"MAILFROM:<a@b>", "{?}"},
    {"\x16\x03\x01", "{bytes}"},
    {"caf\xc3\xa9", "{bytes}"},
    /* greetings */
    {"EHLO", "EHLO"},
    {"EHLO ", "EHLO "},
    {"EHLO mx.example.org", "EHLO {fqdn}"},
    {"ehlo mx.example.org.", "ehlo {fqdn.}"},
    {"HELO  HOST", "HELO  {name}"},
    {"HELO host ", "HELO {name} "},
    {"HELO my_host.example", "HELO {name_}"},
    {"HELO localhost", "HELO {localhost}"},
    {"HELO LOCALHOST.localdomain", "HELO {localhost}"},
    {"HELO localhosts", "HELO {name}"},
    {"HELO 192.0.2.1", "HELO {4}"},
    {"HELO 192.0.2.256", "HELO {fqdn}"},
    {"HELO 192.0.2.0001", "HELO {fqdn}"},
    {"HELO 192.0.2", "HELO {fqdn}"},
    {"HELO 2001:db8::1", "HELO {6}"},
    {"HELO 2001:db8::x", "HELO {other}"},
    {"HELO [192.0.2.1]", "HELO {[4]}"},
    {"HELO [IPv6:2001:db8::1]", "HELO {[6]}"},
    {"HELO [ipv6:]", "HELO {[6]}"},
    {"HELO [2001:db8::1]", "HELO {[?]}"},
    {"HELO [192.0.2.1", "HELO {[?]}"},
    {"HELO [", "HELO {[?]}"},
    {"HELO []", "HELO {[?]}"},
    {"HELO .", "HELO {other}"},
    {"HELO .x", "HELO {other}"},
    {"HELO x..y", "HELO {other}"},
    {"HELO x..", "HELO {other}"},
    {"HELO <x>", "HELO {other}"},
    {"HELO two words", "HELO {words}"},
    {"HELO x\x01", "HELO {bytes}"},
    {"HELO x \xff", "HELO {bytes}"},
    /* paths */
    {"MAIL FROM:<a@b.c>", "MAIL FROM:<{a}>"},
    {"mail from:<a@b.c>", "mail from:<{a}>"},
    {"MAIL From:<a@b.c>", "MAIL From:<{a}>"},
    {"MAIL fROM:<a@b.c>", "MAIL ~FROM:<{a}>"},
    {"MAIL FROM: <a@b.c>", "MAIL FROM: <{a}>"},
    {"MAIL FROM : <a@b.c>", "MAIL FROM : <{a}>"},
    {"MAIL FROM <a@b.c>", "MAIL FROM <{a}>"},
    {"MAIL FROM:\t<a@b.c>", "MAIL FROM:\\t<{a}>"},
    {"MAIL FROM:<>", "MAIL FROM:<>"},
    {"MAIL FROM:", "MAIL FROM:"},
    {"MAIL FROM: ", "MAIL FROM: "},
    {"MAIL FROM", "MAIL FROM"},
    {"MAIL FROM:a@b.c", "MAIL FROM:{a}"},
    {"MAIL FROM:<a>", "MAIL FROM:<{l}>"},
    {"MAIL FROM:a", "MAIL FROM:{l}"},
    {"MAIL FROM:<@x:a@b>", "MAIL FROM:<{route}>"},
    {"MAIL FROM:< a@b.c >", "MAIL FROM:< {a} >"},
    {"MAIL FROM:<  >", "MAIL FROM:< >"},
    {"MAIL FROM:<a@b.c", "MAIL FROM:<{a}"},
    {"MAIL FROM:< a@b.c", "MAIL FROM:< {p}"},
    {"MAIL FROM:<a@b.c>>", "MAIL FROM:<{a}>{+}"},
    {"MAIL FROM:<a@b.c> ", "MAIL FROM:<{a}> "},
    {"MAIL FROM:Bob <a@b.c>", "MAIL FROM:{l} {p}"},
    {"MAIL TO:<a@b.c>", "MAIL {arg}"},
    {"MAIL", "MAIL"},
    {"MAIL ", "MAIL "},
    {"RCPT TO:<a@b.c>", "RCPT TO:<{a}>"},
    {"RCPT to:<a@b.c>", "RCPT to:<{a}>"},
    {"RCPT FROM:<a@b.c>", "RCPT {arg}"},
    {"RCPT TOM:<a@b.c>", "RCPT {arg}"},
    /* parameters */
    {"MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME", "MAIL FROM:<{a}> SIZE={n} BODY={v}"},
    {"MAIL FROM:<a@b> size=1k", "MAIL FROM:<{a}> size={v}"},
    {"MAIL FROM:<a@b> sIZE=", "MAIL FROM:<{a}> ~SIZE="},
    {"MAIL FROM:<a@b>  SMTPUTF8", "MAIL FROM:<{a}>  SMTPUTF8"},
    {"MAIL FROM:<a@b> AUTH=<>", "MAIL FROM:<{a}> AUTH={v}"},
    {"MAIL FROM:<a@b> FOO BAR=1 =x =", "MAIL FROM:<{a}> {p} {p}={n} {p}={v} {p}="},
    {"MAIL FROM:<a@b> A B C D E F ", "MAIL FROM:<{a}> {p} {p} {p} {p} {p} {p} "},
    {"MAIL FROM:<a@b> A B C D E F G H", "MAIL FROM:<{a}> {p} {p} {p} {p} {p} {p} +"},
    {"RCPT TO:<a@b> NOTIFY=NEVER ORCPT=rfc822;x", "RCPT TO:<{a}> NOTIFY={v} ORCPT={v}"},
    /* AUTH, BDAT */
    {"AUTH", "AUTH"},
    {"AUTH ", "AUTH"},
    {"AUTH LOGIN", "AUTH LOGIN"},
    {"AUTH  login ", "AUTH  login"},
    {"AUTH PLAIN AGEAYg==", "AUTH PLAIN {ir}"},
    {"AUTH PLAIN  =", "AUTH PLAIN {ir}"},
    {"AUTH Cram-md5", "AUTH Cram-md5"},
    {"AUTH XYZZY x", "AUTH {m} {ir}"},
    {"BDAT 12", "BDAT {n}"},
    {"BDAT 12 LAST", "BDAT {n} LAST"},
    {"BDAT 12  last ", "BDAT {n}  last "},
    {"BDAT x", "BDAT {arg}"},
    {"BDAT 12 LAST x", "BDAT {n} {arg}"},
    {"BDAT 12 ", "BDAT {n} "},
    {"BDAT", "BDAT"},
};

static void test_forms(void)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		char text[DIALECT_FORM_MAX + 1];
		struct line line = line_of(forms[i].line);
		struct buf to;

		buf_init(&to, text, DIALECT_FORM_MAX);
		dialect_form_put(&line, &to);
		text[to.len] = '\0';
		is_str(text, forms[i].form, forms[i].form);
	}
}

/* The longest that can be: nothing of it is cut. */
static void test_longest(void)
{
	struct line line = line_of("\t\tmAIL\t\tfROM\t\t:\t\t< @r >+"
				   "\t\trEQUIRETLS=v\t\trEQUIRETLS=v\t\tmT-PRIORITY=v"
				   "\t\tmT-PRIORITY=v\t\tmT-PRIORITY=v\t\tmT-PRIORITY=v\t\tx");
	uint8_t text[DIALECT_FORM_MAX];
	struct buf to;

	line.too_long = true;
	buf_init(&to, text, sizeof text);
	dialect_form_put(&line, &to);
	ok(!to.failed && to.len > 140, "the longest form fits: %zu bytes", to.len);
}

static void test_line_ends(void)
{
	static const struct {
		enum dialogue_eol eol;
		bool too_long;
		const char *form;
	} ends[] = {{EOL_CRLF, false, "DATA"},
		    {EOL_LF, false, "DATA\\n"},
		    {EOL_NONE, false, "DATA\\-"},
		    {EOL_NONE, true, "DATA\\+"}};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		char text[DIALECT_FORM_MAX + 1];
		struct line line = line_of("DATA");
		struct buf to;

		line.eol = ends[i].eol;
		line.too_long = ends[i].too_long;
		buf_init(&to, text, DIALECT_FORM_MAX);
		dialect_form_put(&line, &to);
		text[to.len] = '\0';
		is_str(text, ends[i].form, "the line end is in the form");
	}
}

/* ---- families ---- */

static void test_families(void)
{
	static const struct {
		const char *field, *family;
	} families[] = {
	    {"Microsoft Outlook Express 6.00.2800.1158", "microsoft outlook express"},
	    {"Microsoft Office Outlook, Build 11.0.5510", "microsoft office outlook"},
	    {"swaks v20201014.0 jetmore.org/john/code/swaks/", "swaks"},
	    {"The Bat! (v3.5) Professional", "the bat!"},
	    {"Mozilla/5.0 (X11; U)", "mozilla"},
	    {"PHPMailer [version 1.73]", "phpmailer"},
	    {"b2evo", "b"},
	    {"Mutt/1.5.21", "mutt"},
	    {"", ""},
	    {"7", ""},
	    {"a - ", "a"},
	    {"caf\xc3\xa9", "caf"},
	    {"abcdefghijklmnopqrstuvwxyzabcdefghi", "abcdefghijklmnopqrstuvwxyzabcdef"},
	    {"abcdefghijklmnopqrstuvwxyzabcdef1", "abcdefghijklmnopqrstuvwxyzabcdef"},
	    {"abcdefghijklmnopqrstuvwxyz abcd 12", "abcdefghijklmnopqrstuvwxyz abcd"},
	};

	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		char family[DIALECT_FAMILY_MAX + 1];
		struct span field = {(const uint8_t *)families[i].field, strlen(families[i].field)};

		family[dialect_family(field, family)] = '\0';
		is_str(family, families[i].family, families[i].field);
	}
	char family[DIALECT_FAMILY_MAX + 1];
	family[dialect_family((struct span){(const uint8_t *)"a\0b", 3}, family)] = '\0';
	is_str(family, "a", "a NUL ends a family");
}

/* ---- headers ---- */

static size_t header_of(const char *message, bool cr, bool lf, char text[DIALECT_HEADER_MAX + 1])
{
	static struct mail_header h;

	mail_header_read(&h, (const uint8_t *)message, strlen(message));
	size_t len = dialect_header(&h, cr, lf, text);
	text[len] = '\0';
	return len;
}

static void test_headers(void)
{
	char text[DIALECT_HEADER_MAX + 1];

	header_of("From: a\r\nTo: b\r\nSubject: c\r\nMessage-ID: d\r\nDate: e\r\n"
		  "X-Mailer: swaks v1\r\nUser-Agent: x\r\n\r\n",
		  false, false, text);
	is_str(text, "ftsmd=swaks", "what is there, and X-Mailer before User-Agent");
	header_of("From: a\nDate: e\nUser-Agent: Mutt/1\nhigh: \xff\n\n", true, true, text);
	is_str(text, "fd,header_bare_lf,bare_cr,bare_lf=mutt",
	       "oddities but those of content, and line ends");
	header_of("", false, false, text);
	is_str(text, ",header_no_end,header_no_from,header_no_date=", "an empty message");
	header_of("From x\n \0\r\r\nbad name: x\nFrom : x\r\nFrom: y\r\nnone\r\n", true, true,
		  text);
	ok(strlen(text) < DIALECT_HEADER_MAX, "many oddities: %s", text);
}

/* All oddities and the longest family at once. */
static void test_longest_header(void)
{
	static struct mail_header h;
	char text[DIALECT_HEADER_MAX];
	struct mail_header_value *mailer = &h.value[MAIL_HEADER_X_MAILER];

	for (int i = 0; i < MAIL_HEADER_FIELD_COUNT; i++)
		h.value[i].present = true;
	h.oddities = (1u << MAIL_ODDITY_COUNT) - 1;
	mailer->len = DIALECT_FAMILY_MAX + 1;
	memset(mailer->bytes, 'x', mailer->len);
	size_t len = dialect_header(&h, true, true, text);
	ok(len < DIALECT_HEADER_MAX && text[len - 1] == 'x', "the longest header fits: %zu bytes",
	   len);
}

/* ---- sessions ---- */

static struct dialect d;
static char text[DIALECT_TEXT_MAX + 1];

static void say(const char *bytes)
{
	struct line line = line_of(bytes);

	dialect_line(&d, &line, false);
}

static void say_all(const char *const *lines)
{
	d = (struct dialect){0};
	for (; *lines; lines++)
		say(*lines);
}

static const char *text_of(const char *end)
{
	text[dialect_text(&d, end, text).len] = '\0';
	return text;
}

#define SAY(...) say_all((const char *const[]){__VA_ARGS__, NULL})

static void test_sessions(void)
{
	SAY("EHLO a.b", "STARTTLS", "EHLO a.b", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "RCPT TO:<c@d>",
	    "DATA", "MAIL FROM:<>", "RCPT TO:<c@d>", "DATA", "RSET", "QUIT");
	is_str(
	    text_of("quit"),
	    "EHLO {fqdn}|MAIL FROM:<{a}>|RCPT TO:<{a}>|DATA;;STARTTLS|MAIL FROM:<>|RSET|QUIT.quit",
	    "each form stands once, where it belongs");
	SAY("EHLO a.b", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA", "QUIT");
	is_str(text_of("close"), "EHLO {fqdn}|MAIL FROM:<{a}>|RCPT TO:<{a}>|DATA;;QUIT.close",
	       "with fewer messages the speech is the same");
	SAY("EHLO a.b", "HELO a.b", "data", "MAIL FROM:<a@b>");
	is_str(text_of("timeout"), "EHLO {fqdn}|HELO {fqdn}|data;;MAIL FROM:<{a}>.timeout",
	       "the first DATA ends the speech, though it cannot have been accepted");

	d = (struct dialect){0};
	struct line user = line_of("dXNlcg=="), star = line_of("*"), quit = line_of("QUIT");
	say("AUTH LOGIN");
	dialect_line(&d, &user, true);
	dialect_line(&d, &quit, true);
	dialect_line(&d, &star, true);
	is_str(text_of("close"), "AUTH LOGIN|{r}|*;;.close",
	       "responses to AUTH have forms of their own");
}

static const char *sha(const char *bytes, int digits)
{
	static char hex[65];
	uint8_t digest[DIGEST_SHA256];

	digest_sha256(bytes, strlen(bytes), digest);
	for (int i = 0; i < digits / 2; i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
	return hex;
}

static void test_digests(void)
{
	char hash[DIALECT_HASH], expected[DIALECT_HASH];
	struct span header = {(const uint8_t *)"s=", 2};

	d = (struct dialect){0};
	is_int(dialect_of_session(&d, "close", hash), -1, "who says nothing has no dialect");
	is_int(dialect_of_message(&d, header, hash), -1, "nor has a message");
	SAY("QUIT");
	snprintf(expected, sizeof expected, "d1_000000000000_00000000_%s", sha("QUIT.quit", 8));
	is_int(dialect_of_session(&d, "quit", hash), 0, "who says QUIT has one");
	is_str(hash, expected, "with zeros for the parts that are empty");
	SAY("HELO x", "DATA");
	memcpy(d.header, "s=", 2);
	d.header_len = 2;
	size_t len = (size_t)sprintf(expected, "d1_%s", sha("HELO {name}|DATA", 12));
	len += (size_t)sprintf(expected + len, "_%s", sha("s=", 8));
	is_int(dialect_of_message(&d, header, hash), 0, "a message has a dialect");
	is_str(hash, expected, "of speech and header");
	sprintf(expected + len, "_%s", sha(".close", 8));
	is_int(dialect_of_session(&d, "close", hash), 0, "its session has one");
	is_str(hash, expected, "that begins with it");
}

/* ---- bounds ---- */

static void test_line_bound(void)
{
	d = (struct dialect){0};
	for (int i = 0; i < DIALECT_LINES - 1; i++)
		say(i % 2 ? "NOOP" : "RSET");
	say("HELO x");
	say("EHLO x");
	say("HELP");
	is_str(text_of("close"), "RSET|NOOP|HELO {name};;.close",
	       "the 32nd line counts, the 33rd not");

	d = (struct dialect){0};
	for (int i = 0; i < 100; i++)
		say("RCPT TO:<a@b>");
	for (int i = 0; i < DIALECT_LINES - 1; i++)
		say(i % 2 ? "NOOP" : "RSET");
	say("RCPT TO:<a@b>");
	is_str(text_of("close"), "RCPT TO:<{a}>|RSET|NOOP;;.close",
	       "equal RCPTs in a row count as one line");
	ok(d.full && d.counted == DIALECT_LINES, "and not if others stand between");
}

static void test_cost_bound(void)
{
	static const char rcpt[] = "RCPT TO:<xxxxxxxxxxxxxxxxxx@y.z>"; /* of 32 bytes */
	int most = DIALECT_COST / (DIALECT_LINE_COST + 32);

	d = (struct dialect){0};
	for (int i = 0; i < most; i++)
		say(rcpt);
	is_int(d.cost, DIALECT_COST, "lines may cost so much");
	ok(!d.full && most == 160, "%d recipients are looked at", most);
	say("DATA");
	ok(d.full && !d.data, "a line that passes it does not count");
	is_str(text_of("close"), "RCPT TO:<{a}>;;.close", "nor do those behind");

	d = (struct dialect){0};
	say("AUTH LOGIN");
	struct line line = line_of("AUTH PLAIN x");
	line.text = (struct span){calloc(1, LINE_AUTH_MAX), LINE_AUTH_MAX};
	dialect_line(&d, &line, true);
	free((void *)line.text.bytes);
	is_int((int)d.cost, 2 * DIALECT_LINE_COST,
	       "the bytes of AUTH and its responses cost nothing");
}

/* 32 forms of the greatest length: the text holds them. */
static void test_text_bound(void)
{
	static const char *const verbs[] = {"EHLO", "ehlo", "Ehlo", "eHLO"};
	char bytes[64];

	d = (struct dialect){0};
	for (int i = 0; i < DIALECT_LINES; i++) {
		snprintf(bytes, sizeof bytes, "%*s%s %s", i / 4 % 4 == 3 ? 1 : i / 4 % 4, "",
			 verbs[i % 4], i < 16 ? "a.b" : "a");
		say(bytes);
	}
	for (int i = 0; i < d.count; i++)
		d.form[i].len = DIALECT_FORM_MAX;
	memset(d.header, 'x', DIALECT_HEADER_MAX);
	d.header_len = DIALECT_HEADER_MAX;
	struct span s = dialect_text(&d, "timeout", text);
	ok(s.len < DIALECT_TEXT_MAX && memcmp(s.bytes + s.len - 8, ".timeout", 8) == 0,
	   "the longest text fits: %zu bytes", s.len);
}

int main(void)
{
	test_forms();
	test_longest();
	test_line_ends();
	test_families();
	test_headers();
	test_longest_header();
	test_sessions();
	test_digests();
	test_line_bound();
	test_cost_bound();
	test_text_bound();
	return tap_done();
}
