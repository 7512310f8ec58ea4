/*
 * err.c: the English text for each error number of lib/.
 */
#include "err.h"

const char *err_text(int err)
{
	switch (err) {
	case ERR_OK:
		return "no error";
	case ERR_SYSTEM:
		return "system call failed";
	case ERR_MEMORY:
		return "no memory";
	case ERR_FULL:
		return "limit reached";
	case ERR_FORMAT:
		return "not of the expected form";
	case ERR_CORRUPT:
		return "damaged";
	case ERR_END:
		return "end of input";
	case ERR_TIMEOUT:
		return "timed out";
	case ERR_REFUSED:
		return "not allowed now";
	default:
		return "unknown error";
	}
}
