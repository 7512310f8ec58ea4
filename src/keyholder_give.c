/*
 * keyholder_give.c: the master hands a worker's channel to the key holder.
 *
 * Runs in the master.  In: a slot and the far end of that worker's pair.  Errors are returned.
 */
#include "fd_pass.h"
#include "key_msg.h"
#include "keyholder.h"

int keyholder_give(int control, uint32_t slot, int fd)
{
	uint8_t packet[KEY_MSG_MAX];
	const struct key_header head = {.op = KEY_SLOT, .key = slot};
	int len = key_msg_encode(packet, &head, NULL, 0);

	return fd_send(control, packet, (size_t)len, fd, 0);
}
