/*
 * rule_parse.c: tests of reading rules: what is understood, and what is said of what is not.
 */
#include "config.h"

#include <fcntl.h>

#include "../lib-c/rule_lab.h"
#include "rule_regex.h"

/* Each is read without an error or a warning, and makes so many rules. */
static const struct {
	const char *name, *text;
	size_t rules;
} good[] = {
    {"no rules at all", "", 0},
    {"comments and empty lines", "# nothing\n\n   # here\n", 0},
    {"a rule a line", "accept from a@b\nreject to c@d", 2},
    {"each phase",
     "@connect accept ip 192.0.2.1\n@helo reject helo x\n@mail stall from a@b\n"
     "@rcpt reject to a@b\n@data reject to c@d\n@message reject size > 1k\n",
     6},
    {"other names of phases", "@ehlo reject helo x\n@from reject from a@b\n@to reject to a@b\n", 3},
    {"words that are conditions elsewhere, as arguments",
     "reject helo from\nreject from helo\nreject host host\nreject to message\n", 4},
    {"or, not and parentheses", "stall from a@b not to d@e or (helo barney to charlie host fred)\n",
     1},
    {"not before parentheses, and twice", "reject not (from a@b to c@d)\nreject not not from a@b\n",
     2},
    {"parentheses need no space around", "reject (from a@b)or(to c@d)\n", 1},
    {"a line that goes on behind a backslash", "reject from a@b \\\n to c@d\n", 1},
    {"a line that goes on within parentheses", "reject (from a@b or\n  from c@d\n  or to e@f)\n",
     1},
    {"a line that goes on behind a comma", "reject from-has noat,\n quoted\n", 1},
    {"a line that begins with or, or with", "reject from a@b\n or from c@d\n with note x\n", 1},
    {"clauses",
     "set helo somehost with message \"That's nice\";\n\tfrom a@b with message x ;\n"
     "  from @b with note \"from @b\"\n",
     1},
    {"clauses on one line", "set ip 127.0.0.1 with note a; ip 127.0.0.2 with note b\n", 1},
    {"a semicolon in front of another rule",
     "reject from a@b; @mail accept from c@d;\nset ip 1.2.3.4"
     " with note x;",
     3},
    {"attributes",
     "accept from-has unqualified,route,quoted,noat,garbage,bad,resolves\n"
     "accept to-has unqualified,route,quoted,noat,garbage,bad,baddom,unknown\n"
     "accept helo-has helo,none,nodots,bareip,properip,ip,myip,remip,remoteip,otherip,bogus\n"
     "accept dns good or dns noforward,inconsistent,nodns\n",
     4},
    {"white space behind commas", "accept dns nodns, good\n", 1},
    {"lists",
     "reject dnsbl sbl.example.org\nreject dbl host,ehlo fred.jim\n"
     "reject dbl helo,from fred.jim.\nreject dbl any fred.jim\n",
     4},
    {"TLS versions and comparisons",
     "reject tls off\nreject tls on\nreject tls 1.0\nreject tls ssl3\nreject tls < 1.2\n"
     "reject tls>=1.2\nreject tls != 1.3\nreject tls tls1.1\n",
     8},
    {"facts that are words",
     "reject cipher *RC4*\nreject ja3 e7d705a3286e19ea42f587b344ee6865\n"
     "reject ja4 t13*\nreject sni *.example.net\nreject arm legacy\n"
     "reject dialect 0123abcd\n",
     6},
    {"the local end",
     "reject local 192.0.2.0/28\nreject local port 465\nreject local listener mx\n", 3},
    {"sizes", "reject size > 10m\nreject size <= 100\nreject size = 0\n", 3},
    {"header and body", "reject header Subject \"^re: .*\\bviagra\\b\"\nreject body \"a\\\"b\"\n",
     2},
    {"rates",
     "stall rate 10 per 1h\nstall rate 100 per 1d by /24,/64\nstall rate 1 per 5m by address\n", 3},
    {"time and chance",
     "set time 22:00-06:00 with tag night\nset random 12.5% with tag eighth\n"
     "set random 7 with tag some\n",
     3},
    {"files in each form",
     "reject from ./addresses\nreject from file:addresses\nreject helo ./hosts\n"
     "reject host ./hosts\nreject source ./hosts\nreject ip ./nets\n"
     "reject local ./nets\nreject ja3 ./words\n",
     8},
    {"every option",
     "set ip 1.2.3.4 with message \"a\nb\" code 550 5.7.1 note n tag a tag b keep spam tls off "
     "delay 5s "
     "slow 10 yakker\nreject from a@b with drop\nstall from c@d with code 450\n",
     3},
    {"tls options",
     "@connect set ip 1.2.3.4 with tls off\nset ip 1.2.3.5 with tls no-client-cert\n"
     "set ip 1.2.3.6 with tls profile modern\n",
     3},
    {"words of the older language",
     "set-with ip 1.2.3.4 with make-yakker\n@connect set-with ip 1.2.3.5 with tls-opt no-client\n",
     2},
    {"what is kept",
     "reject after keeping from a@b\n@message discard from c@d\naccept to e@f with keep x\n", 3},
    {"placeholders and braces", "reject from a@b with message \"{id} {ip} {{x}}\"\n", 1},
    {"another file", "include more\nreject from a@b\n", 2},
    {"a block around the rules", "# ours\nrules {\n reject from a@b\n}\nrules { reject to c@d }\n",
     2},
    {"CRLF", "reject from a@b\r\nreject to c@d\r\n", 2},
    {"a byte order mark", "\xef\xbb\xbfreject from a@b\n", 1},
    {"a mail program's odd HELO", "reject helo \"very \\\"\\\\ bogus\"\n", 0},
};

static void test_good(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good - 1; i++) {
		const struct rules *rules = lab_load(good[i].text);
		ok(rules != NULL && lab_errors.warnings_total == 0 &&
		       rules_count(rules) == good[i].rules,
		   "read: %s", good[i].name);
	}
}

/* All that is said of each, a line an error; warnings too. */
static const struct {
	const char *text, *said;
} bad[] = {
    /* words */
    {"rejct all\n",
     "r:1:1: neither a phase nor an action, near \"rejct\" (did you mean \"reject\"?)\n"},
    {"\"reject\" all\n",
     "r:1:1: an action is expected here, and actions have no quotes, near \"reject\"\n"},
    {"@form reject from a@b\n", "r:1:1: unknown phase, near \"@form\" (did you mean \"@from\"?)\n"},
    {"@mail @mail reject all\n", "r:1:7: a rule has one phase, near \"@mail\"\n"},
    {"from a@b\n", "r:1:1: an action is needed in front: accept, reject, stall, discard, set, near "
		   "\"from\"\n"},
    {"@mail from a@b\n",
     "r:1:7: an action is needed in front: accept, reject, stall, discard, set, "
     "near \"from\"\n"},
    {"reject form a@b\n", "r:1:8: unknown condition, near \"form\" (did you mean \"from\"?)\n"},
    {"reject \"from\" a@b\n",
     "r:1:8: a condition is expected here, and conditions have no quotes, near \"from\"\n"},
    {"reject from a@b and to c@d\n",
     "r:1:17: conditions side by side must all hold: leave \"and\" out, near \"and\"\n"},
    {"reject from a@b wit note x\n",
     "r:1:17: unknown condition, near \"wit\" (did you mean \"with\"?)\n"},
    {"reject from a@b with mesage x\n",
     "r:1:22: unknown option, near \"mesage\" (did you mean \"message\"?)\n"},
    {"reject from a@b note x\n", "r:1:17: options stand behind \"with\", near \"note\"\n"},
    {"reject all with note x to a@b\n", "r:1:24: conditions stand before \"with\", near \"to\"\n"},
    {"reject all with note x with tag y\n",
     "r:1:24: options follow each other without another \"with\", near \"with\"\n"},
    {"set all with savedir /tmp\n",
     "r:1:14: there is no savedir: messages are kept by label, \"keep "
     "LABEL\", near \"savedir\"\n"},
    {"reject from-has nota\n",
     "r:1:17: from-has knows no such word, near \"nota\" (did you mean \"noat\"?)\n"},
    {"reject dns fred,good\n", "r:1:12: dns knows no such word, near \"fred\"\n"},
    {"reject tls yes\n", "r:1:12: tls knows no such word, near \"yes\"\n"},
    {"reject tls < 1.4\n", "r:1:14: tls comparison knows no such word, near \"1.4\" (did you mean "
			   "\"1.0\"?)\n"},
    {"reject dbl nodns som.dom\n", "r:1:12: dbl knows no such word, near \"nodns\"\n"},
    /* arguments */
    {"reject from\n", "r:1:8: from needs an address pattern or a file of them, near \"from\"\n"},
    {"reject from with note x\n",
     "r:1:13: from needs an address pattern or a file of them, near \"with\"\n"},
    {"reject host or to a@b\n",
     "r:1:13: host needs a host name, one with a dot in front, or a file of "
     "them, near \"or\"\n"},
    {"reject from <a@b>\n",
     "r:1:13: from needs an address pattern or a file of them, near \"<\"\n"},
    {"reject from a@b,c@d\n",
     "r:1:16: from takes no list; several are written with or, or in a file, "
     "near \",\"\n"},
    {"reject ip abcdef\n", "r:1:11: ip needs an address, a network, or a file of them, near "
			   "\"abcdef\"\n"},
    {"reject ip ip\n", "r:1:11: ip needs an address, a network, or a file of them, near \"ip\"\n"},
    {"reject ip 10.0.0.1/8\n", "r:1:11: bits behind the prefix are set, near \"10.0.0.1/8\"\n"},
    {"reject dnsbl nodots\n", "r:1:14: the zone of a list has a dot in it, near \"nodots\"\n"},
    {"reject dnsbl file:/a/b\n",
     "r:1:14: the zone of a list is a domain name, near \"file:/a/b\"\n"},
    {"reject dbl ehlo\n",
     "r:1:8: dbl needs some of host, helo, from, any, and the zone of a list, near "
     "\"dbl\"\n"},
    {"reject to <>\n", "r:1:11: can never hold: no recipient is <>, near \"<>\"\n"},
    {"reject from @.b.\n", "r:1:13: from: a domain has no empty labels, near \"@.b.\"\n"},
    {"reject helo *.b\n",
     "r:1:13: helo: a domain holds no *; a dot in front stands for it and all below "
     "it, near \"*.b\"\n"},
    {"reject size 10m\n", "r:1:13: size needs a comparison with a number of bytes, near \"10m\"\n"},
    {"reject size < 0\n", "r:1:15: can never hold: there is no such size, near \"0\"\n"},
    {"reject size ! 5\n", "r:1:13: comparisons are < <= = != >= >, near \"!\"\n"},
    {"reject tls < ssl3\n", "r:1:14: can never hold: there is no such version, near \"ssl3\"\n"},
    {"reject local port 99999\n", "r:1:19: a port is a number from 1 to 65535, near \"99999\"\n"},
    {"reject header Subject \"a(b\"\n",
     "r:1:23: the pattern is wrong: missing closing parenthesis, near "
     "\"a(b\"\n"},
    {"reject header Sub:ject x\n",
     "r:1:15: a field's name has no colon, no white space, and is ASCII, near \"Sub:ject\"\n"},
    {"reject rate 5 in 1h\n", "r:1:15: rate needs a number, per, and a time, near \"in\"\n"
			      "r:1:15: unknown condition, near \"in\" (did you mean \"ip\"?)\n"},
    {"reject rate x per 1y by /4\n",
     "r:1:13: rate needs a number of sessions, at most 1000000000, near \"x\"\n"
     "r:1:19: rate needs a time from 1s to 7d, near \"1y\"\n"
     "r:1:25: rate counts by address, by /8 to /32, or by /33 to /128, near \"/4\"\n"},
    {"reject time 8-9\n", "r:1:13: time needs HH:MM-HH:MM, in UTC, near \"8-9\"\n"},
    {"reject time 09:00-24:01\n", "r:1:13: time needs HH:MM-HH:MM, in UTC, near \"09:00-24:01\"\n"},
    {"reject random 101%\n",
     "r:1:15: random needs a percentage from 0.001% to 100%, near \"101%\"\n"},
    {"reject random 0\n", "r:1:15: can never hold: no session is among 0%, near \"0\"\n"},
    /* structure */
    {"reject\n", "r:1:1: a rule needs at least one condition, perhaps \"all\", near \"reject\"\n"},
    {"@mail\n", "r:1:1: an action is needed behind the phase, near \"@mail\"\n"},
    {"reject with note x\n",
     "r:1:1: a rule needs at least one condition, perhaps \"all\", near \"reject\"\n"},
    {"reject or host x\n", "r:1:8: \"or\" needs a condition on each side, near \"or\"\n"},
    {"reject host x or\n", "r:1:15: \"or\" needs a condition on each side, near \"or\"\n"},
    {"reject not\n", "r:1:8: \"not\" needs a condition behind it, near \"not\"\n"},
    {"reject ()\n", "r:1:8: there is no condition in these parentheses, near \"(\"\n"},
    {"reject (host x\nreject host y\n", "r:1:8: this parenthesis is not closed, near \"(\"\n"},
    {"reject host x)\n", "r:1:14: this parenthesis closes nothing, near \")\"\n"},
    {"reject (host x with note y)\n", "r:1:8: this parenthesis is not closed, near \"(\"\n"
				      "r:1:27: this parenthesis closes nothing, near \")\"\n"},
    {"(reject host x)\n",
     "r:1:1: neither a phase nor an action, near \"(\"\n"
     "r:1:2: a rule begins on a line of its own, or behind \";\", near \"reject\"\n"},
    {"reject host x reject host y\n",
     "r:1:15: a rule begins on a line of its own, or behind \";\", near \"reject\"\n"},
    {"reject all with\n", "r:1:12: \"with\" needs at least one option behind it, near \"with\"\n"},
    {"set all with note a; with note b\n",
     "r:1:20: a clause needs at least one condition, perhaps \"all\", near \";\"\n"},
    {"reject all with message\n", "r:1:17: message needs a text, near \"message\"\n"},
    {"reject < all\n", "r:1:8: this sign has no meaning here, near \"<\"\n"},
    {", reject all\n",
     "r:1:1: neither a phase nor an action, near \",\"\n"
     "r:1:3: a rule begins on a line of its own, or behind \";\", near \"reject\"\n"},
    {"reject all with message \"abc\nreject from a@b\n",
     "r:1:25: the quotes are not closed, near \"\"abc\"\n"},
    {"reject helo \"abc\nreject from a@b\n",
     "r:1:13: the quotes are not closed on this line, near \"\"abc\"\n"},
    {"reject from a@b { all }\n", "r:1:17: no block stands among rules, near \"{\"\n"},
    {"reject from a@b }\n", "r:1:17: this brace closes nothing, near \"}\"\n"},
    {"rules {\nreject from a@b\n", "r:1:7: this brace is not closed, near \"{\"\n"},
    {"rules { reject from a@b }\nlisten { port 25 }\n",
     "r:2:1: only blocks of rules stand in a file of rules, near \"listen\"\n"},
    /* options */
    {"set from a@b\n", "r:1:5: set needs options behind the conditions: with ..., near \"from\"\n"},
    {"set all with note a; from a@b\n",
     "r:1:22: set needs options behind the conditions: with ..., near \"from\"\n"},
    {"reject all with message a message b\n", "r:1:27: message is here twice, near \"message\"\n"},
    {"set all with yakker yakker\n", "r:1:21: yakker is here twice, near \"yakker\"\n"},
    {"reject from a@b with code 450\n",
     "r:1:27: reject needs a code that begins with 5, near \"450\"\n"},
    {"stall from a@b with code 550\n",
     "r:1:26: stall needs a code that begins with 4, near \"550\"\n"},
    {"accept from a@b with code 250\n",
     "r:1:27: a code is 4xx or 5xx, with a second digit up to 5, near \"250\"\n"},
    {"accept from a@b with code 550\n", "r:1:27: code goes with reject and stall, near \"550\"\n"},
    {"reject from a@b with code 550 4.7.1\n",
     "r:1:31: an enhanced code is 5.N.N here, near \"4.7.1\"\n"},
    {"reject from a@b with code 580\n",
     "r:1:27: a code is 4xx or 5xx, with a second digit up to 5, near \"580\"\n"},
    {"accept from a@b with drop\n", "r:1:22: drop goes with reject and stall, near \"drop\"\n"},
    {"reject from a@b with drop message x\n",
     "r:1:22: drop sends no reply, so it goes without message and code, near \"drop\"\n"},
    {"reject from a@b with keep x\n", "r:1:22: reject keeps no message, near \"keep\"\n"},
    {"accept from a@b with keep a/b\n",
     "r:1:27: a name has 1 to 32 letters, digits, and . - _ within, near \"a/b\"\n"},
    {"set from a@b with tls off\n",
     "r:1:19: tls can be set at @connect only, and this rule acts later, near \"tls\"\n"},
    {"@helo set all with tls off\n",
     "r:1:20: tls can be set at @connect only, and this rule acts later, near \"tls\"\n"},
    {"set all with tls yes\n", "r:1:18: tls knows no such word, near \"yes\"\n"},
    {"set all with delay 1h\n", "r:1:20: delay needs a time up to 10m, near \"1h\"\n"},
    {"set all with slow 0\n",
     "r:1:19: slow needs a number of bytes a second up to 1000000, near \"0\"\n"},
    {"set all with note \"a\\nb\"\n",
     "r:1:19: a note is one line without control characters, near \"a\\x0ab\"\n"},
    {"set all with message \"{ids}\"\n",
     "r:1:22: message knows {id} and {ip}; {{ and }} are braces, near \"{ids}\"\n"},
    {"set all with message \"\\xe4\"\n", "r:1:22: a reply is printable ASCII, near \"\\xe4\"\n"},
    {"set all with message \"a\nb \\q\"\n",
     "r:2:3: unknown escape: \\\" \\\\ \\n \\t \\r \\xHH are known, near \"\\q\"\n"},
    /* phases */
    {"@mail reject to a@b\n",
     "r:1:1: too early for \"to\" of line 1, which is known from @rcpt on, near \"@mail\"\n"},
    {"@helo reject tls on\n",
     "r:1:1: too early for \"tls\" of line 1, which is known from @mail on, near \"@helo\"\n"},
    {"@connect reject dbl from x.y\n",
     "r:1:1: too early for \"dbl\" of line 1, which is known from @mail on, near \"@connect\"\n"},
    {"@data discard all\n",
     "r:1:1: too early: there is a message to keep or discard at @message only, near \"@data\"\n"},
    {"accept after keeping all\n",
     "r:1:8: after keeping goes with reject; what is accepted is kept anyway, near \"after\"\n"},
    {"reject after all\n", "r:1:8: after is followed by keeping, near \"after\"\n"},
    /* contradictions */
    {"reject not all\n", "r:1:12: the rule can never match, near \"all\"\n"},
    {"reject ip 10.0.0.0/8 ip 192.0.2.1\n", "r:1:22: the rule can never match: this excludes \"ip "
					    "10.0.0.0/8\" of line 1, near \"ip 192.0.2.1\"\n"},
    {"reject ip 10.1.0.0/16 not ip 10.0.0.0/8\n",
     "r:1:27: the rule can never match: this excludes \"ip 10.1.0.0/16\" of line 1, near \"ip "
     "10.0.0.0/8\"\n"},
    {"reject ip ./nets ip 192.0.2.1\n", "r:1:18: the rule can never match: this excludes \"ip "
					"./nets\" of line 1, near \"ip 192.0.2.1\"\n"},
    {"reject tls on tls off\n",
     "r:1:15: the rule can never match: this excludes \"tls on\" of line 1, near \"tls off\"\n"},
    {"reject tls < 1.2 tls 1.3\n",
     "r:1:18: the rule can never match: this excludes \"tls < 1.2\" of line 1, near \"tls 1.3\"\n"},
    {"reject not tls on not tls off\n",
     "r:1:23: the rule can never match: this excludes \"tls on\" of line 1, near \"tls off\"\n"},
    {"reject to a@b to c@d\n",
     "r:1:15: the rule can never match: this excludes \"to a@b\" of line 1, near \"to c@d\"\n"},
    {"reject from @.b\n not from @.b\n",
     "r:2:2: an action is needed in front: accept, reject, stall, "
     "discard, set, near \"not\"\n"},
    {"reject (from @.b\n not from @.b)\n",
     "r:2:6: the rule can never match: this excludes \"from @.b\" of line 1, near \"from @.b\"\n"},
    {"reject from <> (from a@b or from @)\n",
     "r:1:29: the rule can never match: this excludes \"from <>\" of line 1, near \"from @\"\n"},
    {"reject helo a.b ehlo .c\n",
     "r:1:17: the rule can never match: this excludes \"helo a.b\" of line 1, near \"ehlo .c\"\n"},
    {"reject dns nodns dns good\n", "r:1:18: the rule can never match: this excludes \"dns nodns\" "
				    "of line 1, near \"dns good\"\n"},
    {"reject helo-has helo helo-has ehlo\n",
     "r:1:22: the rule can never match: this excludes \"helo-has helo\" of line 1, near \"helo-has "
     "ehlo\"\n"},
    {"reject from-has noat from-has resolves\n",
     "r:1:22: the rule can never match: this excludes \"from-has noat\" of line 1, near \"from-has "
     "resolves\"\n"},
    {"reject not helo-has helo,ehlo\n",
     "r:1:12: the rule can never match, near \"helo-has helo,ehlo\"\n"},
    {"reject size > 10m size < 1m\n", "r:1:19: the rule can never match: this excludes \"size > "
				      "10m\" of line 1, near \"size < 1m\"\n"},
    {"reject local port 25 local port 465\n",
     "r:1:22: the rule can never match: this excludes \"local port 25\" of line 1, near \"local "
     "port 465\"\n"},
    {"reject time 08:00-09:00 time 09:00-10:00\n",
     "r:1:25: the rule can never match: this excludes \"time 08:00-09:00\" of line 1, near \"time "
     "09:00-10:00\"\n"},
    {"reject random 10% not random 20%\n", "r:1:23: the rule can never match: this excludes "
					   "\"random 10%\" of line 1, near \"random 20%\"\n"},
    {"reject dnsbl a.b not dnsbl a.b\n", "r:1:22: the rule can never match: this excludes \"dnsbl "
					 "a.b\" of line 1, near \"dnsbl a.b\"\n"},
    {"reject ja4 t13* ja4 t12d\n",
     "r:1:17: the rule can never match: this excludes \"ja4 t13*\" of line 1, near \"ja4 t12d\"\n"},
    {"reject rate 5 per 1h not rate 4 per 1h\n", "r:1:26: the rule can never match: this excludes "
						 "\"rate 5 1h\" of line 1, near \"rate 4 1h\"\n"},
    {"reject not random 100%\n", "r:1:12: the rule can never match, near \"random 100%\"\n"},
    {"reject not time 00:00-24:00\n",
     "r:1:12: the rule can never match, near \"time 00:00-24:00\"\n"},
    {"reject not ip ::/0\n", "r:1:12: the rule can never match, near \"ip ::/0\"\n"},
    {"reject tls off sni *\n",
     "r:1:16: the rule can never match: this excludes \"tls off\" of line "
     "1, near \"sni *\"\n"},
    {"reject ja3 x* not tls on\n", "r:1:19: the rule can never match: this excludes \"ja3 x*\" of "
				   "line 1, near \"tls on\"\n"},
    {"reject from <> from-has bad\n",
     "r:1:16: the rule can never match: this excludes \"from <>\" of "
     "line 1, near \"from-has bad\"\n"},
    /* files */
    {"reject from ./missing\n",
     "r:1:13: the file cannot be opened: No such file or directory, near "
     "\"./missing\"\n"},
    {"reject from ./bad\n",
     "./bad:2:1: a pattern holds no white space or control characters, near \"not a "
     "pattern\"\n./bad:3:1: addresses stand without angle brackets, near \"<c@d>\"\n"},
    {"reject ip ./addresses\n", NULL},
    {"reject from file:\n", "r:1:13: not a file name, near \"file:\"\n"},
    {"include missing\n",
     "r:1:9: the file cannot be opened: No such file or directory, near \"missing\"\n"},
    {"include\n", "r:1:1: include needs a file name, near \"include\"\n"},
    {"include more less\n",
     "r:1:14: include takes one file name and stands alone, near \"less\"\n"},
    {"include loop\n", "loop:1:9: files include each other in a loop, near \"r\"\n"},
    /* what is no error, but can hardly be meant */
    {"reject from ./empty\n",
     "r:1:13: warning: the file holds no pattern: the condition never holds, near \"./empty\"\n"},
    {"reject from example.com\n",
     "r:1:13: warning: without an @ this is an address, and no domain, near \"example.com\"\n"},
    {"accept all\nreject from a@b\n",
     "r:2:1: warning: never looked at: a rule before it decides on all, near \"reject\"\n"},
    {"@mail accept all\n@mail reject from a@b\nreject from a@b\n",
     "r:2:1: warning: never looked at: a rule before it decides on all, near \"@mail\"\n"},
    {"set all with note a; from a@b with note b\n",
     "r:1:22: warning: never looked at: the clause before it always holds, near \"from\"\n"},
    /* several at once */
    {"rejct all\nreject form a@b\nreject from a@b with code 450 tgg x\n",
     "r:1:1: neither a phase nor an action, near \"rejct\" (did you mean \"reject\"?)\n"
     "r:2:8: unknown condition, near \"form\" (did you mean \"from\"?)\n"
     "r:3:31: unknown option, near \"tgg\" (did you mean \"tag\"?)\n"
     "r:3:27: reject needs a code that begins with 5, near \"450\"\n"},
};

static void said(char *text, size_t room)
{
	size_t n = 0;

	*text = '\0';
	for (size_t i = 0; i < lab_errors.kept; i++)
		n += (size_t)snprintf(text + n, room - n, "%s\n", lab_errors.text[i]);
	for (size_t i = 0; i < lab_errors.warnings_kept; i++)
		n += (size_t)snprintf(text + n, room - n, "%s\n", lab_errors.warning[i]);
}

static void test_bad(void)
{
	static char text[(CONF_ERRORS_MAX + CONF_WARNINGS_MAX) * CONF_ERROR_TEXT_MAX];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const struct rules *rules = lab_load_bytes(bad[i].text, 0);
		char title[100];
		said(text, sizeof text);
		snprintf(title, sizeof title, "said of: %.*s", (int)strcspn(bad[i].text, "\n"),
			 bad[i].text);
		ok((rules == NULL) == (lab_errors.total > 0), "%s: rules or errors", title);
		if (bad[i].said != NULL)
			is_str(text, bad[i].said, title);
		else
			ok(lab_errors.total == 5, "%s: an error a line", title);
	}
}

/* ---- limits ---- */

/* Errors of front, then part n times with its # replaced by a number, then back. */
static size_t errors_of(const char *front, const char *part, unsigned n, const char *back)
{
	static char text[200000];
	size_t len = (size_t)sprintf(text, "%s", front);

	for (unsigned i = 0; i < n; i++)
		for (const char *c = part; *c != '\0'; c++)
			len += *c == '#' ? (size_t)sprintf(text + len, "%u", i)
					 : (size_t)sprintf(text + len, "%c", *c);
	sprintf(text + len, "%s\n", back);
	lab_load_bytes(text, 0);
	return lab_errors.total;
}

static void test_limits(void)
{
	char closing[RULE_DEPTH_MAX + 2];

	memset(closing, ')', sizeof closing);
	closing[RULE_DEPTH_MAX] = '\0';
	is_int((int64_t)errors_of("reject ", "(", RULE_DEPTH_MAX, "from a@b"), RULE_DEPTH_MAX,
	       "32 parentheses may be open, and each that is not closed is told");
	char text[100] = "from a@b";
	strcat(text, closing);
	is_int((int64_t)errors_of("reject ", "(", RULE_DEPTH_MAX, text), 0,
	       "32 parentheses stand in each other");
	closing[RULE_DEPTH_MAX] = ')';
	closing[RULE_DEPTH_MAX + 1] = '\0';
	strcpy(text, "from a@b");
	strcat(text, closing);
	is_int((int64_t)errors_of("reject ", "(", RULE_DEPTH_MAX + 1, text), 1, "33 do not");
	is_int((int64_t)errors_of("reject ", "not ", 10000, "from a@b"), 0, "not may be repeated");
	is_int((int64_t)errors_of("set all with", " tag t#", RULE_TAGS_MAX, ""), 0,
	       "there may be 64 tags");
	is_int((int64_t)errors_of("set all with", " tag t#", RULE_TAGS_MAX + 1, ""), 1,
	       "there may not be 65");
	is_int((int64_t)errors_of("", "reject dnsbl z#.example\n", 64, ""), 0,
	       "there may be 64 look-ups in DNS");
	is_int((int64_t)errors_of("", "reject dnsbl z#.example\n", 65, ""), 1,
	       "there may not be 65");
	is_int((int64_t)errors_of("", "stall rate # per 1h\n", 100, ""), 0, "equal counts are one");
	is_int((int64_t)errors_of("set all with message \"", "a", RULE_MESSAGE_LINE, "\""), 0,
	       "a line of a reply may have 400 bytes");
	is_int((int64_t)errors_of("set all with message \"", "a", RULE_MESSAGE_LINE + 1, "\""), 1,
	       "it may not have 401");
	is_int((int64_t)errors_of("set all with message \"", "a\\n", RULE_MESSAGE_LINES - 1, "b\""),
	       0, "a reply may have 10 lines");
	is_int((int64_t)errors_of("set all with message \"", "a\\n", RULE_MESSAGE_LINES, "b\""), 1,
	       "it may not have 11");
	is_int((int64_t)errors_of("set all with note \"", "a", RULE_NOTE_MAX, "\""), 0,
	       "a note may have 200 bytes");
	is_int((int64_t)errors_of("set all with note \"", "a", RULE_NOTE_MAX + 1, "\""), 1,
	       "it may not have 201");
	is_int((int64_t)errors_of("reject body \"", "a", RULE_REGEX_MAX, "\""), 0,
	       "a pattern may have 1000 bytes");
	is_int((int64_t)errors_of("reject body \"", "a", RULE_REGEX_MAX + 1, "\""), 1,
	       "it may not have 1001");
}

/* Rules beyond the limit are counted and refused once. */
static void test_many_rules(void)
{
	const char line[] = "reject from a@b\n";
	size_t len = (RULE_RULES_MAX + 2) * (sizeof line - 1);
	char *text = malloc(len + 1);

	for (size_t i = 0; i < RULE_RULES_MAX + 2; i++)
		memcpy(text + i * (sizeof line - 1), line, sizeof line);
	const struct rules *rules = lab_load_bytes(text, RULE_RULES_MAX * (sizeof line - 1));
	ok(rules != NULL && rules_count(rules) == RULE_RULES_MAX, "there may be 100000 rules");
	lab_load_bytes(text, len);
	char expected[100];
	snprintf(expected, sizeof expected, "r:%d:1: more than 100000 rules, near \"reject\"",
		 RULE_RULES_MAX + 1);
	ok(lab_errors.total == 1, "one more is an error");
	is_str(lab_errors.text[0], expected, "it is told where the first one too many is");
	free(text);
}

/* ---- in the configuration ---- */

static void test_conf(void)
{
	static const char text[] = "listen { address ::1 port 25 name mx }\n"
				   "rules {\n\treject local listener mx helo x\n"
				   "\treject local listener mz\n}\n"
				   "log { rules { reject all } }\n";
	struct conf_opener opener = {.open = lab_open};
	struct conf *conf;

	memset(&lab_errors, 0, sizeof lab_errors);
	lab_files[0] = (struct test_file){"r", text, 0};
	ok(conf_load(&conf, "r", &opener, &lab_errors) == ERR_FORMAT,
	   "rules are read with all else");
	is_str(lab_errors.text[0], "r:6:7: no block may stand in this block, near \"rules\"",
	       "they stand outside all other blocks");
	is_str(lab_errors.text[1], "r:4:24: no listen block has this name, near \"mz\"",
	       "a listener must be there");
	memset(&lab_errors, 0, sizeof lab_errors);
	lab_files[0].text = "listen { address ::1 port 25 }\nrules {\nreject arm x*\n"
			    "set all with tls profile modern\nreject dnsbl a.b\n}\n";
	ok(conf_load(&conf, "r", &opener, &lab_errors) == ERR_FORMAT, "names must be there");
	is_str(lab_errors.text[0], "r:3:12: no arm has this name, near \"x*\"", "arms");
	is_str(lab_errors.text[1],
	       "r:4:26: no profile has this name: tls { profile modern { } } makes one, near "
	       "\"modern\"",
	       "profiles");
	is_str(lab_errors.warning[0],
	       "r:5:8: warning: never known: the dns block has no server to ask, near \"dnsbl\"",
	       "without a server DNS tells nothing");
	memset(&lab_errors, 0, sizeof lab_errors);
	lab_files[0].text = "listen { address ::1 port 25 }\nrules { reject helo x }\nhostname h\n"
			    "rules { include more\n}";
	ok(conf_load(&conf, "r", &opener, &lab_errors) == 0, "blocks of rules may come again");
	is_int((int64_t)rules_count(conf->rules), 2, "their rules follow each other");
	conf_free(&conf);
	lab_files[0].text = "listen { address ::1 port 25 }\n";
	ok(conf_load(&conf, "r", &opener, &lab_errors) == 0 && rules_count(conf->rules) == 0,
	   "there need not be any");
	conf_free(&conf);
}

int main(void)
{
	test_good();
	test_bad();
	test_limits();
	test_many_rules();
	test_conf();
	arena_free(&lab_arena);
	return tap_done();
}
