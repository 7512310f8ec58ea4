/*
 * status_msg.h: what the master answers on its status socket.
 *
 * A SOCK_SEQPACKET Unix socket in the run directory.  Whoever connects gets one message of this
 * form with two descriptors (SCM_RIGHTS): the status board and the acknowledgement board
 * (board.h), both sealed so that they can only be mapped for reading.  Then the master closes.
 */
#ifndef SMTPTRAP_STATUS_MSG_H
#define SMTPTRAP_STATUS_MSG_H

#include <stdint.h>

#define STATUS_SOCKET "status.sock"
#define STATUS_MAGIC UINT32_C(0x53545354)
#define STATUS_VERSION 1

struct status_msg {
	uint32_t magic, version;
};

#endif
