/*
 * The key protocol: what is encoded is decoded alike, and nothing else is decoded.
 */
#include "key_msg.h"

#include "../tap.h"
#include "err.h"

static const uint8_t data[KEY_DATA_MAX + 1] = {1, 2, 3};

static void check_round_trip(void)
{
	static const struct {
		struct key_header head;
		size_t len;
		const char *title;
	} cases[] = {
	    {{.op = KEY_SIGN_HASH, .key = 1, .seq = 9, .algorithm = 4}, 20, "sign_hash"},
	    {{.op = KEY_SIGN_DATA, .key = 63, .seq = UINT32_MAX, .algorithm = 4}, 130, "sign_data"},
	    {{.op = KEY_DECRYPT, .key = 0, .seq = 1}, KEY_DATA_MAX, "decrypt, longest data"},
	    {{.op = KEY_REPLY, .seq = 1, .status = KEY_OK}, 1, "reply with a signature"},
	    {{.op = KEY_REPLY, .seq = 1, .status = KEY_REFUSED}, 0, "reply with an error"},
	    {{.op = KEY_SLOT, .key = 19999}, 0, "slot"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t packet[KEY_MSG_MAX];
		struct key_msg m;
		const struct key_header *in = &cases[i].head;
		int n = key_msg_encode(packet, in, data, cases[i].len);

		ok(n == (int)(sizeof *in + cases[i].len) &&
		       key_msg_decode(packet, (size_t)n, &m) == 0 && m.head.op == in->op &&
		       m.head.key == in->key && m.head.seq == in->seq &&
		       m.head.status == in->status && m.head.algorithm == in->algorithm &&
		       m.head.length == cases[i].len && memcmp(m.data, data, cases[i].len) == 0,
		   "%s is decoded as it was encoded", cases[i].title);
		int short_ok = 0, long_ok;
		for (size_t cut = 0; cut < (size_t)n; cut++)
			short_ok += key_msg_decode(packet, cut, &m) == 0;
		is_int(short_ok, 0, "cut after any byte it is refused");
		uint8_t longer[KEY_MSG_MAX + 1];
		memcpy(longer, packet, (size_t)n);
		longer[n] = 0;
		long_ok = key_msg_decode(longer, (size_t)n + 1, &m);
		is_int(long_ok, ERR_FORMAT, "with a trailing byte it is refused");
	}
}

static void check_refusals(void)
{
	static const struct {
		struct key_header head;
		size_t len;
		const char *title;
	} cases[] = {
	    {{.op = 0}, 4, "operation 0"},
	    {{.op = KEY_OP_COUNT}, 4, "an unknown operation"},
	    {{.op = KEY_SIGN_DATA, .algorithm = 4}, 0, "sign_data without data"},
	    {{.op = KEY_SIGN_DATA, .algorithm = 4, .status = 1}, 9, "a request with a status"},
	    {{.op = KEY_DECRYPT, .algorithm = 4}, 256, "decrypt with an algorithm"},
	    {{.op = KEY_REPLY, .status = KEY_STATUS_COUNT}, 0, "an unknown status"},
	    {{.op = KEY_REPLY, .status = KEY_OK}, 0, "a good reply without data"},
	    {{.op = KEY_REPLY, .status = KEY_FAILED}, 3, "an error with data"},
	    {{.op = KEY_REPLY, .key = 1}, 3, "a reply with a key"},
	    {{.op = KEY_SLOT, .key = 1}, 1, "a slot with data"},
	    {{.op = KEY_SLOT, .algorithm = 1}, 0, "a slot with an algorithm"},
	};
	uint8_t packet[KEY_MSG_MAX];
	struct key_msg m;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int n = key_msg_encode(packet, &cases[i].head, data, cases[i].len);
		ok(key_msg_decode(packet, (size_t)n, &m) == ERR_FORMAT, "%s is refused",
		   cases[i].title);
	}
	struct key_header head = {.op = KEY_DECRYPT};
	is_int(key_msg_encode(packet, &head, data, KEY_DATA_MAX + 1), ERR_FULL,
	       "data past the limit is not encoded");
	int n = key_msg_encode(packet, &head, data, 9);
	packet[0] ^= 1;
	is_int(key_msg_decode(packet, (size_t)n, &m), ERR_FORMAT, "a wrong magic is refused");
}

int main(void)
{
	check_round_trip();
	check_refusals();
	return tap_done();
}
