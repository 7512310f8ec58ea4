/*
 * Records: the wire form, what is refused of it, and the line of JSON it becomes.
 */
#include "record_fields.h"

#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "../tap.h"
#include "err.h"

static const uint8_t id[16] = {0x01, 0x9a, 0xab, 0x3e, 0x0c, 0x1f, 0x7a, 0x62,
			       0x8d, 0x5c, 0x2f, 0x6f, 0x9a, 0x1b, 0x7c, 0x11};
static const uint8_t ip4[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7};

#define HEAD_SESSION                                                                     \
	"{\"v\":1,\"type\":\"session\",\"id\":\"019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c11\"," \
	"\"seq\":42,\"ts\":\"2025-11-22T10:30:00.123456Z\",\"sensor\":\"mx.example\""
#define HEAD_MESSAGE                                                                     \
	"{\"v\":1,\"type\":\"message\",\"id\":\"019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c11\"," \
	"\"seq\":42,\"ts\":\"2025-11-22T10:30:00.123456Z\",\"sensor\":\"mx.example\""

static uint8_t wire_memory[8192], out_memory[16384];
static struct buf wire, out;

static int encode(enum record_type type)
{
	struct record_head head = {.type = type, .seq = 42, .sensor = "mx.example"};

	buf_init(&out, out_memory, sizeof out_memory);
	return record_encode(&head, wire.data, wire.len, &out);
}

/* An empty record but for the head. */
static void begin(void)
{
	buf_init(&wire, wire_memory, sizeof wire_memory);
	record_put_uuid(&wire, FIELD_ID, id);
	record_put_time(&wire, FIELD_TS, 1763807400123456);
}

static void is_json(enum record_type type, const char *fields, const char *title)
{
	char expected[4096];
	int rc = encode(type);

	snprintf(expected, sizeof expected, "%s%s}\n",
		 type == RECORD_SESSION ? HEAD_SESSION : HEAD_MESSAGE, fields);
	if (rc != 0)
		is_int(rc, 0, title);
	else
		is_mem(out.data, out.len, expected, strlen(expected), title);
}

static void test_scalars(void)
{
	begin();
	is_json(RECORD_SESSION, "", "the head comes first, in a fixed order");
	record_put_u64(&wire, FIELD_DURATION_US, UINT64_MAX);
	record_put_bool(&wire, FIELD_ESMTP, true);
	record_put_bool(&wire, FIELD_EARLY_TALK, false);
	record_put_ip(&wire, FIELD_CLIENT_IP, ip4);
	record_put_hex(&wire, FIELD_JA3, "\x00\xfe", 2);
	record_put_time(&wire, FIELD_CLIENT_CERT_NOT_AFTER, 0);
	record_put_text(&wire, FIELD_HELO, "he\"lo");
	is_json(RECORD_SESSION,
		",\"duration_us\":18446744073709551615,\"esmtp\":true,\"early_talk\":false,"
		"\"client_ip\":\"192.0.2.7\",\"ja3\":\"00fe\","
		"\"client_cert_not_after\":\"1970-01-01T00:00:00.000000Z\",\"helo\":\"he\\\"lo\"",
		"each kind has its form, the fields their order");
	begin();
	record_put_string(&wire, FIELD_HELO, "a\xff\0", 3);
	is_json(RECORD_SESSION, ",\"helo\":\"a\xef\xbf\xbd\xef\xbf\xbd\",\"helo_hex\":\"61ff00\"",
		"exact bytes stand in NAME_hex where the text is not exact");
	begin();
	record_put_uuid(&wire, FIELD_SESSION_ID, id);
	is_json(RECORD_MESSAGE, ",\"session_id\":\"019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c11\"",
		"a message names its session");
}

static void test_lists(void)
{
	begin();
	record_put_text(&wire, FIELD_RCPT_TO, "a@x");
	record_put_text(&wire, FIELD_RCPT_TO, "");
	record_put_u64(&wire, FIELD_SIZE, 5);
	is_json(RECORD_MESSAGE, ",\"rcpt_to\":[\"a@x\",\"\"],\"size\":5", "a list is an array");
	begin();
	record_put_text(&wire, FIELD_RCPT_TO, "a@x");
	record_put_string(&wire, FIELD_RCPT_TO, "\xe9", 1);
	record_put_text(&wire, FIELD_DKIM_DOMAINS, "d");
	is_json(RECORD_MESSAGE,
		",\"rcpt_to\":[\"a@x\",\"\xef\xbf\xbd\"],\"rcpt_to_hex\":[\"\",\"e9\"],"
		"\"dkim_domains\":[\"d\"]",
		"NAME_hex of a list has the exact bytes of what was not clean");
}

static void put_said(uint64_t us, enum dialogue_dir dir, const char *text)
{
	struct dialogue_entry e = {
	    .us = us, .dir = dir, .text = (const uint8_t *)text, .len = strlen(text)};

	record_put_dialogue(&wire, &e);
}

static void test_dialogue(void)
{
	struct dialogue_entry lf = {
	    .us = 8, .eol = EOL_LF, .text = (const uint8_t *)"Q\xff", .len = 2};
	struct dialogue_entry body = {.us = 9, .body = 4096};
	struct dialogue_entry cut = {
	    .us = 10, .eol = EOL_NONE, .text = (const uint8_t *)"RS", .len = 2};

	begin();
	put_said(0, DIALOGUE_SERVER, "220 mx\r\n220 x");
	put_said(7, DIALOGUE_CLIENT, "");
	record_put_dialogue(&wire, &lf);
	put_said(8, DIALOGUE_EVENT, "tls");
	record_put_dialogue(&wire, &body);
	record_put_dialogue(&wire, &cut);
	is_json(
	    RECORD_SESSION,
	    ",\"dialogue\":[{\"us\":0,\"dir\":\"s\",\"text\":\"220 mx\\u000d\\u000a220 x\"},"
	    "{\"us\":7,\"dir\":\"c\",\"text\":\"\"},"
	    "{\"us\":8,\"dir\":\"c\",\"text\":\"Q\xef\xbf\xbd\",\"hex\":\"51ff\",\"eol\":\"lf\"},"
	    "{\"us\":8,\"dir\":\"e\",\"text\":\"tls\"},{\"us\":9,\"dir\":\"c\",\"body\":4096},"
	    "{\"us\":10,\"dir\":\"c\",\"text\":\"RS\",\"eol\":\"none\"}]",
	    "the dialogue is an array of small objects");
}

static void test_names(void)
{
	static const uint8_t ciphers[] = {0x13, 0x01, 0x1a, 0x1a, 0xab, 0xcd};
	static const uint8_t kinds[] = {1, 0, 0x80, 0, 0, 0x0a, 0x12, 0x34, 0x56};

	begin();
	record_put_names(&wire, FIELD_HELLO_CIPHER_NAMES, TLS_REGISTRY_CIPHERS, ciphers,
			 sizeof ciphers, 2);
	record_put_names(&wire, FIELD_HELLO_GROUP_NAMES, TLS_REGISTRY_GROUPS, ciphers, 0, 2);
	is_json(RECORD_SESSION,
		",\"hello_cipher_names\":[\"TLS_AES_128_GCM_SHA256\",\"GREASE\",\"0xabcd\"],"
		"\"hello_group_names\":[]",
		"numbers of TLS are shown by name, the unknown as numbers");
	begin();
	record_put_names(&wire, FIELD_HELLO_CIPHER_NAMES, TLS_REGISTRY_CIPHERS, kinds, sizeof kinds,
			 3);
	is_json(RECORD_SESSION,
		",\"hello_cipher_names\":[\"SSL_CK_RC4_128_WITH_MD5\","
		"\"TLS_RSA_WITH_3DES_EDE_CBC_SHA\",\"0x123456\"]",
		"also those of three bytes");
}

/* A field as a hostile worker might send it. */
static void put_raw(unsigned field, uint32_t length, const void *bytes, size_t len)
{
	uint16_t f = (uint16_t)field;

	buf_put(&wire, &f, sizeof f);
	buf_put(&wire, &length, sizeof length);
	buf_put(&wire, bytes, len);
}

static const struct {
	const char *title;
	unsigned field;
	uint32_t length;
	const char *bytes;
	size_t len;
} hostile[] = {
    {"a field that is not in the table", FIELD_COUNT, 1, "x", 1},
    {"the greatest field number", 65535, 0, "", 0},
    {"a value longer than what follows", FIELD_HELO, 2, "x", 1},
    {"the greatest length", FIELD_HELO, UINT32_MAX, "x", 1},
    {"a number of 7 bytes", FIELD_COMMANDS, 7, "1234567", 7},
    {"a number of 9 bytes", FIELD_COMMANDS, 9, "123456789", 9},
    {"a number of no bytes", FIELD_COMMANDS, 0, "", 0},
    {"an address of 4 bytes", FIELD_CLIENT_IP, 4, "1234", 4},
    {"a truth value of 2", FIELD_ESMTP, 1, "\2", 1},
    {"a truth value of 2 bytes", FIELD_ESMTP, 2, "\1\1", 2},
    {"a time past the year 9999", FIELD_CLIENT_CERT_NOT_AFTER, 8,
     "\xff\xff\xff\xff\xff\xff\xff\xff", 8},
    {"an identifier of 15 bytes", FIELD_ID, 15, "123456789012345", 15},
    {"a second id", FIELD_ID, 16, "1234567890123456", 16},
    {"a field of the logger's: v", FIELD_V, 8, "12345678", 8},
    {"a field of the logger's: type", FIELD_TYPE, 1, "x", 1},
    {"a field of the logger's: seq", FIELD_SEQ, 8, "12345678", 8},
    {"a field of the logger's: sensor", FIELD_SENSOR, 1, "x", 1},
    {"a field of the other stream", FIELD_MAIL_FROM, 1, "x", 1},
    {"names without a registry and a width", FIELD_HELLO_GROUP_NAMES, 1, "\0", 1},
    {"names of no known registry", FIELD_HELLO_GROUP_NAMES, 4, "\4\2ab", 4},
    {"names of numbers of no bytes", FIELD_HELLO_GROUP_NAMES, 4, "\0\0ab", 4},
    {"names of numbers of 1 byte", FIELD_HELLO_GROUP_NAMES, 4, "\0\1ab", 4},
    {"names of numbers of 4 bytes", FIELD_HELLO_GROUP_NAMES, 6, "\0\4abcd", 6},
    {"names of numbers that are not whole", FIELD_HELLO_GROUP_NAMES, 5, "\0\2abc", 5},
    {"a dialogue entry without its fixed part", FIELD_DIALOGUE, 17,
     "12345678\0\0"
     "1234567",
     17},
    {"a dialogue entry of no known speaker", FIELD_DIALOGUE, 18,
     "12345678\3\0"
     "12345678",
     18},
    {"a dialogue entry of no known line end", FIELD_DIALOGUE, 18,
     "12345678\0\3"
     "12345678",
     18},
};

/* At the limit, and one more. */
static void test_many_names(void)
{
	static uint8_t numbers[2 + 2 * (RECORD_NAMES_MAX + 1)] = {TLS_REGISTRY_GROUPS, 2};
	static uint8_t room[64 * RECORD_NAMES_MAX];
	struct record_head head = {.type = RECORD_SESSION, .seq = 1, .sensor = "s"};

	for (uint32_t count = RECORD_NAMES_MAX; count <= RECORD_NAMES_MAX + 1; count++) {
		begin();
		put_raw(FIELD_HELLO_GROUP_NAMES, 2 + 2 * count, numbers, 2 + 2 * count);
		buf_init(&out, room, sizeof room);
		is_int(record_encode(&head, wire.data, wire.len, &out),
		       count > RECORD_NAMES_MAX ? ERR_FORMAT : 0, "so many names at most");
	}
}

static void test_fields(void)
{
	struct record_fields r;
	const uint8_t *value;
	size_t len = 0;

	begin();
	record_put_text(&wire, FIELD_RCPT_TO, "first");
	record_put_text(&wire, FIELD_RCPT_TO, "second");
	record_put_u64(&wire, FIELD_SIZE, 7);
	is_int(record_fields_read(&r, RECORD_MESSAGE, wire.data, wire.len), 0, "fields are read");
	value = record_fields_get(&r, FIELD_RCPT_TO, &len);
	ok(len == 5 && memcmp(value, "first", len) == 0, "of a list the first value is found");
	value = record_fields_get(&r, FIELD_SIZE, &len);
	ok(len == 8 && value[0] + value[7] == 7, "so is what stands behind it");
	ok(record_fields_has(&r, FIELD_ID) && !record_fields_has(&r, FIELD_HELO) &&
	       record_fields_get(&r, FIELD_HELO, &len) == NULL,
	   "what is not there is not found");
}

static void test_hostile(void)
{
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		begin();
		put_raw(hostile[i].field, hostile[i].length, hostile[i].bytes, hostile[i].len);
		ok(encode(RECORD_SESSION) == ERR_FORMAT && out.len == 0, "%s is refused",
		   hostile[i].title);
	}
}

static void test_order_of_fields(void)
{
	begin();
	record_put_u64(&wire, FIELD_COMMANDS, 1);
	record_put_u64(&wire, FIELD_ERRORS, 1);
	record_put_u64(&wire, FIELD_COMMANDS, 1);
	is_int(encode(RECORD_SESSION), ERR_FORMAT, "a repeated field is refused");
	begin();
	record_put_text(&wire, FIELD_AUTH, "a");
	record_put_u64(&wire, FIELD_ERRORS, 1);
	record_put_text(&wire, FIELD_AUTH, "b");
	is_int(encode(RECORD_SESSION), ERR_FORMAT, "a list that is not together is refused");
	buf_init(&wire, wire_memory, sizeof wire_memory);
	record_put_uuid(&wire, FIELD_ID, id);
	is_int(encode(RECORD_SESSION), ERR_FORMAT, "a record without ts is refused");
	buf_init(&wire, wire_memory, sizeof wire_memory);
	record_put_time(&wire, FIELD_TS, 1);
	is_int(encode(RECORD_SESSION), ERR_FORMAT, "a record without id is refused");
	buf_reset(&wire);
	is_int(encode(RECORD_SESSION), ERR_FORMAT, "a record of nothing is refused");
}

static void put_one_of_each(enum record_type type)
{
	begin();
	record_put_u64(&wire, FIELD_BARE_LF, 7);
	record_put_ip(&wire, FIELD_CLIENT_IP, ip4);
	record_put_string(&wire, FIELD_HELO, "x\xff", 2);
	record_put_hex(&wire, FIELD_JA3, "abc", 3);
	if (type == RECORD_MESSAGE)
		record_put_string(&wire, FIELD_RCPT_TO, "\xc3\xa9\xc3", 3);
	else
		put_said(1, DIALOGUE_CLIENT, "EHLO");
}

/* Every shorter prefix of the wire bytes, and every smaller buffer. */
static void test_cuts(void)
{
	unsigned wrong = 0, whole = 0;

	for (enum record_type type = 0; type < RECORD_TYPE_COUNT; type++) {
		put_one_of_each(type);
		size_t len = wire.len;
		for (wire.len = 0; wire.len < len; wire.len++) {
			int rc = encode(type);
			wrong += rc != 0 && rc != ERR_FORMAT;
			whole += rc == 0;
		}
		encode(type);
		size_t full = out.len;
		for (size_t cap = 0; cap < full; cap++) {
			struct record_head head = {.type = type, .sensor = "mx.example", .seq = 42};
			buf_init(&out, out_memory, cap);
			wrong +=
			    record_encode(&head, wire.data, len, &out) != ERR_FULL || out.len != 0;
		}
	}
	is_int(wrong, 0, "cut wire bytes and small buffers give errors and no half record");
	is_int(whole, 2 * 5, "only a cut between two fields is a record");
}

static void test_get(void)
{
	const uint8_t *value = NULL;
	size_t len = 0;

	begin();
	record_put_text(&wire, FIELD_RCPT_TO, "first");
	record_put_text(&wire, FIELD_RCPT_TO, "second");
	is_int(record_get(wire.data, wire.len, FIELD_RCPT_TO, &value, &len), 1, "a field is found");
	is_mem(value, len, "first", 5, "its first element");
	is_int(record_get(wire.data, wire.len, FIELD_SIZE, &value, &len), 0,
	       "a missing one is not");
	is_int(record_get(wire.data, wire.len - 1, FIELD_SIZE, &value, &len), ERR_FORMAT,
	       "damage before it is told");
}

static void test_small_wire(void)
{
	uint8_t memory[21];

	buf_init(&wire, memory, sizeof memory);
	record_put_uuid(&wire, FIELD_ID, id);
	ok(wire.failed && wire.len == 0, "a field that does not fit is not half written");
}

/* The table is what the manual and the reader go by. */
static void test_table(void)
{
	unsigned wrong = 0;

	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		const struct record_info *info = &record_table[f];
		wrong += !info->in_session && !info->in_message;
		wrong += info->doc[0] == '\0';
		wrong += record_field_find(info->name, strlen(info->name)) != f;
	}
	is_int(wrong, 0, "every field has a stream, a documentation and a name of its own");
	is_int(record_field_find("help", 4), FIELD_COUNT, "an unknown name is not found");
	is_int(record_field_find("hel", 3), FIELD_COUNT, "nor the start of one");
	is_int(record_field_find("helo_", 5), FIELD_COUNT, "nor one that goes on");
	is_str(record_type_name(RECORD_MESSAGE), "message", "a type has a name");
}

/* A field with a value of random bytes that its kind allows. */
static void put_random(enum record_field f)
{
	static const uint32_t lengths[RECORD_KIND_COUNT] = {[RECORD_U64] = 8,
							    [RECORD_BOOL] = 1,
							    [RECORD_IP] = 16,
							    [RECORD_TIME] = 8,
							    [RECORD_UUID] = 16};
	enum record_kind kind = record_table[f].kind;
	uint32_t length = lengths[kind] != 0 ? lengths[kind] : 18 + (uint32_t)random() % 30;
	uint8_t bytes[48];

	for (size_t j = 0; j < sizeof bytes; j++)
		bytes[j] = (uint8_t)(random() >> (random() & 8));
	if (kind == RECORD_BOOL)
		bytes[0] &= 1;
	if (kind == RECORD_TIME)
		bytes[7] = bytes[6] = 0;
	if (kind == RECORD_NAMES) {
		bytes[0] &= 3;
		bytes[1] = 2 + (bytes[1] & 1);
		length = 2 + (length - 2) / bytes[1] * bytes[1];
	}
	if (kind == RECORD_DIALOGUE)
		bytes[8] = bytes[9] = (uint8_t)(random() % 3);
	put_raw(f, length, bytes, length);
}

static bool is_strict_json(const uint8_t *p, size_t len)
{
	yajl_handle y = yajl_alloc(NULL, NULL, NULL);
	bool good =
	    yajl_parse(y, p, len) == yajl_status_ok && yajl_complete_parse(y) == yajl_status_ok;

	yajl_free(y);
	return good;
}

static void test_random_is_json(void)
{
	unsigned wrong = 0;

	srandom(7);
	for (int n = 0; n < 3000; n++) {
		enum record_type type = n & 1 ? RECORD_SESSION : RECORD_MESSAGE;

		begin();
		for (unsigned f = FIELD_SENSOR + 1; f < FIELD_COUNT; f++) {
			bool fits = type == RECORD_SESSION ? record_table[f].in_session
							   : record_table[f].in_message;
			if (fits && random() % 8 == 0)
				put_random((enum record_field)f);
		}
		wrong += encode(type) != 0 || !is_strict_json(out.data, out.len) ||
			 memchr(out.data, '\n', out.len) != out.data + out.len - 1;
	}
	is_int(wrong, 0, "3,000 records of random bytes are one line of JSON each");
}

int main(void)
{
	test_scalars();
	test_lists();
	test_dialogue();
	test_names();
	test_many_names();
	test_fields();
	test_hostile();
	test_order_of_fields();
	test_cuts();
	test_get();
	test_small_wire();
	test_table();
	test_random_is_json();
	return tap_done();
}
