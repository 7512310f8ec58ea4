/*
 * rule_set.c: many patterns in a hash table.
 *
 * Made where a configuration is read, looked up in workers.  A pattern is stored as it is
 * written ("@.b"), and a name is looked up under each form that could match it.
 */
#include "rule_set.h"

#include "err.h"

static uint64_t mix(uint64_t hash)
{
	hash ^= hash >> 32;
	return hash * 0x9e3779b97f4a7c15u;
}

int rule_set_init(struct rule_set *set, struct arena *arena, const char *text, size_t max)
{
	size_t slots = 16;

	while (slots < max + max / 2)
		slots *= 2;
	*set = (struct rule_set){.text = text, .mask = slots - 1};
	set->slots = arena_alloc(arena, slots * sizeof *set->slots);
	return set->slots == NULL ? ERR_MEMORY : 0;
}

/* The texts before, body and behind, one after the other, are what stands at text. */
static bool is_text(const char *text, const char *before, struct span body, const char *behind)
{
	size_t before_len = strlen(before);

	if (strncmp(text, before, before_len) != 0)
		return false;
	text += before_len;
	for (size_t i = 0; i < body.len; i++)
		if (text[i] == '\0' || (uint8_t)text[i] != rule_lower(body.bytes[i]))
			return false;
	return strcmp(text + body.len, behind) == 0;
}

/* The slot of the pattern with this hash and text, or the free one where it belongs. */
static struct rule_slot *find(const struct rule_set *set, uint64_t hash, const char *before,
			      struct span body, const char *behind)
{
	uint64_t mixed = mix(hash);
	uint32_t tag = (uint32_t)mixed;
	size_t i = (size_t)(mixed >> 32) & set->mask;

	for (;; i = (i + 1) & set->mask) {
		struct rule_slot *slot = &set->slots[i];
		if (slot->at == 0 ||
		    (slot->tag == tag && is_text(set->text + slot->at - 1, before, body, behind)))
			return slot;
	}
}

void rule_set_add(struct rule_set *set, size_t at, size_t len)
{
	struct span body = {(const uint8_t *)set->text + at, len};
	uint64_t hash = rule_hash(RULE_HASH_START, body);
	struct rule_slot *slot = find(set, hash, "", body, "");

	if (slot->at != 0)
		return;
	*slot = (struct rule_slot){(uint32_t)mix(hash), (uint32_t)at + 1};
	set->count++;
}

static bool has(const struct rule_set *set, uint64_t hash, const char *before, struct span body,
		const char *behind)
{
	return find(set, hash, before, body, behind)->at != 0;
}

/* Whether the name is there with the sign in front, or one of its suffixes with that and a dot;
 * signs: the sign, and the same with the dot. */
static bool has_name(const struct rule_set *set, const struct rule_name *name,
		     const char *const signs[2])
{
	struct span sign = {(const uint8_t *)signs[0], strlen(signs[0])};

	if (has(set, rule_hash(name->hash, sign), signs[0], name->text, ""))
		return true;
	for (uint32_t i = 0; i < name->labels; i++) {
		struct span suffix = span_tail(name->text, name->text.len - name->at[i]);
		uint64_t hash = rule_hash(rule_hash_byte(name->suffix[i], '.'), sign);
		if (has(set, hash, signs[1], suffix, ""))
			return true;
	}
	return false;
}

bool rule_set_match_name(const struct rule_set *set, const struct rule_name *name)
{
	static const char *const signs[] = {"", "."};

	return name->text.len > 0 && has_name(set, name, signs);
}

bool rule_set_match_mailbox(const struct rule_set *set, const struct rule_mailbox *m)
{
	static const char *const signs[] = {"@", "@."};
	static const struct span null = {(const uint8_t *)"<>", 2}, none = {NULL, 0};
	uint64_t at = rule_hash_byte(RULE_HASH_START, '@');

	if (m->broken)
		return false;
	if (m->null)
		return has(set, rule_hash(RULE_HASH_START, null), "", null, "");
	if (has(set, m->hash, "", m->text, "") ||
	    has(set, rule_hash(at, m->local), "", m->local, "@"))
		return true;
	return m->has_domain && (has_name(set, &m->domain, signs) || has(set, at, "@", none, ""));
}

bool rule_set_match_word(const struct rule_set *set, struct span word)
{
	return has(set, rule_hash(RULE_HASH_START, word), "", word, "");
}
