/*
 * hello_put.c: a ClientHello and its fingerprints as fields of a record.
 *
 * Runs in workers.  What the client chose (ALPN) goes out as bytes, which the encoder escapes;
 * numbers go out in hexadecimal, and by name beside, element by element.  Every field has a limit,
 * so that no client makes records grow.
 */
#include "hello_put.h"

void hello_prints_make(struct hello_prints *p, const struct client_hello *h,
		       struct hello_scratch *scratch)
{
	struct buf text;

	*p = (struct hello_prints){0};
	if (h->kind != HELLO_CLIENT || !h->whole || h->format == TEE_FORMAT_SSLV2)
		return;
	buf_init(&text, scratch->text, sizeof scratch->text);
	ja3_string(h, &text);
	p->ja3_string = (struct span){text.data, text.len};
	p->has_ja3 = !text.failed && ja3_digest((const char *)text.data, text.len, p->ja3) == 0;
	size_t start = text.len;
	p->has_ja4 = ja4_make(h, &scratch->values, &text, p->ja4) == 0;
	p->ja4_r = (struct span){text.data + start, text.len - start};
}

/* ---- lists ---- */

struct put {
	struct buf *to;
	bool names; /* are wanted beside the numbers */
	bool cut;   /* a list was */
};

/* s cut to max bytes. */
static struct span limited(struct put *put, struct span s, size_t max)
{
	if (s.len <= max)
		return s;
	put->cut = true;
	return span_head(s, max);
}

/* A list as it was sent; none if there was none. */
static void put_list(struct put *put, enum record_field field, struct span list)
{
	if (list.bytes == NULL)
		return;
	list = limited(put, list, HELLO_LIST_MAX);
	record_put_hex(put->to, field, list.bytes, list.len);
}

static void put_text(struct put *put, enum record_field field, struct span text)
{
	text = limited(put, text, HELLO_STRING_MAX);
	record_put_string(put->to, field, text.bytes, text.len);
}

/* Numbers gathered to be put as one list. */
struct numbers {
	uint8_t bytes[HELLO_LIST_MAX + 2]; /* the last shows that there were more */
	size_t len;
};

static void add_number(struct numbers *n, uint16_t number)
{
	if (n->len > HELLO_LIST_MAX)
		return;
	n->bytes[n->len++] = (uint8_t)(number >> 8);
	n->bytes[n->len++] = (uint8_t)number;
}

/* ---- names of a list's elements, at their positions ---- */

static void put_names(struct put *put, enum record_field field, enum tls_registry registry,
		      struct span list, size_t width)
{
	if (!put->names || list.len == 0)
		return;
	list = limited(put, list, HELLO_NAMES_MAX * width);
	record_put_names(put->to, field, registry, list.bytes, list.len, width);
}

static void put_ciphers(struct put *put, const struct client_hello *h)
{
	put_list(put, FIELD_HELLO_CIPHERS, h->ciphers);
	put_names(put, FIELD_HELLO_CIPHER_NAMES, TLS_REGISTRY_CIPHERS, h->ciphers,
		  h->format == TEE_FORMAT_SSLV2 ? 3 : 2);
}

static void put_extensions(struct put *put, struct span list)
{
	struct numbers types;
	struct span content;
	uint16_t type;

	if (list.bytes == NULL)
		return;
	types.len = 0;
	while (client_hello_extension(&list, &type, &content))
		add_number(&types, type);
	struct span all = {types.bytes, types.len};
	put_list(put, FIELD_HELLO_EXTENSIONS, all);
	put_names(put, FIELD_HELLO_EXTENSION_NAMES, TLS_REGISTRY_EXTENSIONS, all, 2);
}

static void put_key_shares(struct put *put, struct span list)
{
	struct numbers groups;
	uint16_t group;

	if (list.bytes == NULL)
		return;
	groups.len = 0;
	while (client_hello_key_share(&list, &group))
		add_number(&groups, group);
	put_list(put, FIELD_HELLO_KEY_SHARES, (struct span){groups.bytes, groups.len});
}

/* ---- versions and protocols ---- */

static void put_version(struct put *put, enum record_field field, uint16_t version)
{
	char text[CLIENT_HELLO_VERSION_TEXT];

	if (version != 0)
		record_put_text(put->to, field, hello_version_text(version, text));
}

static void put_versions(struct put *put, const struct client_hello *h)
{
	size_t count = hello_count(h->versions);

	if (count == 0)
		put_version(put, FIELD_HELLO_VERSIONS, h->legacy_version);
	put->cut |= count > HELLO_ELEMENTS_MAX;
	for (size_t i = 0; i < count && i < HELLO_ELEMENTS_MAX; i++)
		if (!hello_is_grease(hello_number(h->versions, i)))
			put_version(put, FIELD_HELLO_VERSIONS, hello_number(h->versions, i));
	if (client_hello_offers_sslv2(h) && h->legacy_version != HELLO_SSLV2)
		put_version(put, FIELD_HELLO_VERSIONS, HELLO_SSLV2);
}

static void put_alpn(struct put *put, struct span list)
{
	struct span name;
	size_t count = 0;

	for (; client_hello_protocol(&list, &name); count++)
		if (count < HELLO_ELEMENTS_MAX)
			record_put_string(put->to, FIELD_HELLO_ALPN, name.bytes, name.len);
	put->cut |= count > HELLO_ELEMENTS_MAX;
}

/* ---- records ---- */

static void put_frame(struct put *put, const struct client_hello *h)
{
	char fault[CLIENT_HELLO_FAULT_TEXT], version[CLIENT_HELLO_VERSION_TEXT];

	if (h->fault != HELLO_SOUND)
		record_put_text(put->to, FIELD_HELLO_MALFORMED, hello_fault_text(h, fault));
	record_put_u64(put->to, FIELD_HELLO_RECORDS, h->records);
	record_put_u64(put->to, FIELD_HELLO_LENGTH, h->length);
	if (h->format != TEE_FORMAT_SSLV2)
		record_put_text(put->to, FIELD_HELLO_RECORD_VERSION,
				hello_version_text(h->record_version, version));
	put_version(put, FIELD_HELLO_LEGACY_VERSION, h->legacy_version);
	put_versions(put, h);
	put_version(put, FIELD_HELLO_HIGHEST, client_hello_highest(h));
}

static void put_lists(struct put *put, const struct client_hello *h)
{
	put_ciphers(put, h);
	put_list(put, FIELD_HELLO_COMPRESSION, h->compression);
	put_extensions(put, h->extensions);
	put_list(put, FIELD_HELLO_GROUPS, h->groups);
	put_names(put, FIELD_HELLO_GROUP_NAMES, TLS_REGISTRY_GROUPS, h->groups, 2);
	put_list(put, FIELD_HELLO_POINT_FORMATS, h->point_formats);
	put_list(put, FIELD_HELLO_SIGNATURE_ALGORITHMS, h->signature_algorithms);
	put_names(put, FIELD_HELLO_SIGNATURE_ALGORITHM_NAMES, TLS_REGISTRY_SIGNATURES,
		  h->signature_algorithms, 2);
	put_alpn(put, h->alpn);
	put_key_shares(put, h->key_shares);
}

static void put_signs(struct put *put, const struct client_hello *h)
{
	record_put_bool(put->to, FIELD_HELLO_SESSION_ID, h->session_id.len > 0);
	record_put_bool(put->to, FIELD_HELLO_TICKET, h->ticket);
	record_put_bool(put->to, FIELD_HELLO_GREASE, h->grease);
	record_put_bool(put->to, FIELD_HELLO_SCSV_RENEGOTIATION, h->scsv_renegotiation);
	record_put_bool(put->to, FIELD_HELLO_SCSV_FALLBACK, h->scsv_fallback);
}

static void put_session(const struct client_hello *h, const struct hello_prints *p,
			enum hello_detail detail, struct buf *to)
{
	struct put put = {.to = to, .names = detail == HELLO_DETAIL_FULL};
	bool lists = detail >= HELLO_DETAIL_LISTS;

	if (h->kind != HELLO_CLIENT) {
		record_put_text(to, FIELD_HELLO_KIND, hello_kind_name(h->kind));
		return;
	}
	put_frame(&put, h);
	if (lists)
		put_lists(&put, h);
	put_signs(&put, h);
	if (lists && p->has_ja3)
		put_text(&put, FIELD_JA3_STRING, p->ja3_string);
	if (lists && p->has_ja4)
		put_text(&put, FIELD_JA4_R, p->ja4_r);
	if (put.cut)
		record_put_bool(to, FIELD_HELLO_LISTS_CUT, true);
}

void hello_put(const struct client_hello *h, const struct hello_prints *p, enum record_type type,
	       enum hello_detail detail, struct buf *to)
{
	if (detail == HELLO_DETAIL_NONE)
		return;
	if (type == RECORD_SESSION)
		put_session(h, p, detail, to);
	if (p->has_ja3)
		record_put_hex(to, FIELD_JA3, p->ja3, sizeof p->ja3);
	if (p->has_ja4)
		record_put_text(to, FIELD_JA4, p->ja4);
}
