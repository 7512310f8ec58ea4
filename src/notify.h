/*
 * notify.h: telling systemd, sd_notify(3) and sd_listen_fds(3), without its library.
 */
#ifndef SMTPTRAP_NOTIFY_H
#define SMTPTRAP_NOTIFY_H

#include <stdint.h>

/* Connect to NOTIFY_SOCKET while it can still be reached; does nothing where it is not set. */
void notify_init(void);

/* Send lines such as "READY=1\nSTATUS=..."; never blocks, failure is ignored as in sd_notify. */
void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* RELOADING=1 with the monotonic time that Type=notify-reload asks for. */
void notify_reloading(void);

/* Half of the watchdog's period in microseconds, 0 if there is none for this process. */
uint64_t notify_watchdog_us(void);

/* Number of sockets passed by systemd, the first is descriptor 3; 0 if none.  Made
 * close-on-exec, and the environment is cleared of them. */
int notify_listen_fds(void);

/* Close every descriptor that we were started with, but for the standard ones and those that
 * notify_listen_fds() will find. */
void notify_close_others(void);

#endif
