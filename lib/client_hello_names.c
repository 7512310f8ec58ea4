/*
 * client_hello_names.c: the names that records use for what a ClientHello says.
 *
 * Runs in workers; part of client_hello.c.
 */
#include "client_hello.h"

#include <stdio.h>

#define DRAFT_1_3 0x7f00 /* RFC 8446's drafts: 0x7f00 and the draft's number */

static const char *const kind_names[HELLO_KIND_COUNT] = {
    [HELLO_NOTHING] = "nothing",     [HELLO_SHORT] = "short", [HELLO_CLIENT] = "client_hello",
    [HELLO_HANDSHAKE] = "handshake", [HELLO_ALERT] = "alert", [HELLO_RECORD] = "tls_record",
    [HELLO_SMTP] = "smtp",           [HELLO_HTTP] = "http",   [HELLO_OTHER] = "other",
};

static const char *const fault_names[HELLO_FAULT_COUNT] = {
    [HELLO_SOUND] = "",
    [HELLO_CUT] = "cut",
    [HELLO_OVERRUN] = "overrun",
    [HELLO_CONTENT] = "content",
    [HELLO_REPEATED] = "repeated",
    [HELLO_INTERLEAVED] = "interleaved",
    [HELLO_RECORD_LOST] = "record_lost",
    [HELLO_TRAILING] = "trailing",
};

static const char *const part_names[HELLO_PART_COUNT] = {
    [HELLO_PART_HEADER] = "header",         [HELLO_PART_VERSION] = "version",
    [HELLO_PART_RANDOM] = "random",         [HELLO_PART_SESSION_ID] = "session_id",
    [HELLO_PART_CIPHERS] = "cipher_suites", [HELLO_PART_COMPRESSION] = "compression_methods",
    [HELLO_PART_EXTENSIONS] = "extensions", [HELLO_PART_EXTENSION] = "extension",
};

static const struct {
	uint16_t number;
	const char *name;
} versions[] = {
    {0x0002, "SSLv2"},   {0x0300, "SSLv3"},   {0x0301, "TLSv1.0"},
    {0x0302, "TLSv1.1"}, {0x0303, "TLSv1.2"}, {0x0304, "TLSv1.3"},
};

/* TLS Supported Groups, in the registry of IANA, with the drafts that were widely deployed. */
static const struct {
	uint16_t number;
	const char *name;
} groups[] = {
    {1, "sect163k1"},
    {2, "sect163r1"},
    {3, "sect163r2"},
    {4, "sect193r1"},
    {5, "sect193r2"},
    {6, "sect233k1"},
    {7, "sect233r1"},
    {8, "sect239k1"},
    {9, "sect283k1"},
    {10, "sect283r1"},
    {11, "sect409k1"},
    {12, "sect409r1"},
    {13, "sect571k1"},
    {14, "sect571r1"},
    {15, "secp160k1"},
    {16, "secp160r1"},
    {17, "secp160r2"},
    {18, "secp192k1"},
    {19, "secp192r1"},
    {20, "secp224k1"},
    {21, "secp224r1"},
    {22, "secp256k1"},
    {23, "secp256r1"},
    {24, "secp384r1"},
    {25, "secp521r1"},
    {26, "brainpoolP256r1"},
    {27, "brainpoolP384r1"},
    {28, "brainpoolP512r1"},
    {29, "x25519"},
    {30, "x448"},
    {31, "brainpoolP256r1tls13"},
    {32, "brainpoolP384r1tls13"},
    {33, "brainpoolP512r1tls13"},
    {34, "GC256A"},
    {35, "GC256B"},
    {36, "GC256C"},
    {37, "GC256D"},
    {38, "GC512A"},
    {39, "GC512B"},
    {40, "GC512C"},
    {41, "curveSM2"},
    {256, "ffdhe2048"},
    {257, "ffdhe3072"},
    {258, "ffdhe4096"},
    {259, "ffdhe6144"},
    {260, "ffdhe8192"},
    {512, "MLKEM512"},
    {513, "MLKEM768"},
    {514, "MLKEM1024"},
    {4587, "SecP256r1MLKEM768"},
    {4588, "X25519MLKEM768"},
    {4589, "SecP384r1MLKEM1024"},
    {25497, "X25519Kyber768Draft00"},
    {25498, "SecP256r1Kyber768Draft00"},
    {65281, "arbitrary_explicit_prime_curves"},
    {65282, "arbitrary_explicit_char2_curves"},
};

const char *hello_kind_name(enum hello_kind kind)
{
	return kind_names[kind];
}

const char *hello_version_text(uint16_t version, char text[CLIENT_HELLO_VERSION_TEXT])
{
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (versions[i].number == version)
			return versions[i].name;
	if ((version & 0xff00) == DRAFT_1_3)
		snprintf(text, CLIENT_HELLO_VERSION_TEXT, "TLSv1.3-draft%u", version & 0xffu);
	else
		snprintf(text, CLIENT_HELLO_VERSION_TEXT, "0x%04x", version);
	return text;
}

const char *hello_group_name(uint16_t group)
{
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if (groups[i].number == group)
			return groups[i].name;
	return NULL;
}

const char *hello_fault_text(const struct client_hello *h, char text[CLIENT_HELLO_FAULT_TEXT])
{
	const char *fault = fault_names[h->fault], *part = part_names[h->fault_part];

	if (h->fault == HELLO_SOUND)
		text[0] = '\0';
	else if (h->fault == HELLO_INTERLEAVED || h->fault == HELLO_RECORD_LOST)
		snprintf(text, CLIENT_HELLO_FAULT_TEXT, "%s", fault);
	else if (h->fault_part == HELLO_PART_EXTENSION)
		snprintf(text, CLIENT_HELLO_FAULT_TEXT, "%s extension %u", fault, h->extension);
	else
		snprintf(text, CLIENT_HELLO_FAULT_TEXT, "%s %s", fault, part);
	return text;
}
