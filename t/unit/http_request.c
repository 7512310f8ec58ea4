/*
 * Which requests a server of one page takes, in any chunking.
 */
#include "http_request.h"

#include <stdlib.h>

#include "../tap.h"

static const struct {
	const char *text;
	int result;
	const char *what;
} cases[] = {
    {"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 1, "a request is one"},
    {"HEAD / HTTP/1.0\r\n\r\n", 1, "HTTP/1.0 needs no Host"},
    {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", 1, "but may have one"},
    {"OPTIONS /x?y=%20 HTTP/1.1\r\nhost:\r\nX-Y: \t z \xe9\r\n\r\n", 1, "odd but well-formed"},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\nmore", 1, "what follows is not looked at"},
    {"", 0, "nothing is too little"},
    {"GET / HTTP/1.1\r\nHost: a\r\n", 0, "so is a head without its end"},
    {"GET / HTTP/1.1\r\n\r\n", -1, "HTTP/1.1 without Host"},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", -1, "two Hosts"},
    {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", -1, "also in HTTP/1.0"},
    {"GET / HTTP/1.1\nHost: a\n\n", -1, "lines that end in LF alone"},
    {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", -1, "a CR within a line"},
    {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", -1, "an empty line before"},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", -1, "two blanks"},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", -1, "a blank behind"},
    {"GET /\r\n\r\n", -1, "HTTP/0.9"},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", -1, "HTTP/2.0"},
    {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", -1, "HTTP/1.2"},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", -1, "a version in lower case"},
    {"G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n", -1, "a method that is no token"},
    {" / HTTP/1.1\r\nHost: a\r\n\r\n", -1, "no method"},
    {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", -1, "a target for a proxy"},
    {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", -1, "a target that is no path"},
    {"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", -1, "a control byte in the target"},
    {"GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", -1, "an 8-bit byte in the target"},
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", -1, "a blank before the colon"},
    {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", -1, "a folded line"},
    {"GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", -1, "a field without a colon"},
    {"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", -1, "a field without a name"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[2J\r\n\r\n", -1, "a control byte in a field"},
    {"\x16\x03\x01\x02\n", -1, "TLS"},
};

/* Any prefix tells the same as the whole, or that it is too little. */
static bool same_in_pieces(const uint8_t *bytes, size_t len, int result)
{
	struct http_request r;

	for (size_t i = 0; i < len; i++) {
		int early = http_request_parse(bytes, i, &r);

		if (early != 0 && early != result)
			return false;
	}
	return true;
}

static int parse(const char *text, struct http_request *r_r)
{
	return http_request_parse((const uint8_t *)text, strlen(text), r_r);
}

static void test_cases(void)
{
	struct http_request r;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		is_int(parse(cases[i].text, &r), cases[i].result, cases[i].what);
		ok(same_in_pieces((const uint8_t *)cases[i].text, strlen(cases[i].text),
				  cases[i].result),
		   "in pieces, too");
	}
	static const uint8_t nul[] = "GET / HTTP/1.1\r\nHost: \0\r\n\r\n";
	is_int(http_request_parse(nul, sizeof nul - 1, &r), -1, "a NUL in a field");
}

static void test_parts(void)
{
	struct http_request r;

	parse("GET /metrics?a=b HTTP/1.1\r\nHost: a\r\n\r\n", &r);
	is_mem(r.method, r.method_len, "GET", 3, "the method is told");
	is_mem(r.target, r.target_len, "/metrics?a=b", 12, "and the target");
	ok(!r.http10 && !r.has_body && !r.openmetrics, "and nothing that is not there");
	ok(http_request_is_for(&r, "/metrics"), "a query does not matter");
	ok(!http_request_is_for(&r, "/metric"), "but the whole path does");
	parse("GET /metrics/ HTTP/1.1\r\nHost: a\r\n\r\n", &r);
	ok(!http_request_is_for(&r, "/metrics"), "with its last slash");
	parse("GET /m HTTP/1.0\r\n\r\n", &r);
	ok(r.http10 && !http_request_is_for(&r, "/metrics"), "a shorter path is another");
	parse("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n", &r);
	ok(r.has_body, "a length announces a body");
	parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", &r);
	ok(r.has_body, "and so does an encoding");
}

static void test_accept(void)
{
	static const struct {
		const char *accept;
		bool openmetrics;
	} lists[] = {
	    {"application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5", true},
	    {"text/plain , APPLICATION/OpenMetrics-Text", true},
	    {"application/openmetrics-text;version=1.0.0", true},
	    {"application/openmetrics-texts", false},
	    {"application/openmetrics", false},
	    {"text/plain;x=application/openmetrics-text", false},
	    {"*/*", false},
	    {"", false},
	    {",,,", false},
	};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct http_request r;
		char text[256];

		snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nAccept: %s\r\n\r\n",
			 lists[i].accept);
		ok(parse(text, &r) == 1 && r.openmetrics == lists[i].openmetrics, "Accept: %s",
		   lists[i].accept);
	}
}

/* A request whose parts have these sizes; its length is put into *len_r. */
static uint8_t *request(size_t target, size_t fields, size_t filler, size_t *len_r)
{
	char *text = malloc(target + fields * 8 + filler + 256);
	char *p = text;

	if (text == NULL)
		exit(99);
	p += sprintf(p, "GET /");
	memset(p, 't', target - 1);
	p += target - 1;
	p += sprintf(p, " HTTP/1.1\r\nHost: a\r\n");
	for (size_t i = 1; i < fields; i++)
		p += sprintf(p, "X: y\r\n");
	if (filler > 0) {
		memset(p - 2, 'f', filler);
		p += filler - 2;
		p += sprintf(p, "\r\n");
	}
	p += sprintf(p, "\r\n");
	*len_r = (size_t)(p - text);
	return (uint8_t *)text;
}

static int result_of(size_t target, size_t fields, size_t filler)
{
	struct http_request r;
	size_t len;
	uint8_t *bytes = request(target, fields, filler, &len);
	int result = http_request_parse(bytes, len, &r);

	free(bytes);
	return result;
}

static void test_limits(void)
{
	struct http_request r;
	size_t len;

	is_int(result_of(HTTP_TARGET_MAX, 1, 0), 1, "a target of the greatest length");
	is_int(result_of(HTTP_TARGET_MAX + 1, 1, 0), -1, "one more");
	is_int(result_of(1, HTTP_FIELDS_MAX, 0), 1, "the greatest number of fields");
	is_int(result_of(1, HTTP_FIELDS_MAX + 1, 0), -1, "one more");
	free(request(1, 2, 2, &len));
	size_t filler = HTTP_REQUEST_MAX - len + 2;
	is_int(result_of(1, 2, filler), 1, "a request of the greatest length");
	is_int(result_of(1, 2, filler + 1), -1, "one byte more");
	uint8_t *endless = calloc(1, HTTP_REQUEST_MAX);
	if (endless == NULL)
		exit(99);
	memset(endless, 'x', HTTP_REQUEST_MAX);
	is_int(http_request_parse(endless, HTTP_REQUEST_MAX - 1, &r), 0,
	       "a line without its end is waited for");
	is_int(http_request_parse(endless, HTTP_REQUEST_MAX, &r), -1, "but not for ever");
	free(endless);
}

int main(void)
{
	test_cases();
	test_parts();
	test_accept();
	test_limits();
	return tap_done();
}
