/*
 * end_signals.c: signals that ask a command that goes on and on to end in order.
 */
#include "end_signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;

static void on_end(int number)
{
	(void)number;
	came = 1;
}

void end_signals_catch(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	/* without SA_RESTART: poll() is to return */
	const struct sigaction action = {.sa_handler = on_end};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool end_signals_came(void)
{
	return came != 0;
}
