/*
 * metrics.c: test of src/smtptrap/metrics: what workers could write to the status board.
 */
#include "../../src/smtptrap/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"

int main(void)
{
	static struct board board;
	static struct ack_board ack;
	const struct boards boards = {.board = &board, .ack = &ack, .size = sizeof board};
	struct buf page;

	memcpy(board.head.release, "1\"} 1\nup 0\n#\\\x01\xff", sizeof board.head.release);
	buf_init_heap(&page, METRICS_PAGE_MAX);
	metrics_put(&page, METRICS_PROMETHEUS, &boards);
	buf_put_byte(&page, '\0');
	const char *text = (const char *)page.data;
	ok(strstr(text, "\nup 0\n") == NULL, "a release that is none makes no sample of its own");
	ok(strstr(text, "\nsmtptrap_build_info{version=\"1?} 1?up 0?#???\"} 1\n") != NULL,
	   "and is shown without what would end its label");
	buf_fini(&page);
	return tap_done();
}
