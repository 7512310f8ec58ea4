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
