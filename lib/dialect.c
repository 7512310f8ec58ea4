/*
 * dialect.c: how a client speaks SMTP, as a text and a short digest of it.
 *
 * Runs in workers, which hand it each line that they put into the dialogue, and the header of each
 * message.  Kept is each form (dialect_form.c) once, in order of appearance, so that the number of
 * recipients or messages does not show; the same bytes in any chunking give the same dialect.
 * Bounded: of a session's lines only the first ones are looked at, as doc/DIALECT.md defines.
 */
#include "dialect.h"

#include "dialect_form.h"
#include "digest.h"

_Static_assert(DIALECT_FORM_MAX <= UINT8_MAX, "dialect_form.len holds it");

#define SPEECH_DIGITS 12
#define PART_DIGITS 8

/* ---- lines ---- */

/* The number of this form, which is added if it is new. */
static uint8_t form_number(struct dialect *d, const struct buf *form, bool extra)
{
	for (uint8_t i = 0; i < d->count; i++)
		if (d->form[i].len == form->len &&
		    memcmp(d->form[i].text, form->data, form->len) == 0)
			return i;
	struct dialect_form *f = &d->form[d->count];
	f->extra = extra;
	f->len = (uint8_t)form->len;
	memcpy(f->text, form->data, form->len);
	return d->count++;
}

void dialect_line(struct dialect *d, const struct line *line, bool response)
{
	uint8_t text[DIALECT_FORM_MAX];
	enum dialect_kind kind = DIALECT_AUTH;
	struct buf form;

	d->spoke = true;
	if (d->full)
		return;
	buf_init(&form, text, sizeof text);
	if (response)
		dialect_form_response(line, &form);
	else
		kind = dialect_form_put(line, &form);

	d->cost += DIALECT_LINE_COST;
	if (kind != DIALECT_AUTH)
		d->cost += (uint32_t)line->text.len;
	bool again = d->counted > 0 && kind == DIALECT_RCPT && d->form[d->last].len == form.len &&
		     memcmp(d->form[d->last].text, form.data, form.len) == 0;
	d->full = d->cost > DIALECT_COST || (!again && d->counted == DIALECT_LINES);
	if (d->full)
		return;
	d->counted += !again;
	d->last = form_number(d, &form, d->data || kind == DIALECT_EXTRA);
	d->data |= kind == DIALECT_DATA;
}

/* ---- headers ---- */

/* Oddities that come with the content rather than with the program. */
#define OF_CONTENT \
	(1u << MAIL_ODDITY_8BIT | 1u << MAIL_ODDITY_LONG_LINE | 1u << MAIL_ODDITY_TOO_LONG)

#define FAMILY_SIGNS " -_.!&+'" /* may stand in a name besides letters */

size_t dialect_family(struct span field, char *family_r)
{
	size_t len = 0, words = 0;

	for (; len < field.len && len < DIALECT_FAMILY_MAX; len++) {
		uint8_t c = field.bytes[len];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (c >= '0' && c <= '9' && words > 0) {
			len = words; /* without the "v" of "swaks v2024" */
			break;
		}
		if (!letter && (c == '\0' || strchr(FAMILY_SIGNS, c) == NULL))
			break;
		family_r[len] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
		if (c == ' ')
			words = len;
	}
	while (len > 0 && strchr(FAMILY_SIGNS, family_r[len - 1]) && family_r[len - 1] != '!')
		len--;
	return len;
}

static void put_oddity(struct buf *to, enum mail_header_oddity oddity)
{
	buf_put_byte(to, ',');
	buf_put_str(to, mail_header_oddity_name(oddity));
}

size_t dialect_header(const struct mail_header *h, bool bare_cr, bool bare_lf, char *header_r)
{
	static const char letters[MAIL_HEADER_FIELD_COUNT] = {[MAIL_HEADER_FROM] = 'f',
							      [MAIL_HEADER_TO] = 't',
							      [MAIL_HEADER_SUBJECT] = 's',
							      [MAIL_HEADER_MESSAGE_ID] = 'm',
							      [MAIL_HEADER_DATE] = 'd'};
	const struct mail_header_value *mailer = mail_header_mailer(h);
	struct buf to;

	buf_init(&to, header_r, DIALECT_HEADER_MAX);
	for (int i = 0; i < MAIL_HEADER_FIELD_COUNT; i++)
		if (letters[i] && h->value[i].present)
			buf_put_byte(&to, (uint8_t)letters[i]);
	for (int i = 0; i < MAIL_ODDITY_COUNT; i++)
		if (h->oddities & ~OF_CONTENT & 1u << i)
			put_oddity(&to, (enum mail_header_oddity)i);
	buf_put_str(&to, bare_cr ? ",bare_cr" : "");
	buf_put_str(&to, bare_lf ? ",bare_lf" : "");
	buf_put_byte(&to, '=');
	if (mailer) {
		char family[DIALECT_FAMILY_MAX];
		struct span value = {mailer->bytes, mailer->len};

		buf_put(&to, family, dialect_family(value, family));
	}
	return to.len;
}

/* ---- texts and digests ---- */

/* The forms that are extras, or those that are not, with "|" between. */
static void put_forms(const struct dialect *d, bool extra, struct buf *to)
{
	bool any = false;

	for (uint8_t i = 0; i < d->count; i++) {
		if (d->form[i].extra != extra)
			continue;
		if (any)
			buf_put_byte(to, '|');
		buf_put(to, d->form[i].text, d->form[i].len);
		any = true;
	}
}

static void put_extras(const struct dialect *d, const char *end, struct buf *to)
{
	put_forms(d, true, to);
	buf_put_byte(to, '.');
	buf_put_str(to, end);
}

/* "_" or "d1_" and the first digits of the SHA-256 of what is in text; zeros for no text. */
static int put_digest(struct buf *to, const char *before, const struct buf *text, int digits)
{
	uint8_t digest[DIGEST_SHA256] = {0};

	if (text->len > 0 && digest_sha256(text->data, text->len, digest) < 0)
		return -1;
	buf_put_str(to, before);
	buf_put_hex(to, digest, (size_t)digits / 2);
	return 0;
}

static int put_message(const struct dialect *d, struct span header, struct buf *to)
{
	uint8_t memory[DIALECT_TEXT_MAX];
	struct buf speech, part = {.data = (uint8_t *)header.bytes, .len = header.len};

	if (!d->spoke)
		return -1;
	buf_init(&speech, memory, sizeof memory);
	put_forms(d, false, &speech);
	return put_digest(to, "d1_", &speech, SPEECH_DIGITS) < 0 ||
		       put_digest(to, "_", &part, PART_DIGITS) < 0
		   ? -1
		   : 0;
}

int dialect_of_message(const struct dialect *d, struct span header, char text[DIALECT_HASH])
{
	struct buf to;

	buf_init(&to, text, DIALECT_HASH - 1);
	if (put_message(d, header, &to) < 0)
		return -1;
	text[to.len] = '\0';
	return 0;
}

static struct span header_of(const struct dialect *d)
{
	return (struct span){(const uint8_t *)d->header, d->header_len};
}

int dialect_of_session(const struct dialect *d, const char *end, char text[DIALECT_HASH])
{
	uint8_t memory[DIALECT_TEXT_MAX];
	struct buf to, extras;

	buf_init(&to, text, DIALECT_HASH - 1);
	buf_init(&extras, memory, sizeof memory);
	put_extras(d, end, &extras);
	if (put_message(d, header_of(d), &to) < 0 || put_digest(&to, "_", &extras, PART_DIGITS) < 0)
		return -1;
	text[to.len] = '\0';
	return 0;
}

struct span dialect_text(const struct dialect *d, const char *end, char text[DIALECT_TEXT_MAX])
{
	struct span header = header_of(d);
	struct buf to;

	buf_init(&to, text, DIALECT_TEXT_MAX);
	put_forms(d, false, &to);
	buf_put_byte(&to, ';');
	buf_put(&to, header.bytes, header.len);
	buf_put_byte(&to, ';');
	put_extras(d, end, &to);
	return (struct span){to.data, to.len};
}
