/*
 * conf.c: tests of reading a whole configuration: values, limits, defaults, errors.
 */
#include "config.h"

#include "conf.h"

#include "../tap.h"
#include "conf_files.h"
#include "conf_schema.h"
#include "conf_value.h"
#include "err.h"

#include <stdlib.h>

static struct conf_errors errors;

static struct conf *load(const char *text)
{
	return test_load(text,
			 (struct test_file){"/etc/listen", "listen { address ::1 port 26 }\n", 0},
			 &errors);
}

#define LISTEN "listen { address 192.0.2.1 port 25 }\n"

/* ---- errors ---- */

static const struct test_fault faults[] = {
    {"an unknown key", LISTEN "hostnme x\n",
     "2:1: unknown key, near \"hostnme\" (did you mean \"hostname\"?)\n"},
    {"an unknown key in a block", "listen { address ::1 prot 25 port 25 }\n",
     "1:22: unknown key, near \"prot\" (did you mean \"port\"?)\n"},
    {"an unknown key like no other", LISTEN "frobnicate 1 2 3\n",
     "2:1: unknown key, near \"frobnicate\"\n"},
    {"a key of another block", LISTEN "message-size 1m\n",
     "2:1: unknown key, near \"message-size\" (did you mean \"limits { message-size ... }\"?)\n"},
    {"an outer key in a block", LISTEN "log { hostname x }\n",
     "2:7: unknown key, near \"hostname\" (did you mean \"hostname, outside all blocks\"?)\n"},
    {"a server of the DNS that is none", LISTEN "dns { server localhost }\n",
     "2:14: server must be addresses, ADDRESS:PORT or \"[ADDRESS]:PORT\", or system, near "
     "\"localhost\"\n"},
    {"a server with port 0", LISTEN "dns { server 127.0.0.1:0 }\n",
     "2:14: server must be addresses, ADDRESS:PORT or \"[ADDRESS]:PORT\", or system, near "
     "\"127.0.0.1:0\"\n"},
    {"a server with a port past the last", LISTEN "dns { server [::1]:65536 }\n",
     "2:14: server must be addresses, ADDRESS:PORT or \"[ADDRESS]:PORT\", or system, near "
     "\"[::1]:65536\"\n"},
    {"nine servers", LISTEN "dns { server ::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9 }\n",
     "2:46: more than 8 servers, near \"::9\"\n"},
    {"a zone that is no name", LISTEN "dns { server ::1 dnsbl a..b }\n",
     "2:24: dnsbl must be names of the DNS, near \"a..b\"\n"},
    {"seventeen zones", LISTEN "dns { server ::1 dbl a b c d e f g h i j k l m n o p q }\n",
     "2:54: more than 16 zones, near \"q\"\n"},
    {"lists and nobody to ask", LISTEN "dns { dnsbl bl.test }\n",
     "2:7: dnsbl needs a server to ask, near \"dnsbl\"\n"},
    {"times to live that contradict", LISTEN "dns { server ::1 ttl-min 1h ttl-max 1m }\n",
     "2:18: ttl-min must not be over ttl-max, near \"ttl-min\"\n"},
    {"a quoted key", LISTEN "\"hostname\" x\n",
     "2:1: a key is expected here, and keys have no quotes, near \"hostname\" (did you mean "
     "\"hostname\"?)\n"},
    {"an unknown block", LISTEN "limts { a b { c } }\n",
     "2:1: unknown block, near \"limts\" (did you mean \"limits\"?)\n"},
    {"a block's name alone", LISTEN "limits\n",
     "2:1: a block's name is followed by its opening brace, near \"limits\"\n"},
    {"a block in a block", LISTEN "limits { log { } }\n",
     "2:10: no block may stand in this block, near \"log\"\n"},
    {"a key with a block", LISTEN "hostname { x }\n",
     "2:1: this key takes a value, not a block, near \"hostname\"\n"},
    {"include among keys", LISTEN "user x include y\n",
     "2:8: include stands on a line of its own, near \"include\"\n"},
    {"a key without a value", LISTEN "limits { messages }\n",
     "2:10: messages needs a value: number, near \"messages\"\n"},
    {"a list without values", LISTEN "auth { mechanisms verdict accept }\n",
     "2:8: mechanisms needs a value: plain login, near \"mechanisms\"\n"},
    {"a value too many", "listen { address ::1 port 25 26 }\n", "1:30: unknown key, near \"26\"\n"},
    {"a key twice", LISTEN "user a\nuser b\n",
     "3:1: user is here twice, first at /etc/m.conf:2, near \"user\"\n"},
    {"a key twice in two blocks of a name", LISTEN "log { keep 1 }\nlog { keep 2 }\n",
     "3:7: keep is here twice, first at /etc/m.conf:2, near \"keep\"\n"},
    {"two addresses in a listen block", "listen { address ::1 address ::2 port 25 }\n",
     "1:22: address is here twice, first at /etc/m.conf:1, near \"address\"\n"},
    {"no listen block", "user x\n", "2:1: there is no listen block, near the end of the file\n"},
    {"an empty file", "", "1:1: there is no listen block, near the end of the file\n"},
    {"nothing that could be read", "include nope\n",
     "1:9: the file cannot be opened: No such file or directory, near \"nope\"\n"},
    {"listen without an address", "listen { port 25 }\n",
     "1:1: listen needs address, near \"listen\"\n"},
    {"listen without a port", LISTEN "listen { address ::1 }\n",
     "2:1: listen needs port, near \"listen\"\n"},
    {"a name as address", "listen { address localhost port 25 }\n",
     "1:18: address must be an IPv4 or IPv6 address, near \"localhost\"\n"},
    {"TLS from the first byte without a certificate",
     LISTEN "listen { address ::1 port 465 tls implicit }\n",
     "2:1: tls implicit needs a certificate in the tls block, near \"listen\"\n"},
    {"the same address and port twice", LISTEN LISTEN,
     "2:1: the listen block of line 1 has the same address and port, near \"listen\"\n"},
    {"the same name twice",
     "listen { address ::1 port 25 name a }\nlisten { address ::1 port 26 name a }\n",
     "2:1: the listen block of line 1 has the same name, near \"listen\"\n"},
    {"a name like another's default", LISTEN "listen { address ::1 port 26 name 192.0.2.1:25 }\n",
     "2:1: the listen block of line 1 has the same name, near \"listen\"\n"},
    {"a network with host bits", "listen { address ::1 port 25 proxy-from 10.0.0.1/8 }\n",
     "1:41: proxy-from: bits of the address are set behind the network's part, near "
     "\"10.0.0.1/8\"\n"},
    {"no network", "listen { address ::1 port 25 proxy-from ::1 lo }\n",
     "1:45: proxy-from must be addresses or networks ADDRESS/BITS, near \"lo\"\n"},
    {"a wrong word", LISTEN "sandbox strikt\n",
     "2:9: sandbox must be strict | best-effort, near \"strikt\" (did you mean \"strict\"?)\n"},
    {"a wrong word in a list", LISTEN "smtp { extensions size dns }\n",
     "2:24: extensions must be size pipelining 8bitmime smtputf8 chunking enhancedstatuscodes "
     "dsn starttls auth, near \"dns\" (did you mean \"dsn\"?)\n"},
    {"a duration without a unit", LISTEN "limits { command-timeout 120 }\n",
     "2:26: command-timeout must be a number with us, ms, s, m, h or d, near \"120\"\n"},
    {"a size with a wrong unit", LISTEN "limits { message-size 5x }\n",
     "2:23: message-size must be a number, or one with k, m, g or t, near \"5x\"\n"},
    {"a size out of range", LISTEN "limits { message-size 5g }\n",
     "2:23: message-size must be 1k to 1g, near \"5g\"\n"},
    {"a size over 64 bits", LISTEN "limits { message-size 99999999999999999999 }\n",
     "2:23: message-size must be 1k to 1g, near \"99999999999999999999\"\n"},
    {"white space in a name", LISTEN "hostname \"a b\"\n",
     "2:10: hostname must not hold white space or control characters, near \"a b\"\n"},
    {"a line end in a text", LISTEN "banner \"a\\r\\n250 b\"\n",
     "2:8: banner must not hold control characters, near \"a\\x0d\\x0a250 b\"\n"},
    {"a NUL in a text", LISTEN "banner \"a\\x00b\"\n",
     "2:8: banner must not hold control characters, near \"a\\x00b\"\n"},
    {"an empty name", LISTEN "hostname \"\"\n",
     "2:10: hostname must have 1 to 255 bytes, near \"\"\n"},
    {"a relative directory", LISTEN "log { directory logs }\n",
     "2:17: directory must be an absolute path, near \"logs\"\n"},
    {"a certificate without a key", LISTEN "tls { certificate a }\n",
     "2:7: this certificate has no key, near \"certificate\"\n"},
    {"a certificate before the key of another",
     LISTEN "tls { certificate a certificate b key k }\n",
     "2:33: the certificate before this one has no key, near \"b\"\n"},
    {"a key without a certificate", LISTEN "tls { key a }\n",
     "2:11: a key follows its certificate, near \"a\"\n"},
    {"spare-min over spare-max", LISTEN "workers { spare-min 9 spare-max 8 }\n",
     "2:11: spare-min (9) must not be over spare-max (8), near \"spare-min\"\n"},
    {"spare-min over the default of spare-max", LISTEN "workers { spare-min 33 }\n",
     "2:11: spare-min (33) must not be over spare-max (32), near \"spare-min\"\n"},
    {"max below the default of spare-max", LISTEN "workers { max 31 }\n",
     "2:11: spare-max (32) must not be over max (31), near \"max\"\n"},
    {"several errors in one run", "hostname\nlisten { adress ::1 port 0 }\nuser x y\nsandbox 1 }\n",
     "4:11: this brace closes nothing, near \"}\"\n"
     "1:1: hostname needs a value: name, near \"hostname\"\n"
     "2:10: unknown key, near \"adress\" (did you mean \"address\"?)\n"
     "2:26: port must be 1 to 65535, near \"0\"\n"
     "2:1: listen needs address, near \"listen\"\n"
     "3:8: unknown key, near \"y\"\n"
     "4:9: sandbox must be strict | best-effort, near \"1\"\n"},
};

/* ---- limits, of every row of the schema ---- */

/* What stands around a key of a block for the file to be right; NULL: the block's name. */
static const struct surroundings {
	const char *before, *after;
} surroundings[CONF_BLOCK_COUNT] = {
    [CONF_TOP] = {"", ""},
    [CONF_PROFILE] = {"tls { certificate c key k  profile p {", "} }"},
    [CONF_EXPERIMENT] = {"tls { certificate c key k  experiment { arm legacy { weight 1 }", "} }"},
    [CONF_ARM] = {"tls { certificate c key k  experiment { key 0123456789abcdef  arm legacy {",
		  "} } }"},
};

/* A file in which this row has this value, quoted. */
static struct conf *load_row(const struct conf_row *row, const char *value)
{
	const struct surroundings *around = &surroundings[row->block];
	char *text = malloc(2 * strlen(value) + 300);

	if (row->block == CONF_LISTEN)
		sprintf(text, "listen { %s %s %s \"%s\" }",
			strcmp(row->key, "address") == 0 ? "" : "address ::1",
			strcmp(row->key, "port") == 0 ? "" : "port 25", row->key, value);
	else if (row->block == CONF_IDENTITY && strcmp(row->key, "listener") == 0)
		sprintf(text,
			"listen { address ::1 port 25 name \"%s\" } identity { listener \"%s\" }",
			value, value);
	else if (row->block == CONF_WORKERS) /* whose numbers depend on each other */
		sprintf(text, LISTEN "workers { spare-min %s spare-max %s max %s }", value, value,
			value);
	else if (row->block == CONF_EXPERIMENT && strcmp(row->key, "key") != 0)
		sprintf(text, LISTEN "%s key 0123456789abcdef %s \"%s\" %s", around->before,
			row->key, value, around->after);
	else
		sprintf(text, LISTEN "%s %s %s \"%s\" %s %s",
			around->before ? around->before : conf_block_name(row->block),
			around->before ? "" : "{", row->key, value,
			strcmp(row->key, "ttl-min") == 0   ? "ttl-max 7d" /* these, too */
			: strcmp(row->key, "ttl-max") == 0 ? "ttl-min 0"
							   : "",
			around->after ? around->after : "}");
	struct conf *conf = load(text);
	free(text);
	return conf;
}

static void accepts(const struct conf_row *row, const char *value, bool expected)
{
	struct conf *conf = load_row(row, value);
	char range[CONF_VALUE_TEXT_MAX];

	ok((conf != NULL) == expected, "%s %s: %.20s is %s", conf_block_name(row->block), row->key,
	   value, expected ? "accepted" : "refused");
	if ((conf != NULL) != expected)
		printf("# %s\n", errors.kept > 0 ? errors.text[0] : "no error");
	else if (conf == NULL)
		ok(strstr(errors.text[0], conf_value_range(row, range)) != NULL,
		   "the error states the range: %s", errors.text[0]);
	conf_free(&conf);
}

static void test_number_row(const struct conf_row *row, const char *unit)
{
	char value[64];

	for (int step = 0; step < 2; step++) {
		snprintf(value, sizeof value, "%llu%s",
			 (unsigned long long)(row->min - (uint64_t)step), unit);
		if (step == 0 || row->min > 0)
			accepts(row, value, step == 0);
		snprintf(value, sizeof value, "%llu%s",
			 (unsigned long long)(row->max + (uint64_t)step), unit);
		accepts(row, value, step == 0);
	}
}

static void test_text_row(const struct conf_row *row)
{
	char value[5000];

	memset(value, 'x', sizeof value);
	value[0] = '/';
	value[row->max] = '\0';
	accepts(row, value, true);
	value[row->max] = 'x';
	value[row->max + 1] = '\0';
	accepts(row, value, false);
	accepts(row, "", row->min == 0);
}

static void test_rows(void)
{
	for (size_t i = 0; i < conf_rows_count; i++) {
		const struct conf_row *row = &conf_rows[i];
		switch (row->kind) {
		case CONF_KIND_NUMBER:
		case CONF_KIND_PORT:
		case CONF_KIND_SIZE:
		case CONF_KIND_SIZE32:
			if (row->block != CONF_WORKERS || strcmp(row->key, "max") == 0)
				test_number_row(row, "");
			break;
		case CONF_KIND_DURATION:
			test_number_row(row, "us");
			break;
		case CONF_KIND_TEXT:
		case CONF_KIND_NAME:
		case CONF_KIND_PATH:
			if (row->block != CONF_ARM) /* a profile's name must be one */
				test_text_row(row);
			break;
		default: /* their words are tested by value */
			break;
		}
	}
}

/* ---- values ---- */

static void test_defaults(void)
{
	struct conf *c = load(LISTEN);
	char host[256] = "";

	gethostname(host, sizeof host - 1);
	is_str(c->hostname, host, "the host name is the system's");
	is_str(c->sensor, host, "the sensor is the host name");
	is_str(c->user, "_smtptrap", "the user is _smtptrap");
	is_str(c->log_user, "_smtptraplog", "the log user is _smtptraplog");
	is_str(c->run_directory, "/run/smtptrap", "the run directory is /run/smtptrap");
	is_str(c->chroot, "/run/smtptrap/empty", "the chroot is in the run directory");
	is_str(c->banner, "ESMTP", "the banner is ESMTP");
	ok(c->sandbox == CONF_SANDBOX_STRICT && c->strictness == CONF_STRICTNESS_LENIENT,
	   "the sandbox is strict and the SMTP lenient");
	ok(c->nlisten == 1 && c->listen[0].tls == CONF_TLS_STARTTLS &&
	       c->listen[0].backlog == 4096 && c->listen[0].nproxy_from == 0,
	   "a listener offers STARTTLS, has a backlog of 4096 and no proxies");
	ok(c->listen[0].tcp_syn && c->smtp.dialect, "SYN and dialect are recorded");
	is_str(c->listen[0].name, "192.0.2.1:25", "a listener is named by address and port");
	ok(c->tls.npair == 0 && c->tls.minimum == CONF_TLS_SSL3 && *c->tls.priority == '\0' &&
	       c->tls.client_certificate && c->tls.tickets && c->tls.keyholders == 1,
	   "tls has its defaults");
	ok(c->workers.spare_min == 8 && c->workers.spare_max == 32 && c->workers.max == 512 &&
	       c->workers.max_per_address == 0 && c->workers.sessions == 1000,
	   "workers has its defaults");
	ok(c->limits.command_timeout_us == 120000000 && c->limits.session_timeout_us == 900000000 &&
	       c->limits.handshake_timeout_us == 30000000 &&
	       c->limits.write_timeout_us == 30000000 && c->limits.data_timeout_us == 300000000,
	   "the timeouts have their defaults");
	ok(c->limits.message_size == 32 << 20 && c->limits.messages == 100 &&
	       c->limits.recipients == 1000 && c->limits.commands == 10000 &&
	       c->limits.errors == 20 && c->limits.line_length == 2048 &&
	       c->limits.dialogue == 32768,
	   "the other limits have their defaults");
	ok(c->smtp.banner_delay_us == 0 && c->smtp.early_talk == CONF_ACCEPT &&
	       c->smtp.pipelining_early == CONF_ACCEPT && c->smtp.extensions == 0x1ff,
	   "smtp has its defaults: all extensions");
	ok(c->auth.mechanisms == (CONF_MECH_PLAIN | CONF_MECH_LOGIN) &&
	       c->auth.verdict == CONF_AUTH_REFUSE && !c->auth.auth_secrets,
	   "auth has its defaults");
	is_str(c->log.directory, "/var/log/smtptrap", "logs are in /var/log/smtptrap");
	ok(c->log.rotate_size == 64 << 20 && c->log.rotate_age_us == 3600000000 &&
	       c->log.keep == 20ull << 30 && c->log.keep_age_us == 7776000000000 &&
	       c->log.keep_free == 0 && c->log.reserve == 1 << 30 &&
	       c->log.durability == CONF_DURABILITY_FSYNC && c->log.compression == 3 &&
	       c->log.hello == CONF_HELLO_FULL && c->log.store == CONF_STORE_ALL &&
	       c->log.store_index == 1000000,
	   "log has its defaults");
	conf_free(&c);
	ok(c == NULL, "a freed configuration is NULL");
}

static void test_values(void)
{
	struct conf *c = load("hostname mx.example.net; sensor \"trap 1\"; user u; log-user l\n"
			      "run-directory /r; chroot /c; banner \"\"\n"
			      "sandbox best-effort\nstrictness strict\n" LISTEN);

	is_str(c->hostname, "mx.example.net", "hostname is set");
	is_str(c->sensor, "trap 1", "sensor is set");
	is_str(c->user, "u", "user is set");
	is_str(c->log_user, "l", "log-user is set");
	is_str(c->run_directory, "/r", "run-directory is set");
	is_str(c->chroot, "/c", "chroot is set");
	is_str(c->banner, "", "banner may be empty");
	ok(c->sandbox == CONF_SANDBOX_BEST_EFFORT && c->strictness == CONF_STRICTNESS_STRICT,
	   "sandbox and strictness are set");
	conf_free(&c);
	c = load("strictness normal\nrun-directory /r\nchroot \"\"\n" LISTEN);
	ok(c->strictness == CONF_STRICTNESS_NORMAL, "strictness is set to normal");
	is_str(c->chroot, "/r/empty", "an empty chroot is the one in run-directory");
	conf_free(&c);
}

static void test_listen(void)
{
	struct conf *c =
	    load("listen { address 0.0.0.0  port 25  tls off  backlog 10  tcp-syn no }\n"
		 "listen { address ::       port 465  tls implicit  name submissions\n"
		 "         proxy-from 10.0.0.0/8 192.0.2.1 \\\n 2001:db8::/32 }\n"
		 "include listen\n"
		 "tls { certificate c key k }\n");
	char text[IP_TEXT_MAX], net[IP_NET_TEXT_MAX];

	is_int((int64_t)c->nlisten, 3, "three listeners, one of them included");
	is_str(ip_text(c->listen[0].address, text), "0.0.0.0", "the first address is set");
	ok(c->listen[0].tls == CONF_TLS_OFF && c->listen[0].backlog == 10 &&
	       c->listen[0].port == 25 && !c->listen[0].tcp_syn && c->listen[1].tcp_syn,
	   "the first listener's keys are set");
	is_str(ip_text(c->listen[1].address, text), "::", "the second address is set");
	ok(c->listen[1].tls == CONF_TLS_IMPLICIT && c->listen[1].backlog == 4096 &&
	       c->listen[1].port == 465,
	   "the second listener's keys are set, and those left out have defaults");
	is_str(c->listen[1].name, "submissions", "the second listener has a name");
	is_int((int64_t)c->listen[1].nproxy_from, 3, "three networks are set");
	is_str(ip_net_text(&c->listen[1].proxy_from[2], net), "2001:db8::/32", "the last is right");
	is_str(c->listen[2].name, "[::1]:26", "an IPv6 listener's name has brackets");
	conf_free(&c);
}

static void test_tls(void)
{
	struct conf *c = load(
	    "tls { certificate \"ecdsa.pem\" key \"ecdsa.key\"  certificate /x/rsa.pem "
	    "key /x/rsa.key  minimum tls1.2 }\n"
	    "tls { priority NORMAL; client-certificate off; tickets no; keyholders 16 }\n" LISTEN);

	is_int((int64_t)c->tls.npair, 2, "two pairs");
	is_str(c->tls.pair[0].certificate, "/etc/ecdsa.pem", "a relative name is beside the file");
	is_str(c->tls.pair[0].key, "/etc/ecdsa.key", "a relative key too");
	is_str(c->tls.pair[1].certificate, "/x/rsa.pem", "the second is second");
	is_str(c->tls.pair[1].key, "/x/rsa.key", "with its key");
	ok(c->tls.minimum == CONF_TLS_1_2 && !c->tls.client_certificate && !c->tls.tickets &&
	       c->tls.keyholders == 16,
	   "keys from two blocks of the same name are set");
	is_str(c->tls.priority, "NORMAL", "priority is set");
	conf_free(&c);
}

static void test_pair_count(void)
{
	char text[2000] = LISTEN "tls {\n";
	struct conf *c;

	for (int i = 0; i < CONF_PAIR_MAX; i++)
		strcat(text, "certificate c key k\n");
	strcat(text, "}\n");
	c = load(text);
	ok(c != NULL && c->tls.npair == CONF_PAIR_MAX, "16 certificates are accepted");
	conf_free(&c);
	strcat(text, "tls { certificate c key k }\n");
	c = load(text);
	ok(c == NULL && strstr(errors.text[0], "20:19: more than 16 certificates") != NULL,
	   "a 17th is refused");
}

static void test_listen_count(void)
{
	char text[(CONF_LISTEN_MAX + 1) * 50] = "";

	for (int i = 1; i <= CONF_LISTEN_MAX; i++)
		sprintf(text + strlen(text), "listen { address ::1 port %d }\n", i);
	struct conf *c = load(text);
	ok(c != NULL && c->nlisten == CONF_LISTEN_MAX, "64 listen blocks are accepted");
	conf_free(&c);
	strcat(text, LISTEN);
	c = load(text);
	ok(c == NULL && strstr(errors.text[0], "65:1: more than 64 listen blocks") != NULL,
	   "a 65th is refused");
}

static void test_numbers(void)
{
	struct conf *c = load(
	    "workers { spare-min 1  spare-max 2  max 3  max-per-address 2  sessions 4 }\n"
	    "limits { command-timeout 1s  session-timeout 2s  handshake-timeout 3s  write-timeout "
	    "4s\n"
	    " data-timeout 500ms  message-size 1m  messages 5  recipients 6  commands 7  errors 8\n"
	    " line-length 1k  dialogue 0 }\n"
	    "log { directory /l  rotate-size 1m  rotate-age 5s  keep 0  keep-age 0  keep-free 1g\n"
	    " reserve 2g  durability none  compression 1  hello fingerprint\n"
	    " store unique-body  store-index 50000000 }\n" LISTEN);

	ok(c->workers.spare_min == 1 && c->workers.spare_max == 2 && c->workers.max == 3 &&
	       c->workers.max_per_address == 2 && c->workers.sessions == 4,
	   "workers: every key is set");
	ok(c->limits.command_timeout_us == 1000000 && c->limits.session_timeout_us == 2000000 &&
	       c->limits.handshake_timeout_us == 3000000 && c->limits.write_timeout_us == 4000000 &&
	       c->limits.data_timeout_us == 500000 && c->limits.message_size == 1 << 20,
	   "limits: every timeout and the size are set");
	ok(c->limits.messages == 5 && c->limits.recipients == 6 && c->limits.commands == 7 &&
	       c->limits.errors == 8 && c->limits.line_length == 1024 && c->limits.dialogue == 0,
	   "limits: every number is set");
	is_str(c->log.directory, "/l", "log: the directory is set");
	ok(c->log.rotate_size == 1 << 20 && c->log.rotate_age_us == 5000000 && c->log.keep == 0 &&
	       c->log.keep_age_us == 0 && c->log.keep_free == 1 << 30 &&
	       c->log.reserve == 2ull << 30 && c->log.durability == CONF_DURABILITY_NONE &&
	       c->log.compression == 1 && c->log.hello == CONF_HELLO_FINGERPRINT &&
	       c->log.store == CONF_STORE_UNIQUE_BODY && c->log.store_index == 50000000,
	   "log: every other key is set");
	conf_free(&c);
}

static void test_words(void)
{
	struct conf *c =
	    load("smtp { banner-delay 2s  early-talk reject  extensions dsn auth  "
		 "pipelining-early reject }\n"
		 "auth { mechanisms login  verdict accept  auth-secrets yes }\n" LISTEN);

	ok(c->smtp.banner_delay_us == 2000000 && c->smtp.early_talk == CONF_REJECT &&
	       c->smtp.pipelining_early == CONF_REJECT,
	   "smtp: every key is set, also behind a list on the same line");
	is_int(c->smtp.extensions, CONF_EXT_DSN | CONF_EXT_AUTH, "a list replaces its default");
	ok(c->auth.mechanisms == CONF_MECH_LOGIN && c->auth.verdict == CONF_AUTH_ACCEPT &&
	       c->auth.auth_secrets,
	   "auth: every key is set");
	conf_free(&c);
	c = load("smtp { extensions none }\n" LISTEN);
	is_int(c->smtp.extensions, 0, "none is an empty list");
	conf_free(&c);
}

static bool is_server(const struct conf_dns_server *s, const char *address, uint16_t port)
{
	uint8_t ip[IP_BYTES];

	return ip_parse(ip, address, strlen(address)) == 0 && s->port == port &&
	       memcmp(s->address, ip, IP_BYTES) == 0;
}

static void test_dns(void)
{
	struct conf *c = load("dns { server 127.0.0.1 192.0.2.1:5353 ::1 \"[::2]:1\" \\\n system\n"
			      " reverse no; sender no; dnsbl BL.Test other.test.; dbl dbl.test\n"
			      " banner-waits yes; timeout 1s; session-wait 2s\n"
			      " cache 10; ttl-min 3s; ttl-max 4s }\n" LISTEN);

	ok(c->dns.nserver == 5 && is_server(&c->dns.server[0], "127.0.0.1", 53) &&
	       is_server(&c->dns.server[1], "192.0.2.1", 5353) &&
	       is_server(&c->dns.server[2], "::1", 53) && is_server(&c->dns.server[3], "::2", 1) &&
	       c->dns.server[4].port == 0,
	   "dns: servers of every form are set, the system's with port 0");
	ok(c->dns.ndnsbl == 2 && c->dns.ndbl == 1, "dns: zones are counted");
	is_str(c->dns.dnsbl[0], "bl.test", "dns: a zone is in lower case");
	is_str(c->dns.dnsbl[1], "other.test", "dns: and has no dot at its end");
	ok(!c->dns.reverse && !c->dns.sender && c->dns.banner_waits &&
	       c->dns.timeout_us == 1000000 && c->dns.session_wait_us == 2000000 &&
	       c->dns.cache == 10 && c->dns.ttl_min_us == 3000000 && c->dns.ttl_max_us == 4000000,
	   "dns: every other key is set");
	conf_free(&c);
	c = load(LISTEN);
	ok(c->dns.nserver == 0 && c->dns.reverse && c->dns.sender && !c->dns.banner_waits &&
	       c->dns.timeout_us == 2000000 && c->dns.session_wait_us == 5000000 &&
	       c->dns.cache == 50000 && c->dns.ttl_min_us == 30000000 &&
	       c->dns.ttl_max_us == 10800000000,
	   "dns has its defaults: no server");
	conf_free(&c);
}

/* The words of each extension, one by one, are the bits that their names say. */
static void test_extensions(void)
{
	static const struct {
		const char *word;
		uint32_t bit;
	} all[] = {
	    {"size", CONF_EXT_SIZE},         {"pipelining", CONF_EXT_PIPELINING},
	    {"8bitmime", CONF_EXT_8BITMIME}, {"smtputf8", CONF_EXT_SMTPUTF8},
	    {"chunking", CONF_EXT_CHUNKING}, {"enhancedstatuscodes", CONF_EXT_ENHANCEDSTATUSCODES},
	    {"dsn", CONF_EXT_DSN},           {"starttls", CONF_EXT_STARTTLS},
	    {"auth", CONF_EXT_AUTH},
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		char text[200];
		snprintf(text, sizeof text, "smtp { extensions %s }\n" LISTEN, all[i].word);
		struct conf *c = load(text);
		is_int(c->smtp.extensions, all[i].bit, all[i].word);
		conf_free(&c);
	}
}

static void test_many_networks(void)
{
	enum { COUNT = 100000, BYTES = 18 };
	char *text = malloc(COUNT * BYTES + 100);
	size_t len = (size_t)sprintf(text, "listen { address ::1 port 25 proxy-from");

	for (unsigned i = 0; i < COUNT; i++)
		len +=
		    (size_t)sprintf(text + len, " \\\n10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
	strcpy(text + len, " }\n");
	struct conf *c = load(text);
	ok(c != NULL && c->listen[0].nproxy_from == COUNT, "a list may have 100,000 values");
	conf_free(&c);
	free(text);
}

int main(void)
{
	test_each_fault(faults, sizeof faults / sizeof *faults, load, &errors);
	test_rows();
	test_defaults();
	test_values();
	test_listen();
	test_tls();
	test_pair_count();
	test_listen_count();
	test_numbers();
	test_words();
	test_dns();
	test_extensions();
	test_many_networks();
	return tap_done();
}
