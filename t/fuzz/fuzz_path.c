/*
 * fuzz_path.c: fuzz target for lib/path, lib/params and lib/base64.
 *
 * The first byte chooses the kind of path and the extensions.  Properties: all spans lie within
 * the input and in order; a path without oddities means the same when it is written plainly;
 * what base64 decodes is what was encoded.
 */
#include <stdlib.h>

#include "base64.h"
#include "params.h"
#include "path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_lie_in(struct span s, struct span in)
{
	if (s.len > 0)
		must(s.bytes >= in.bytes && s.len <= in.len &&
		     (size_t)(s.bytes - in.bytes) <= in.len - s.len);
}

static bool same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

static void check_parts(const struct path *p, struct span in)
{
	must_lie_in(p->address, in);
	must_lie_in(p->route, in);
	must_lie_in(p->rest, in);
	must_lie_in(p->local, p->address);
	must_lie_in(p->domain, p->address);
	if (p->domain.len > 0)
		must(p->local.len + 1 + p->domain.len == p->address.len &&
		     p->address.bytes[p->local.len] == '@');
	must(p->rest.len == 0 || p->rest.bytes + p->rest.len == in.bytes + in.len);
}

static void check_plain(const struct path *p, enum path_kind kind)
{
	uint8_t *text = malloc(p->address.len + 2);
	struct path again;

	must(text != NULL);
	text[0] = '<';
	if (p->address.len > 0)
		memcpy(text + 1, p->address.bytes, p->address.len);
	text[p->address.len + 1] = '>';
	must(path_parse((struct span){text, p->address.len + 2}, kind, &again) == 1);
	must(again.oddities == 0 && again.rest.len == 0 && same(again.address, p->address) &&
	     same(again.local, p->local) && same(again.domain, p->domain));
	free(text);
}

static void check_params(struct span in, enum params_of of, unsigned offered)
{
	struct params p;

	params_parse(in, of, offered, &p);
	must(p.seen < 1u << PARAM_COUNT);
	must_lie_in(p.auth, in);
	must_lie_in(p.envid, in);
	must_lie_in(p.orcpt, in);
	must(!!(p.seen & 1u << PARAM_BODY) == (p.body != BODY_NONE));
	must(!!(p.seen & 1u << PARAM_RET) == (p.ret != RET_NONE));
	must(!!(p.seen & 1u << PARAM_NOTIFY) == (p.notify != 0));
}

static void check_base64(struct span in)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t *out = calloc(1, in.len / 4 * 3 + 3);
	size_t len;

	must(out != NULL);
	if (base64_decode(in, out, &len) == 0) {
		must(len <= in.len / 4 * 3 && len + 2 >= in.len / 4 * 3);
		for (size_t i = 0; i < in.len; i++) {
			unsigned bit = (unsigned)(i % 4) * 6;
			size_t at = i / 4 * 3;
			uint32_t group =
			    (uint32_t)out[at] << 16 | (uint32_t)out[at + 1] << 8 | out[at + 2];
			char c = alphabet[group >> (18 - bit) & 63];
			must(in.bytes[i] == (uint8_t)c || (in.bytes[i] == '=' && c == 'A'));
		}
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	enum path_kind kind = data[0] & 1 ? PATH_FORWARD : PATH_REVERSE;
	unsigned offered = data[0] & 2 ? EXT_ALL : EXT_SIZE | EXT_DSN;
	struct span in = {data + 1, len - 1};
	struct path p;

	path_check_domain(in);
	path_is_address(in);
	check_base64(in);
	check_params(in, kind == PATH_FORWARD ? PARAMS_OF_RCPT : PARAMS_OF_MAIL, offered);
	if (path_parse(in, kind, &p) < 0)
		return 0;
	check_parts(&p, in);
	if ((p.oddities & ~(ODDITY_BIT(SOURCE_ROUTE) | ODDITY_BIT(SPACE_AFTER_COLON))) == 0)
		check_plain(&p, kind);
	check_params(p.rest, kind == PATH_FORWARD ? PARAMS_OF_RCPT : PARAMS_OF_MAIL, offered);
	return 0;
}
