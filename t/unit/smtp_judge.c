/*
 * smtp_judge.c: a judge beside the SMTP machine: when it is asked, what with, and what its answers do
 * to replies and to the state.
 */
#include "../talk.h"
#include "../tap.h"

static struct smtp_judgement answer;
static struct smtp_proposal asked;
static unsigned times;

static struct smtp_judgement decide(void *ctx, const struct smtp_proposal *p)
{
	(void)ctx;
	asked = *p;
	times++;
	return answer;
}

static struct smtp_judgement judgement(int code, const char *reply, bool close)
{
	return (struct smtp_judgement){
	    .code = code, .reply = {(const uint8_t *)reply, strlen(reply)}, .close = close};
}

static void start(struct talk *t)
{
	talk_start(t, STRICTNESS_NORMAL);
	t->s.judge = (struct smtp_judge){.decide = decide};
	answer = (struct smtp_judgement){0};
	times = 0;
}

static void say(struct talk *t, const char *line)
{
	talk_line(t, line, strlen(line));
}

/* Each: lines that are accepted, then one that the judge refuses; the state stays. */
static const struct {
	const char *before, *line, *argument;
	enum smtp_verb verb;
	bool routed;
	uint64_t size;
	enum smtp_state state;
} commands[] = {
    {"", "EHLO a.b", "a.b", SMTP_EHLO, false, 0, SMTP_STATE_CONNECTED},
    {"", "HELO a.b", "a.b", SMTP_HELO, false, 0, SMTP_STATE_CONNECTED},
    {"EHLO x", "MAIL FROM:<@r.e:a@b.c> SIZE=7", "a@b.c", SMTP_MAIL, true, 7, SMTP_STATE_READY},
    {"EHLO x|MAIL FROM:<a@b.c>", "RCPT TO:<c@d.e>", "c@d.e", SMTP_RCPT, false, 0, SMTP_STATE_MAIL},
    {"EHLO x|MAIL FROM:<a@b.c>|RCPT TO:<c@d.e>", "DATA", "", SMTP_DATA, false, 0, SMTP_STATE_RCPT},
};

static void run(struct talk *t, const char *script)
{
	while (*script != '\0') {
		size_t len = strcspn(script, "|");
		talk_line(t, script, len);
		script += len + (script[len] == '|');
	}
}

static void refusals(void)
{
	static struct talk t;

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		start(&t);
		run(&t, commands[i].before);
		answer = judgement(550, "550-no\r\n550 no\r\n", false);
		say(&t, commands[i].line);
		ok(t.v.code == 550 && t.v.reply_len == 16 &&
		       memcmp(t.v.reply, "550-no\r\n550 no\r\n", 16) == 0 &&
		       t.s.state == commands[i].state,
		   "%s is refused and changes nothing", commands[i].line);
		ok(asked.verb == commands[i].verb &&
		       span_is(asked.argument, commands[i].argument) &&
		       asked.routed == commands[i].routed && asked.size == commands[i].size,
		   "the judge is told of %s", commands[i].line);
		answer = judgement(450, "", true);
		say(&t, commands[i].line);
		ok(t.v.reply_len == 0 && t.v.next == SMTP_NEXT_CLOSE &&
		       t.v.end == SMTP_END_REJECTED && t.s.state == SMTP_STATE_CLOSED,
		   "%s is answered by the end", commands[i].line);
	}
}

static void unasked(void)
{
	static const char *const lines[] = {"MAIL FROM:<a@b.c>",
					    "RCPT TO:<c@d.e>",
					    "DATA",
					    "NOOP",
					    "EHLO",
					    "RSET",
					    "FOO",
					    "BDAT 3"};
	static struct talk t;

	start(&t);
	answer = judgement(550, "550 no\r\n", false);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		say(&t, lines[i]);
	ok(times == 0, "commands that are wrong without it are no matter for the judge");
}

static void chunks(void)
{
	static struct talk t;

	start(&t);
	run(&t, "EHLO x|MAIL FROM:<a@b.c>|RCPT TO:<c@d.e>");
	answer = judgement(554, "554 no\r\n", false);
	say(&t, "BDAT 10");
	ok(t.v.next == SMTP_NEXT_CHUNK && t.v.chunk_discard,
	   "a refused first chunk is thrown away");
	smtp_chunk_end(&t.s, &t.v);
	ok(t.v.code == 554 && t.s.state == SMTP_STATE_SPOILT, "then its reply comes");
	start(&t);
	run(&t, "EHLO x|MAIL FROM:<a@b.c>|RCPT TO:<c@d.e>|BDAT 10");
	smtp_chunk_end(&t.s, &t.v);
	times = 0;
	say(&t, "BDAT 10");
	ok(times == 0, "a later chunk of a message is no matter for the judge");
}

static void greetings(void)
{
	static struct talk t;
	struct smtp_judgement j = judgement(554, "554 no\r\n", false);

	start(&t);
	smtp_greeting_judged(&t.s, &j, &t.v);
	ok(t.v.code == 554 && t.v.next == SMTP_NEXT_COMMAND,
	   "a 5xx greeting leaves the client time");
	say(&t, "EHLO x");
	ok(t.v.code == 503 && times == 0, "for nothing");
	say(&t, "QUIT");
	ok(t.v.code == 221, "but QUIT");
	start(&t);
	j = judgement(450, "450 no\r\n", false);
	smtp_greeting_judged(&t.s, &j, &t.v);
	ok(t.v.code == 450 && t.v.next == SMTP_NEXT_CLOSE, "a 4xx greeting is the end");
	start(&t);
	j = judgement(220, "220 hi\r\n", false);
	smtp_greeting_judged(&t.s, &j, &t.v);
	say(&t, "EHLO x");
	ok(t.v.code == 250, "a 220 is a greeting");
}

static void messages(void)
{
	static struct talk t;
	struct smtp_judgement j = judgement(554, "554 no\r\n", false);

	start(&t);
	run(&t, "EHLO x|MAIL FROM:<a@b.c>|RCPT TO:<c@d.e>|DATA");
	smtp_message_judged(&t.s, &j, &t.v);
	ok(t.v.code == 554 && t.s.count.messages_rejected == 1 && t.s.phase == SMTP_PHASE_DATA &&
	       t.s.state == SMTP_STATE_READY,
	   "a refused message");
	run(&t, "MAIL FROM:<a@b.c>|RCPT TO:<c@d.e>|DATA");
	j = judgement(250, "250 yes\r\n", false);
	smtp_message_judged(&t.s, &j, &t.v);
	ok(t.v.code == 250 && t.s.count.messages_accepted == 1 && t.s.phase == SMTP_PHASE_MESSAGE,
	   "an accepted one");
	run(&t, "MAIL FROM:<a@b.c>|RCPT TO:<c@d.e>|DATA");
	j = judgement(421, "421 no\r\n", false);
	smtp_message_judged(&t.s, &j, &t.v);
	ok(t.v.next == SMTP_NEXT_CLOSE && t.v.end == SMTP_END_REJECTED, "421 ends the session");
}

int main(void)
{
	refusals();
	unasked();
	chunks();
	greetings();
	messages();
	return tap_done();
}
