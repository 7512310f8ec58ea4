/*
 * What a TLS library would refuse in a ClientHello is found, and nothing else is overwritten.
 */
#include "hello_mend.h"

#include <stdlib.h>

#include "../tap.h"
#include "client_hello.h"

#define BODY_MAX 4096
#define TLS13 0x0304
#define BYTES(s) (s), sizeof(s) - 1

#define SNI_GOOD "\0\0\0\x0b\0\x09\0\0\6a-b.c0"
#define GROUPS "\0\x0a\0\4\0\2\0\x1d"
#define GREASED "\x0a\x0a"

struct body {
	uint8_t bytes[BODY_MAX];
	size_t len;
};

static void put(struct body *b, const void *bytes, size_t len)
{
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
}

static void put_number(struct body *b, size_t n)
{
	const uint8_t bytes[2] = {(uint8_t)(n >> 8), (uint8_t)n};

	put(b, bytes, 2);
}

static void make(struct body *b, uint16_t version, const char *ciphers, size_t ciphers_len,
		 const char *extensions, size_t extensions_len)
{
	b->len = 0;
	put_number(b, version);
	put(b, "0123456789abcdef0123456789abcdef", 32);
	put(b, "\0", 1);
	put_number(b, ciphers_len);
	put(b, ciphers, ciphers_len);
	put(b, "\1\0", 2);
	put_number(b, extensions_len);
	put(b, extensions, extensions_len);
}

static const struct {
	const char *title;
	const char *extensions;
	size_t len;
	unsigned set;
	const char *after; /* the types of the extensions */
} extensions[] = {
    {"a DNS name", BYTES(SNI_GOOD), 0, "0000"},
    {"no extension", BYTES(""), 0, ""},
    {"an underscore", BYTES("\0\0\0\x08\0\6\0\0\3a_b"), HELLO_MEND_BIT(SERVER_NAME), "0a0a"},
    {"brackets and a colon", BYTES("\0\0\0\x09\0\7\0\0\4[:1]"), HELLO_MEND_BIT(SERVER_NAME),
     "0a0a"},
    {"8-bit characters", BYTES("\0\0\0\7\0\5\0\0\2\xc3\xa9"), HELLO_MEND_BIT(SERVER_NAME), "0a0a"},
    {"NUL", BYTES("\0\0\0\x08\0\6\0\0\3a\0b"), HELLO_MEND_BIT(SERVER_NAME), "0a0a"},
    {"an empty server_name", BYTES("\0\0\0\0"), HELLO_MEND_BIT(SERVER_NAME), "0a0a"},
    {"an empty list of names", BYTES("\0\0\0\2\0\0"), HELLO_MEND_BIT(SERVER_NAME), "0a0a"},
    {"an empty name", BYTES("\0\0\0\5\0\3\0\0\0"), HELLO_MEND_BIT(SERVER_NAME), "0a0a"},
    {"a name longer than its list", BYTES("\0\0\0\6\0\4\0\0\2a"), HELLO_MEND_BIT(SERVER_NAME),
     "0a0a"},
    {"a list longer than its extension", BYTES("\0\0\0\6\0\x09\0\0\1a"),
     HELLO_MEND_BIT(SERVER_NAME), "0a0a"},
    {"a name of another type alone", BYTES("\0\0\0\7\0\5\1\0\2__"), 0, "0000"},
    {"a bad name behind a good one", BYTES("\0\0\0\x0a\0\x08\0\0\1a\0\0\1_"), 0, "0000"},
    {"a bad name behind one of another type", BYTES("\0\0\0\x0a\0\x08\1\0\1_\0\0\1_"),
     HELLO_MEND_BIT(SERVER_NAME), "0a0a"},
    {"bytes behind a name of another type", BYTES("\0\0\0\x08\0\6\1\0\1_zz"),
     HELLO_MEND_BIT(SERVER_NAME), "0a0a"},
    {"a server_name that comes twice", BYTES(SNI_GOOD GROUPS SNI_GOOD), HELLO_MEND_BIT(REPEATED),
     "0000 000a 0a0a"},
    {"supported_groups three times", BYTES(GROUPS GROUPS GROUPS), HELLO_MEND_BIT(REPEATED),
     "000a 0a0a 0a0a"},
    {"renegotiation_info twice", BYTES("\xff\1\0\1\0\xff\1\0\1\0"), HELLO_MEND_BIT(REPEATED),
     "ff01 0a0a"},
    {"what the library does not read, twice", BYTES("\x12\x34\0\0\x12\x34\0\0"), 0, "1234 1234"},
    {"a bad server_name, then a good one", BYTES("\0\0\0\0" SNI_GOOD),
     HELLO_MEND_BIT(SERVER_NAME) | HELLO_MEND_BIT(REPEATED), "0a0a 0a0a"},
    {"signature algorithms", BYTES("\0\x0d\0\4\0\2\4\3"), 0, "000d"},
    {"no signature algorithm", BYTES("\0\x0d\0\2\0\0"), HELLO_MEND_BIT(SIGNATURE_ALGORITHMS),
     "0a0a"},
    {"signature_algorithms without a list", BYTES("\0\x0d\0\0"),
     HELLO_MEND_BIT(SIGNATURE_ALGORITHMS), "0a0a"},
    {"half a signature algorithm", BYTES("\0\x0d\0\3\0\1\4"), HELLO_MEND_BIT(SIGNATURE_ALGORITHMS),
     "0a0a"},
    {"an empty list of groups, which is let pass", BYTES("\0\x0a\0\2\0\0"), 0, "000a"},
    {"supported_groups without a list", BYTES("\0\x0a\0\0"), HELLO_MEND_BIT(GROUPS), "0a0a"},
    {"half a group", BYTES("\0\x0a\0\3\0\1\0"), HELLO_MEND_BIT(GROUPS), "0a0a"},
    {"groups longer than the extension", BYTES("\0\x0a\0\4\0\4\0\x1d"), HELLO_MEND_BIT(GROUPS),
     "0a0a"},
    {"a pre-shared key", BYTES("\0\x29\0\0"), 0, "0029"},
    {"a pre-shared key behind what is mended", BYTES("\0\0\0\0\0\x29\0\0"),
     HELLO_MEND_BIT(SERVER_NAME), "0a0a 0a0a"},
    {"an extension that leads out of its block", BYTES("\0\0\0\0\0\x0a\0\x40"), 0, "0000 000a"},
};

/* The types of a body's extensions, "0000 000a". */
static const char *types(const struct body *b, char text[128])
{
	struct client_hello h = {0};
	struct span list, content;
	uint16_t type;
	size_t len = 0;

	text[0] = '\0';
	client_hello_read_body(&h, (struct span){b->bytes, b->len}, 0);
	for (list = h.extensions; client_hello_extension(&list, &type, &content);)
		len += (size_t)snprintf(text + len, 128 - len, "%s%04x", len > 0 ? " " : "", type);
	return text;
}

static void check_extensions(void)
{
	for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
		struct hello_mends m;
		struct body b;
		char text[128];

		make(&b, 0x0303, BYTES("\xc0\x2f"), extensions[i].extensions, extensions[i].len);
		bool any = hello_mend_plan(&m, (struct span){b.bytes, b.len}, TLS13);
		hello_mend_apply(&m, b.bytes, b.len);
		if (!ok(any == (extensions[i].set != 0) && m.set == extensions[i].set &&
			    strcmp(types(&b, text), extensions[i].after) == 0,
			"%s: %s", extensions[i].title,
			extensions[i].set ? "is mended" : "is left alone"))
			printf("# set %x, types %s\n", m.set, text);
	}
}

static void check_only_types(void)
{
	struct hello_mends m;
	struct body b, before;

	make(&b, 0x0303, BYTES("\xc0\x2f"), BYTES(GROUPS "\0\0\0\x08\0\6\0\0\3a_b" GROUPS));
	before = b;
	hello_mend_plan(&m, (struct span){b.bytes, b.len}, TLS13);
	hello_mend_apply(&m, b.bytes, b.len);
	is_int((int64_t)m.count, 2, "two extensions are overwritten");
	for (size_t i = 0; i < m.count; i++)
		memcpy(before.bytes + m.at[i], GREASED, 2);
	is_mem(b.bytes, b.len, before.bytes, before.len, "and not a byte besides their types");
	hello_mend_apply(&m, before.bytes, m.at[1] + 1);
	is_mem(b.bytes, b.len, before.bytes, before.len, "nor one behind the end of a body");
}

static void check_fallback(void)
{
	static const struct {
		const char *title;
		uint16_t version, served;
		bool mended;
	} cases[] = {
	    {"a fallback to TLS 1.1 with TLS 1.3 to be had", 0x0302, 0x0304, true},
	    {"a fallback to TLS 1.2 with TLS 1.3 to be had", 0x0303, 0x0304, true},
	    {"a fallback to the best there is", 0x0303, 0x0303, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct hello_mends m;
		struct body b;

		make(&b, cases[i].version, BYTES("\x56\0\0\x2f\x56\0"), BYTES(GROUPS));
		bool any = hello_mend_plan(&m, (struct span){b.bytes, b.len}, cases[i].served);
		hello_mend_apply(&m, b.bytes, b.len);
		ok(any == cases[i].mended && m.set == (any ? HELLO_MEND_BIT(FALLBACK_SCSV) : 0u) &&
		       memcmp(b.bytes + 37, any ? "\x0a\x0a\0\x2f\x0a\x0a" : "\x56\0\0\x2f\x56\0",
			      6) == 0,
		   "%s is %s", cases[i].title, any ? "mended" : "left alone");
	}
}

/* So many extensions that come again. */
static bool plan_many(struct hello_mends *m, size_t repeated)
{
	char block[8 * (HELLO_PATCHES + 2)];
	struct body b;

	for (size_t i = 0; i <= repeated; i++)
		memcpy(block + 8 * i, GROUPS, 8);
	make(&b, 0x0303, BYTES("\xc0\x2f"), block, 8 * (repeated + 1));
	return hello_mend_plan(m, (struct span){b.bytes, b.len}, TLS13);
}

static void check_limit(void)
{
	struct hello_mends m;

	ok(plan_many(&m, HELLO_PATCHES) && m.count == HELLO_PATCHES,
	   "as many mistakes as there is room for are mended");
	ok(!plan_many(&m, HELLO_PATCHES + 1) && m.count == 0 && m.set == 0,
	   "one more, and none is");
}

/* From memory that ends where the bytes do, so that a sanitizer sees what is read behind them. */
static void check_cut(void)
{
	struct body b;
	bool none = true;

	make(&b, 0x0303, BYTES("\x56\0"), BYTES("\0\0\0\x08\0\6\0\0\3a_b"));
	for (size_t len = 0; len < b.len; len++) {
		uint8_t *copy = malloc(len > 0 ? len : 1);
		struct hello_mends m;

		memcpy(copy, b.bytes, len);
		bool any = hello_mend_plan(&m, (struct span){copy, len}, TLS13);
		hello_mend_apply(&m, copy, len);
		/* Only a hello that ends before its extensions is whole, and may fall back. */
		none = none && !(any && m.set != HELLO_MEND_BIT(FALLBACK_SCSV));
		free(copy);
	}
	ok(none, "the extensions of a hello that is cut are left alone");
}

int main(void)
{
	check_extensions();
	check_only_types();
	check_fallback();
	check_limit();
	check_cut();
	is_str(hello_mend_name(HELLO_MEND_REPEATED), "repeated_extension", "each has its name");
	return tap_done();
}
