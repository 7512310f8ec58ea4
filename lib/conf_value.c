/*
 * conf_value.c: the values of keys: from words to members, and back to text for people.
 *
 * Runs wherever a configuration is read.  A row of the schema says what a word must be; a table
 * by kind has the function that reads it.  What is wrong is told in words; the caller knows the
 * place.
 */
#include "conf_value.h"

#include "buf.h"
#include "conf_number.h"
#include "conf_suggest.h"
#include "dns_name.h"
#include "err.h"
#include "ip.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef int read_fn(const struct conf_row *row, const struct conf_word *w, struct conf_value *v);
static read_fn read_text, read_name, read_path, read_number, read_choice, read_set, read_ip,
    read_net, read_words, read_certificate, read_key, read_server, read_zone;

static const char plain_form[] = "a number";
static const char size_form[] = "a number, or one with k, m, g or t";
static const char duration_form[] = "a number with us, ms, s, m, h or d";

static const struct kind {
	read_fn *read;
	const char *shape; /* NULL: the row's words */
	const char *form;  /* for errors: the value must be ... */
	const struct conf_unit *units;
	size_t bytes; /* of a number's member */
	bool list, repeats;
} kinds[CONF_KIND_COUNT] = {
    [CONF_KIND_TEXT] = {.read = read_text, .shape = "text"},
    [CONF_KIND_NAME] = {.read = read_name, .shape = "name"},
    [CONF_KIND_PATH] = {.read = read_path, .shape = "path"},
    [CONF_KIND_NUMBER] = {.read = read_number,
			  .shape = "number",
			  .units = conf_units_none,
			  .form = plain_form,
			  .bytes = 4},
    [CONF_KIND_PORT] = {.read = read_number,
			.shape = "number",
			.units = conf_units_none,
			.form = plain_form,
			.bytes = 2},
    [CONF_KIND_SIZE] = {.read = read_number,
			.shape = "size",
			.units = conf_units_size,
			.form = size_form,
			.bytes = 8},
    [CONF_KIND_SIZE32] = {.read = read_number,
			  .shape = "size",
			  .units = conf_units_size,
			  .form = size_form,
			  .bytes = 4},
    [CONF_KIND_DURATION] = {.read = read_number,
			    .shape = "duration",
			    .units = conf_units_duration,
			    .form = duration_form,
			    .bytes = 8},
    [CONF_KIND_CHOICE] = {.read = read_choice, .bytes = 4},
    [CONF_KIND_SWITCH] = {.read = read_choice, .bytes = 1},
    [CONF_KIND_SET] = {.read = read_set, .list = true},
    [CONF_KIND_WORDS] = {.read = read_words, .list = true},
    [CONF_KIND_IP] = {.read = read_ip, .shape = "address"},
    [CONF_KIND_NETS] = {.read = read_net, .shape = "network ...", .list = true},
    [CONF_KIND_CERTIFICATE] = {.read = read_certificate, .shape = "file", .repeats = true},
    [CONF_KIND_KEY] = {.read = read_key, .shape = "file", .repeats = true},
    [CONF_KIND_SERVERS] = {.read = read_server, .shape = "server ...", .list = true},
    [CONF_KIND_ZONES] = {.read = read_zone, .shape = "zone ...", .list = true},
};

bool conf_kind_is_list(enum conf_kind kind)
{
	return kinds[kind].list;
}

bool conf_kind_repeats(enum conf_kind kind)
{
	return kinds[kind].repeats;
}

__attribute__((format(printf, 2, 3))) static int wrong(struct conf_value *v, const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	vsnprintf(v->what, sizeof v->what, what, ap);
	va_end(ap);
	return ERR_FORMAT;
}

static void *member(const struct conf_row *row, const struct conf_value *v)
{
	return (char *)v->object + row->offset;
}

/* ---- texts ---- */

/* Copy the word to the row's member. */
static int store_text(const struct conf_row *row, const char *text, size_t len,
		      const struct conf_value *v)
{
	const char *copy = arena_copy(v->arena, text, len);

	if (copy == NULL)
		return ERR_MEMORY;
	memcpy(member(row, v), &copy, sizeof copy);
	return 0;
}

/* The position of the first byte below `least` or DEL, or len. */
static size_t find_below(const struct conf_word *w, unsigned char least)
{
	size_t i = 0;

	while (i < w->len && (unsigned char)w->text[i] >= least && w->text[i] != 0x7f)
		i++;
	return i;
}

static int check_text(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	char range[CONF_VALUE_TEXT_MAX];

	if (find_below(w, ' ') < w->len)
		return wrong(v, "%s must not hold control characters", row->key);
	if (w->len < row->min || w->len > row->max)
		return wrong(v, "%s must have %s", row->key, conf_value_range(row, range));
	return 0;
}

static int read_text(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	int result = check_text(row, w, v);

	return result < 0 ? result : store_text(row, w->text, w->len, v);
}

static int read_name(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	if (find_below(w, '!') < w->len)
		return wrong(v, "%s must not hold white space or control characters", row->key);
	return read_text(row, w, v);
}

static int read_path(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	if (w->len > 0 && w->text[0] != '/')
		return wrong(v, "%s must be an absolute path", row->key);
	return read_text(row, w, v);
}

/* ---- numbers ---- */

/* Store n, which fits, as a number of `bytes` bytes. */
static void store_number(void *to, size_t bytes, uint64_t n)
{
	uint8_t n8 = (uint8_t)n;
	uint16_t n16 = (uint16_t)n;
	uint32_t n32 = (uint32_t)n;
	const void *from = bytes == 1   ? (void *)&n8
			   : bytes == 2 ? &n16
			   : bytes == 4 ? &n32
					: (void *)&n;

	memcpy(to, from, bytes);
}

static int read_number(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	const struct kind *kind = &kinds[row->kind];
	char range[CONF_VALUE_TEXT_MAX];
	uint64_t n;
	int result = conf_number_parse(&n, w->text, w->len, kind->units);

	if (result == ERR_FORMAT)
		return wrong(v, "%s must be %s", row->key, kind->form);
	if (result < 0 || n < row->min || n > row->max)
		return wrong(v, "%s must be %s", row->key, conf_value_range(row, range));
	store_number(member(row, v), kind->bytes, n);
	return 0;
}

/* ---- words ---- */

/* The word's number, or -1 and what is wrong. */
static int find_word(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	struct conf_suggestion s = {.word = w->text, .len = w->len};
	char shape[CONF_VALUE_TEXT_MAX];

	for (int i = 0; row->words[i] != NULL; i++)
		if (strlen(row->words[i]) == w->len && memcmp(row->words[i], w->text, w->len) == 0)
			return i;
	for (int i = 0; row->words[i] != NULL; i++)
		conf_suggest_try(&s, row->words[i]);
	wrong(v, "%s must be %s", row->key, conf_value_shape(row, shape));
	v->meant = s.best;
	return -1;
}

static int read_choice(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	int i = find_word(row, w, v);

	if (i < 0)
		return ERR_FORMAT;
	store_number(member(row, v), kinds[row->kind].bytes, (uint64_t)i);
	return 0;
}

static int read_set(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	uint32_t bits;

	if (conf_word_is(w, "none"))
		return 0;
	int i = find_word(row, w, v);
	if (i < 0)
		return ERR_FORMAT;
	memcpy(&bits, member(row, v), sizeof bits);
	bits |= 1u << i;
	memcpy(member(row, v), &bits, sizeof bits);
	return 0;
}

/* ---- addresses ---- */

static int read_ip(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	if (ip_parse(member(row, v), w->text, w->len) < 0)
		return wrong(v, "%s must be an IPv4 or IPv6 address", row->key);
	return 0;
}

/*
 * Room for one more element of size bytes in the row's array.  Returns it, zeroed and counted,
 * or NULL without memory.
 */
static void *append(const struct conf_row *row, const struct conf_value *v, size_t size)
{
	size_t count;
	void *array;

	memcpy(&array, member(row, v), sizeof array);
	memcpy(&count, (char *)v->object + row->count_offset, sizeof count);
	array = arena_grow(v->arena, array, count, size);
	if (array == NULL)
		return NULL;
	memcpy(member(row, v), &array, sizeof array);
	void *element = (char *)array + count * size;
	count++;
	memcpy((char *)v->object + row->count_offset, &count, sizeof count);
	return element;
}

static int read_net(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	struct ip_net net;
	int result = ip_net_parse(&net, w->text, w->len);

	if (result == ERR_REFUSED)
		return wrong(v, "%s: bits of the address are set behind the network's part",
			     row->key);
	if (result < 0)
		return wrong(v, "%s must be addresses or networks ADDRESS/BITS", row->key);
	void *to = append(row, v, sizeof net);
	if (to == NULL)
		return ERR_MEMORY;
	memcpy(to, &net, sizeof net);
	return 0;
}

/* ---- words in an order ---- */

static int read_words(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	const uint8_t *before;
	size_t count;

	if (conf_word_is(w, "none"))
		return 0;
	int i = find_word(row, w, v);
	if (i < 0)
		return ERR_FORMAT;
	memcpy(&before, member(row, v), sizeof before);
	memcpy(&count, (char *)v->object + row->count_offset, sizeof count);
	if (count > 0 && memchr(before, i, count) != NULL)
		return wrong(v, "%s has this word twice", row->key);
	uint8_t *to = append(row, v, sizeof *to);
	if (to == NULL)
		return ERR_MEMORY;
	*to = (uint8_t)i;
	return 0;
}

/* ---- certificates ---- */

/* The pair that was begun last and waits for its key, or NULL. */
static struct conf_keypair *open_pair(const struct conf_row *row, const struct conf_value *v)
{
	struct conf_keypair *pairs;
	size_t count;

	memcpy(&pairs, member(row, v), sizeof pairs);
	memcpy(&count, (char *)v->object + row->count_offset, sizeof count);
	return count > 0 && pairs[count - 1].key == NULL ? &pairs[count - 1] : NULL;
}

/* Check a file's name and copy it, joined to the directory of the file that it stands in. */
static int read_file(const struct conf_row *row, const struct conf_word *w, struct conf_value *v,
		     const char **path_r)
{
	int result = check_text(row, w, v);

	if (result < 0)
		return result;
	*path_r = conf_path_join(v->arena, v->file, w->text, w->len);
	return *path_r == NULL ? ERR_MEMORY : 0;
}

static int read_certificate(const struct conf_row *row, const struct conf_word *w,
			    struct conf_value *v)
{
	const char *path;
	size_t count;

	memcpy(&count, (char *)v->object + row->count_offset, sizeof count);
	if (open_pair(row, v) != NULL)
		return wrong(v, "the certificate before this one has no key");
	if (count == CONF_PAIR_MAX)
		return wrong(v, "more than %d certificates", CONF_PAIR_MAX);
	int result = read_file(row, w, v, &path);
	if (result < 0)
		return result;
	struct conf_keypair *pair = append(row, v, sizeof *pair);
	if (pair == NULL)
		return ERR_MEMORY;
	pair->certificate = path;
	return 0;
}

static int read_key(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	struct conf_keypair *pair = open_pair(row, v);

	if (pair == NULL)
		return wrong(v, "a key follows its certificate");
	return read_file(row, w, v, &pair->key);
}

/* ---- DNS ---- */

#define DNS_PORT 53

/* Read "[ADDRESS]:PORT", "ADDRESS:PORT" of IPv4, or an address alone. */
static int parse_server(struct conf_dns_server *server_r, const char *text, size_t len)
{
	const char *colon = memrchr(text, ':', len);
	bool bracket = len > 0 && text[0] == '[';
	size_t address = len;
	uint64_t port = DNS_PORT;

	if (colon != NULL && (bracket || memchr(text, ':', (size_t)(colon - text)) == NULL)) {
		address = (size_t)(colon - text);
		if (conf_number_parse(&port, colon + 1, len - address - 1, conf_units_none) < 0 ||
		    port == 0 || port > UINT16_MAX)
			return ERR_FORMAT;
	}
	if (bracket && (address < 2 || text[address - 1] != ']'))
		return ERR_FORMAT;
	server_r->port = (uint16_t)port;
	return ip_parse(server_r->address, text + bracket, address - 2 * (size_t)bracket);
}

static size_t list_length(const struct conf_row *row, const struct conf_value *v)
{
	size_t count;

	memcpy(&count, (char *)v->object + row->count_offset, sizeof count);
	return count;
}

static int read_server(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	struct conf_dns_server server = {0};

	if (!conf_word_is(w, "system") && parse_server(&server, w->text, w->len) < 0)
		return wrong(v,
			     "%s must be addresses, ADDRESS:PORT or \"[ADDRESS]:PORT\", or system",
			     row->key);
	if (list_length(row, v) == CONF_DNS_SERVERS_MAX)
		return wrong(v, "more than %d servers", CONF_DNS_SERVERS_MAX);
	struct conf_dns_server *to = append(row, v, sizeof server);
	if (to == NULL)
		return ERR_MEMORY;
	*to = server;
	return 0;
}

static int read_zone(const struct conf_row *row, const struct conf_word *w, struct conf_value *v)
{
	struct span name = {.bytes = (const uint8_t *)w->text, .len = w->len};
	char zone[DNS_NAME_TEXT];

	if (dns_name_copy(zone, name) < 0)
		return wrong(v, "%s must be names of the DNS", row->key);
	if (list_length(row, v) == CONF_DNS_ZONES_MAX)
		return wrong(v, "more than %d zones", CONF_DNS_ZONES_MAX);
	const char *copy = arena_copy(v->arena, zone, strlen(zone));
	const char **to = copy == NULL ? NULL : append(row, v, sizeof copy);
	if (to == NULL)
		return ERR_MEMORY;
	*to = copy;
	return 0;
}

/* ---- all ---- */

void conf_value_clear(const struct conf_row *row, void *object)
{
	if (row->kind == CONF_KIND_SET)
		memset((char *)object + row->offset, 0, sizeof(uint32_t));
}

int conf_value_read(const struct conf_row *row, const struct conf_word *word,
		    struct conf_value *value)
{
	value->what[0] = '\0';
	value->meant = NULL;
	return kinds[row->kind].read(row, word, value);
}

int conf_value_default(const struct conf_row *row, struct conf_value *value)
{
	const char *at = row->def;
	int result = 0;

	if (at == NULL)
		return 0;
	do {
		size_t len = conf_kind_is_list(row->kind) ? strcspn(at, " ") : strlen(at);
		struct conf_word word = {.text = at, .len = (uint32_t)len};
		result = conf_value_read(row, &word, value);
		at += len + (at[len] == ' ');
	} while (result == 0 && *at != '\0');
	return result;
}

char *conf_value_shape(const struct conf_row *row, char text[CONF_VALUE_TEXT_MAX])
{
	const char *between = "";
	struct buf b;

	if (kinds[row->kind].shape != NULL) {
		strlcpy(text, kinds[row->kind].shape, CONF_VALUE_TEXT_MAX);
		return text;
	}
	buf_init(&b, text, CONF_VALUE_TEXT_MAX);
	for (size_t i = 0; row->words[i] != NULL; i++) {
		buf_put_str(&b, between);
		buf_put_str(&b, row->words[i]);
		between = kinds[row->kind].list ? " " : " | ";
	}
	buf_put_byte(&b, '\0');
	return text;
}

char *conf_value_range(const struct conf_row *row, char text[CONF_VALUE_TEXT_MAX])
{
	const struct conf_unit *units = kinds[row->kind].units;
	char min[CONF_NUMBER_TEXT_MAX], max[CONF_NUMBER_TEXT_MAX];

	if (units != NULL)
		snprintf(text, CONF_VALUE_TEXT_MAX, "%s to %s",
			 conf_number_text(row->min, units, min),
			 conf_number_text(row->max, units, max));
	else if (row->max == 0)
		text[0] = '\0';
	else
		snprintf(text, CONF_VALUE_TEXT_MAX, "%" PRIu64 " to %" PRIu64 " bytes", row->min,
			 row->max);
	return text;
}
