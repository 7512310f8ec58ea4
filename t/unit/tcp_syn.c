/*
 * The SYNs of t/golden/tcp-syn.txt have the signatures that stand there, cut anywhere they are none,
 * and their numbers are in the fields of records.
 */
#include <config.h>

#include <stdlib.h>

#include "../tap.h"
#include "tcp_syn.h"

#define SYN_MAX 4096

/* From memory that ends where the bytes do, so that a sanitizer sees what is read behind them. */
static int parse(struct tcp_syn *syn, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		exit(1);
	memcpy(copy, bytes, len);
	int result = tcp_syn_parse(syn, copy, len);
	free(copy);
	return result;
}

static bool is_none_cut(const uint8_t *bytes, size_t len)
{
	struct tcp_syn syn;

	for (size_t cut = 0; cut < len; cut++)
		if (parse(&syn, bytes, cut) != -1)
			return false;
	return true;
}

static void test_golden_line(const char *name, const char *hex, const char *expected)
{
	static uint8_t bytes[SYN_MAX];
	char text[TCP_SYN_TEXT];
	struct tcp_syn syn;
	size_t len = 0;

	while (len < sizeof bytes && sscanf(hex + 2 * len, "%2hhx", &bytes[len]) == 1)
		len++;
	int result = parse(&syn, bytes, len);
	is_str(result == 1 ? tcp_syn_signature(&syn, text) : "none", expected, name);
	ok(is_none_cut(bytes, len), "%s: none where it is cut", name);
}

static void test_golden(void)
{
	static char line[3 * SYN_MAX];
	char path[4096];
	const char *source = getenv("TRAP_SOURCE");
	int lines = 0;

	snprintf(path, sizeof path, "%s/t/golden/tcp-syn.txt", source ? source : ".");
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file)) {
		char *tab = strchr(line, '\t'), *second = tab ? strchr(tab + 1, '\t') : NULL;
		if (*line == '#' || second == NULL)
			continue;
		*tab = *second = '\0';
		second[1 + strcspn(second + 1, "\n")] = '\0';
		test_golden_line(line, tab + 1, second + 1);
		lines++;
	}
	if (file)
		fclose(file);
	ok(lines >= 70, "there are %d SYNs", lines);
}

/* ---- fields ---- */

static const uint8_t linux_syn[] = {
    0x45, 0,    0,    60,   0,    7,    0x40, 0,  57, 6,
    0,    0,    192,  0,    2,    7,    192,  0,  2,  25, /* IPv4 */
    0x12, 0x67, 0,    25,   1,    2,    3,    4,  0,  0,
    0,    0,    0xa0, 2,    0xfa, 0xf0, 0,    0,  0,  0, /* TCP */
    2,    4,    5,    0xb4, 4,    2,    8,    10, 0,  0,
    3,    0xe8, 0,    0,    0,    0,    1,    3,  3,  7, /* options */
};

static const char *json_of(enum record_type type, const uint8_t *bytes, size_t len)
{
	static const uint8_t id[16];
	static char json[4096];
	const struct record_head head = {.type = type, .seq = 1, .sensor = "s"};
	uint8_t fields[2048];
	struct tcp_syn syn;
	struct buf to, out;

	buf_init(&to, fields, sizeof fields);
	buf_init(&out, json, sizeof json - 1);
	record_put_uuid(&to, FIELD_ID, id);
	record_put_time(&to, FIELD_TS, 0);
	if (parse(&syn, bytes, len) != 1)
		return "none";
	tcp_syn_put(&syn, type, &to);
	if (record_encode(&head, to.data, to.len, &out) != 0)
		return "not encoded";
	json[out.len] = '\0';
	return strstr(json, "\"tcp_syn\"");
}

static void test_fields(void)
{
	uint8_t bare[40];

	is_str(json_of(RECORD_SESSION, linux_syn, sizeof linux_syn),
	       "\"tcp_syn\":\"4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0\",\"tcp_syn_ttl\":57,"
	       "\"tcp_syn_window\":64240,\"tcp_syn_mss\":1460,\"tcp_syn_scale\":7,"
	       "\"tcp_syn_timestamp\":1000,"
	       "\"tcp_syn_options\":[\"mss\",\"sok\",\"ts\",\"nop\",\"ws\"]}\n",
	       "a session record has the numbers");
	is_str(json_of(RECORD_MESSAGE, linux_syn, sizeof linux_syn),
	       "\"tcp_syn\":\"4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0\"}\n",
	       "a message record has the signature");
	memcpy(bare, linux_syn, sizeof bare);
	bare[3] = 40;
	bare[32] = 0x50;
	is_str(json_of(RECORD_SESSION, bare, sizeof bare),
	       "\"tcp_syn\":\"4:64:0:0:64240,0::df,id+:0\",\"tcp_syn_ttl\":57,"
	       "\"tcp_syn_window\":64240}\n",
	       "what was not there is left out");
}

int main(void)
{
	test_golden();
	test_fields();
	return tap_done();
}
