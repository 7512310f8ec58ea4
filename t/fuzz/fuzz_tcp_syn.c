/*
 * fuzz_tcp_syn.c: fuzz target for lib/tcp_syn.
 *
 * Properties: what is found lies within the bytes; the signature is printable, whole, and has its
 * eight parts; the fields make a record; bytes behind the headers change nothing.
 */
#include "tcp_syn.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool same(const struct tcp_syn *a, const struct tcp_syn *b)
{
	char text[2][TCP_SYN_TEXT];

	return a->ttl == b->ttl && a->timestamp == b->timestamp && a->headers == b->headers &&
	       strcmp(tcp_syn_signature(a, text[0]), tcp_syn_signature(b, text[1])) == 0;
}

static void check_signature(const struct tcp_syn *syn)
{
	char text[TCP_SYN_TEXT];
	size_t colons = 0, commas = 0;

	tcp_syn_signature(syn, text);
	must(strlen(text) < TCP_SYN_TEXT - 1);
	for (const char *p = text; *p; p++) {
		must(*p > ' ' && *p < 0x7f);
		colons += *p == ':';
		commas += *p == ',';
	}
	must(colons == 7);
	must(commas >= 1 && commas <= TCP_SYN_OPTIONS_MAX + TCP_SYN_QUIRK_COUNT);
}

static void check_fields(const struct tcp_syn *syn, enum record_type type)
{
	static const uint8_t id[16];
	const struct record_head head = {.type = type, .seq = 1, .sensor = "s"};
	uint8_t fields[4096], json[8192];
	struct buf to, out;

	buf_init(&to, fields, sizeof fields);
	buf_init(&out, json, sizeof json);
	record_put_uuid(&to, FIELD_ID, id);
	record_put_time(&to, FIELD_TS, 0);
	tcp_syn_put(syn, type, &to);
	must(!to.failed && record_encode(&head, to.data, to.len, &out) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tcp_syn syn, again;
	int result = tcp_syn_parse(&syn, data, len);

	must(result == 1 || result == -1);
	if (result < 0)
		return 0;
	must(syn.version == 4 || syn.version == 6);
	must(syn.headers <= len && syn.option_count <= TCP_SYN_OPTIONS_MAX);
	must(syn.eol_padding < TCP_SYN_OPTIONS_MAX);
	must(tcp_syn_parse(&again, data, syn.headers) == 1);
	must(same(&syn, &again));
	for (size_t cut = 0; cut < syn.headers; cut++)
		must(tcp_syn_parse(&again, data, cut) == -1);
	check_signature(&syn);
	check_fields(&syn, RECORD_SESSION);
	check_fields(&syn, RECORD_MESSAGE);
	return 0;
}
