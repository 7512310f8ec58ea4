/*
 * lines_file.c: files of whole lines that are appended to.
 *
 * Runs in smtptrap-ship.  A crash may have left a part of a line at the end of such a file.
 */
#include "lines_file.h"

#include <stddef.h>
#include <string.h>

#include "err.h"
#include "file_io.h"

#define STEP 4096u

int lines_file_whole(int fd, uint64_t size, uint64_t *whole_r)
{
	uint8_t window[STEP];
	size_t got;

	for (uint64_t end = size; end > 0;) {
		uint64_t start = end > STEP ? end - STEP : 0;
		if (file_read_at(fd, window, (size_t)(end - start), start, &got) != 0)
			return ERR_SYSTEM;
		const uint8_t *lf = memrchr(window, '\n', got);
		if (lf != NULL) {
			*whole_r = start + (uint64_t)(lf - window) + 1;
			return 0;
		}
		end = start;
	}
	*whole_r = 0;
	return 0;
}

int lines_file_count(int fd, uint64_t *count_r)
{
	uint8_t window[STEP];
	size_t got = STEP;

	*count_r = 0;
	for (uint64_t at = 0; got == STEP; at += STEP) {
		if (file_read_at(fd, window, STEP, at, &got) != 0)
			return ERR_SYSTEM;
		for (size_t i = 0; i < got; i++)
			*count_r += window[i] == '\n';
	}
	return 0;
}
