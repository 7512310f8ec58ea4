/*
 * proxy.c: the header that a proxy sends ahead of a connection, versions 1 and 2.
 *
 * Runs in a worker, on what a peer of a configured proxy address sent before anything else.
 * Input is the bytes received so far, output the addresses; nothing of it is trusted, and
 * whoever calls decides whether the peer may speak for others.  Section numbers are those of
 * HAProxy's proxy-protocol.txt.
 */
#include "proxy.h"

#include "ip.h"

#include <string.h>

#define V1_MIN 15 /* "PROXY UNKNOWN" CRLF, the shortest line */
#define V1_WORDS 6
#define V2_FIXED 16 /* signature, version and command, family, length */

static const uint8_t v1_signature[] = "PROXY ";
static const uint8_t v2_signature[] = "\r\n\r\n\0\r\nQUIT\n";
#define V1_SIGNATURE_LEN (sizeof v1_signature - 1)
#define V2_SIGNATURE_LEN (sizeof v2_signature - 1)

/* What the family byte of version 2 stands for: (2.2). */
static const struct family {
	uint8_t code;
	uint8_t ip_len; /* 0: no IP address, so the connection counts as local */
	uint8_t addresses_len;
} families[] = {
    {0x00, 0, 0},   /* unspecified */
    {0x11, 4, 12},  /* TCP over IPv4 */
    {0x21, 16, 36}, /* TCP over IPv6 */
    {0x31, 0, 216}, /* a Unix stream */
};

static uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static int need(size_t *n_r, size_t more)
{
	*n_r = more;
	return 0;
}

/* ---- version 1: a line of text (2.1) ---- */

struct word {
	const char *text;
	size_t len;
};

/* Cut line at single spaces; returns the number of words, or -1 if it is over V1_WORDS. */
static int split(struct word words[V1_WORDS], const char *line, size_t len)
{
	int n = 0;

	for (;;) {
		const char *space = memchr(line, ' ', len);
		size_t word_len = space == NULL ? len : (size_t)(space - line);
		if (n == V1_WORDS)
			return -1;
		words[n++] = (struct word){line, word_len};
		if (space == NULL)
			return n;
		line += word_len + 1;
		len -= word_len + 1;
	}
}

static bool word_is(const struct word *w, const char *text)
{
	return w->len == strlen(text) && memcmp(w->text, text, w->len) == 0;
}

/* A port in decimal without leading zeros. */
static bool read_port(uint16_t *port_r, const struct word *w)
{
	unsigned port = 0;

	if (w->len == 0 || w->len > 5 || (w->len > 1 && w->text[0] == '0'))
		return false;
	for (size_t i = 0; i < w->len; i++) {
		if (w->text[i] < '0' || w->text[i] > '9')
			return false;
		port = port * 10 + (unsigned)(w->text[i] - '0');
	}
	*port_r = (uint16_t)port;
	return port <= UINT16_MAX;
}

/* An address of the family that the line names: "TCP6" has colons, "TCP4" none. */
static bool read_ip(uint8_t ip[16], const struct word *w, bool v6)
{
	return (memchr(w->text, ':', w->len) != NULL) == v6 && ip_parse(ip, w->text, w->len) == 0;
}

/* The line without its CRLF; returns whether it is well formed. */
static bool read_line(struct proxy_header *header, const char *line, size_t len)
{
	struct word words[V1_WORDS];
	int n = split(words, line, len);

	*header = (struct proxy_header){.version = 1, .local = true};
	if (len >= V1_MIN - 2 && memcmp(line, "PROXY UNKNOWN", V1_MIN - 2) == 0)
		return len == V1_MIN - 2 || line[V1_MIN - 2] == ' '; /* the rest is ignored */
	if (n != V1_WORDS)
		return false;
	bool v6 = word_is(&words[1], "TCP6");
	if (!v6 && !word_is(&words[1], "TCP4"))
		return false;
	header->local = false;
	return read_ip(header->source_ip, &words[2], v6) &&
	       read_ip(header->destination_ip, &words[3], v6) &&
	       read_port(&header->source_port, &words[4]) &&
	       read_port(&header->destination_port, &words[5]);
}

static int parse_v1(struct proxy_header *header_r, const uint8_t *bytes, size_t len, size_t *n_r)
{
	size_t seen = len < PROXY_V1_MAX ? len : PROXY_V1_MAX;
	const uint8_t *cr = memchr(bytes, '\r', seen);
	size_t line_len = cr == NULL ? seen : (size_t)(cr - bytes);

	if (line_len > PROXY_V1_MAX - 2)
		return -1;
	if (cr == NULL) /* at least CR and LF are missing */
		return need(n_r, seen < V1_MIN ? V1_MIN - seen : 2);
	struct proxy_header header;
	if (!read_line(&header, (const char *)bytes, line_len))
		return -1;
	if (line_len + 1 == seen)
		return need(n_r, 1);
	if (cr[1] != '\n')
		return -1;
	*header_r = header;
	*n_r = line_len + 2;
	return 1;
}

/* ---- version 2: binary (2.2) ---- */

static const struct family *find_family(uint8_t code)
{
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (families[i].code == code)
			return &families[i];
	return NULL;
}

static void read_binary_ip(uint8_t ip[16], const uint8_t *bytes, uint8_t ip_len)
{
	memset(ip, 0, 10);
	memset(ip + 10, 0xff, 2);
	memcpy(ip + 16 - ip_len, bytes, ip_len);
}

static void read_addresses(struct proxy_header *header, const struct family *f, const uint8_t *p)
{
	read_binary_ip(header->source_ip, p, f->ip_len);
	read_binary_ip(header->destination_ip, p + f->ip_len, f->ip_len);
	header->source_port = get_u16(p + 2 * f->ip_len);
	header->destination_port = get_u16(p + 2 * f->ip_len + 2);
}

static int parse_v2(struct proxy_header *header_r, const uint8_t *bytes, size_t len, size_t *n_r)
{
	struct proxy_header header = {.version = 2, .local = true};

	if (len < V2_FIXED)
		return need(n_r, V2_FIXED - len);
	uint8_t command = bytes[12] & 0x0f;
	size_t rest = get_u16(bytes + 14);
	if (bytes[12] >> 4 != 2 || command > 1 || rest > PROXY_HEADER_MAX - V2_FIXED)
		return -1;
	const struct family *f = find_family(command == 0 ? 0 : bytes[13]); /* LOCAL: ignored */
	if (f == NULL || rest < f->addresses_len)
		return -1;
	if (len - V2_FIXED < rest)
		return need(n_r, rest - (len - V2_FIXED));
	if (f->ip_len != 0) {
		header.local = false;
		read_addresses(&header, f, bytes + V2_FIXED);
	}
	*header_r = header;
	*n_r = V2_FIXED + rest;
	return 1;
}

int proxy_parse(struct proxy_header *header_r, const uint8_t *bytes, size_t len, size_t *n_r)
{
	size_t v1 = len < V1_SIGNATURE_LEN ? len : V1_SIGNATURE_LEN;
	size_t v2 = len < V2_SIGNATURE_LEN ? len : V2_SIGNATURE_LEN;

	*n_r = 0;
	if (len == 0)
		return need(n_r, V1_MIN);
	if (memcmp(bytes, v1_signature, v1) == 0)
		return parse_v1(header_r, bytes, len, n_r);
	if (memcmp(bytes, v2_signature, v2) == 0)
		return parse_v2(header_r, bytes, len, n_r);
	return -1;
}
