/*
 * progress.c: unit tests of src/smtptrap/progress: a bar on a terminal, and nothing anywhere else.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../src/smtptrap/progress.h"
#include "../tap.h"

/* What is shown on fd of work that is half done after so many microseconds; read from the other
 * end. */
static size_t shown_on(int fd, int other, uint64_t after_us, char *text, size_t cap)
{
	int keep = dup(STDERR_FILENO);
	struct progress p;

	dup2(fd, STDERR_FILENO);
	progress_start(&p, 200);
	p.started_us -= after_us;
	progress_show(&p, 100);
	progress_end(&p);
	fputc('.', stderr); /* so that there is something to read */
	dup2(keep, STDERR_FILENO);
	close(keep);
	ssize_t got = read(other, text, cap - 1);
	text[got > 0 ? got : 0] = '\0';
	return got > 0 ? (size_t)got : 0;
}

int main(void)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), ends[2];
	char text[1024];

	if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0 || pipe(ends) != 0)
		abort();
	int side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	if (side < 0)
		abort();
	size_t len = shown_on(side, terminal, 2000000, text, sizeof text);
	ok(strstr(text, "[####################                    ]  50 %") != NULL,
	   "half of long work is half a bar on a terminal");
	ok(len > 2 && text[len - 2] == '\r', "which is taken away at the end");
	shown_on(side, terminal, 0, text, sizeof text);
	ok(strcmp(text, ".") == 0, "nothing is shown of short work");
	shown_on(ends[1], ends[0], 2000000, text, sizeof text);
	ok(strcmp(text, ".") == 0, "nothing is shown in a pipe");
	return tap_done();
}
