/*
 * progress.c: a bar on standard error, if that is a terminal and the work is long.
 */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"

#define WAIT_US 1000000
#define WIDTH 40

void progress_start(struct progress *p, uint64_t all)
{
	*p = (struct progress){.on = isatty(STDERR_FILENO), .all = all, .started_us = clock_us()};
}

void progress_show(struct progress *p, uint64_t done)
{
	static const char full[WIDTH + 1] = "########################################";

	if (!p->on || p->all == 0 || clock_us() - p->started_us < WAIT_US)
		return;
	double share = done < p->all ? (double)done / (double)p->all : 1;
	fprintf(stderr, "\r[%-*.*s] %3.0f %%", WIDTH, (int)(share * WIDTH), full, share * 100);
	p->shown = true;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r%*s\r", WIDTH + 8, "");
}
