/*
 * notify.c: telling systemd, sd_notify(3) and sd_listen_fds(3), without its library.
 *
 * Runs in the master, and in smtptrap-ship.  The socket is connected before the change of root directory, since its
 * path is out of reach afterwards.
 */
#include "notify.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#define LISTEN_FDS_START 3
#define LISTEN_FDS_MAX 64

static int notify_fd = -1;

void notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (path == NULL)
		return;
	size_t len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof to.sun_path) {
		warn("NOTIFY_SOCKET \"%s\" is not the address of a Unix socket", path);
		return;
	}
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (notify_fd < 0 || connect(notify_fd, (struct sockaddr *)&to, size) < 0) {
		warn("NOTIFY_SOCKET %s: cannot connect", path);
		if (notify_fd >= 0)
			close(notify_fd);
		notify_fd = -1;
	}
}

void notify_send(const char *format, ...)
{
	char text[512];
	va_list ap;

	if (notify_fd < 0)
		return;
	va_start(ap, format);
	int n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof text)
		(void)!send(notify_fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_reloading(void)
{
	notify_send("RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_us());
}

static long env_number(const char *name)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : 0;
}

uint64_t notify_watchdog_us(void)
{
	long us = env_number("WATCHDOG_USEC");

	if (us <= 0 || (getenv("WATCHDOG_PID") && env_number("WATCHDOG_PID") != getpid()))
		return 0;
	return (uint64_t)us / 2;
}

void notify_close_others(void)
{
	long passed = env_number("LISTEN_PID") == getpid() ? env_number("LISTEN_FDS") : 0;

	closefrom(LISTEN_FDS_START + (int)(passed > 0 && passed <= LISTEN_FDS_MAX ? passed : 0));
}

int notify_listen_fds(void)
{
	long n = env_number("LISTEN_FDS");

	if (env_number("LISTEN_PID") != getpid() || n <= 0)
		return 0;
	if (n > LISTEN_FDS_MAX)
		fatal("LISTEN_FDS=%ld: more than %d sockets", n, LISTEN_FDS_MAX);
	for (int fd = LISTEN_FDS_START; fd < LISTEN_FDS_START + n; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			fatal("LISTEN_FDS=%ld: descriptor %d is not open", n, fd);
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	return (int)n;
}
