/*
 * loop.c: ship until there is a reason to leave.
 *
 * Runs in smtptrap-ship, in one thread.  It waits in the output's wait() for acknowledgements, for
 * the logs to grow, and for signals; never longer than a second, so that the service manager hears
 * of it.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "notify.h"
#include "ship.h"

#define WAIT_MAX_US 1000000u
#define WATCHED_MAX (SHIP_STREAMS + 1) /* the logs of each stream, and signals */
#define CALM_US 20000u /* after nothing new: the logs change at each write of any of them */

/* ---- signals ---- */

static void take_signals(struct ship *s)
{
	struct signalfd_siginfo got;

	while (read(s->signals, &got, sizeof got) == (ssize_t)sizeof got) {
		s->stop |= got.ssi_signo != SIGHUP;
		s->reload |= got.ssi_signo == SIGHUP;
	}
}

/* ---- waiting ---- */

/* Microseconds until the next thing that is due by time. */
static uint64_t until_due(const struct ship *s)
{
	uint64_t now = clock_us(), at = now + WAIT_MAX_US;

	if (s->retry_at > now && s->retry_at < at)
		at = s->retry_at;
	if (s->behind > 0 && s->retry_at <= now && s->kept_at + s->conf->checkpoint_us < at)
		at = s->kept_at + s->conf->checkpoint_us;
	for (size_t i = 0; i < s->nsource; i++)
		if (s->source[i].retry_at > now && s->source[i].retry_at < at)
			at = s->source[i].retry_at;
	return at > now ? at - now : 0;
}

static int milliseconds(uint64_t us)
{
	return (int)((us + 999) / 1000);
}

/* Wait without the output. */
static void wait_alone(struct ship *s)
{
	struct pollfd p = {.fd = s->signals, .events = POLLIN};

	poll(&p, 1, milliseconds(until_due(s)));
}

/* A record waits for room: what is new in the logs does not matter now. */
static bool any_held(const struct ship *s)
{
	for (size_t i = 0; i < s->nsource; i++)
		if (s->is_held[i])
			return true;
	return false;
}

/* Wait with it. */
static void wait_connected(struct ship *s)
{
	bool calm = s->flights.count == 0 && !s->was_calm;
	int fd = calm || any_held(s) ? s->signals : s->wake;
	uint64_t us = until_due(s);

	if (calm && us > CALM_US)
		us = CALM_US;
	s->was_calm = calm;
	if (s->output.wait(&s->output, milliseconds(us), fd, ship_why(s)) != SHIP_TAKEN)
		ship_retreat(s);
}

/* Forget what woke us: the logs tell of each change once. */
static void forget_wakes(struct ship *s)
{
	struct epoll_event gone[WATCHED_MAX];

	(void)epoll_wait(s->wake, gone, WATCHED_MAX, 0);
}

/* ---- the turns ---- */

static bool try_connect(struct ship *s)
{
	int rc = s->output.open(&s->output, s->conf, ship_why(s));

	s->number = s->up_to = 0;
	s->connected = rc == SHIP_TAKEN;
	if (rc == SHIP_TROUBLE)
		ship_retreat(s);
	if (rc == SHIP_NEVER) {
		warn("%s: given up", ship_why_text(s));
		s->output.close(&s->output);
		s->done = true;
		s->status = EXIT_FAILURE;
	}
	return s->connected;
}

static bool all_idle(const struct ship *s)
{
	for (size_t i = 0; i < s->nsource; i++)
		if (!s->idle[i] || s->is_held[i])
			return false;
	return s->flights.count == 0;
}

/* The logs that are open give nothing more: all is read and acknowledged, or cannot be read. */
static bool none_to_come(const struct ship *s)
{
	for (size_t i = 0; i < s->nsource; i++)
		if (s->is_held[i] || (!s->idle[i] && s->source[i].retry_at == 0))
			return false;
	return s->flights.count == 0;
}

/* Once: leave when all is there, or when nothing has gone on for too long. */
static void consider_leaving(struct ship *s)
{
	if (!s->once)
		return;
	if (s->connected && all_idle(s)) {
		s->done = true;
	} else if (clock_us() - s->good_at > s->conf->stop_us) {
		warn("given up: %s", s->trouble[0] != '\0' ? s->trouble : "see above");
		s->done = true;
		s->status = EXIT_FAILURE;
	}
}

static void turn(struct ship *s)
{
	bool ready = s->retry_at <= clock_us(), more = false;

	forget_wakes(s);
	if (ready && !s->connected)
		ready = try_connect(s);
	/* not further ahead of the checkpoint than a batch, even if it cannot be written */
	if (ready && s->connected)
		ready = ship_keep(s, false);
	if (ready && s->connected)
		more = ship_send(s);
	if (s->connected) {
		ship_acknowledge(s);
		ship_keep(s, false);
	}
	if (s->connected && none_to_come(s))
		ship_look_for_logs(s);
	consider_leaving(s);
	if (s->done || more)
		return;
	if (!s->connected || !ready) {
		wait_alone(s);
		return;
	}
	wait_connected(s);
	if (s->connected)
		ship_acknowledge(s);
}

/* Wait for what is on its way, keep the checkpoint, and leave. */
static void leave(struct ship *s)
{
	uint64_t end = clock_us() + s->conf->stop_us;
	bool again = s->connected;

	notify_send("STOPPING=1\nSTATUS=waiting for acknowledgements");
	while (again) {
		uint64_t now = clock_us();
		int ms = milliseconds(now < end ? end - now : 0);
		int rc = s->output.flush(&s->output, ms, ship_why(s));
		if (rc != SHIP_TAKEN)
			warn("%s: %s; what is not acknowledged is sent again after the next start",
			     s->output.name, ship_why_text(s));
		ship_acknowledge(s); /* and what waited for that may go, of raw messages */
		again = rc == SHIP_TAKEN && s->connected && ship_mail_waits(s);
	}
	if (!ship_keep(s, true))
		s->status = EXIT_FAILURE;
	s->output.close(&s->output);
}

int ship_loop(struct ship *s)
{
	s->good_at = s->kept_at = clock_us();
	s->delay_us = s->conf->retry_min_us;
	if (!s->replay)
		history_note(&s->history, &s->checkpoint, s->kept_at);
	while (!s->done && !s->stop) {
		take_signals(s);
		if (s->reload)
			ship_reload(s);
		ship_tell(s);
		turn(s);
	}
	leave(s);
	return s->status;
}
