/*
 * proc.h: what every process of smtptrapd does alike.
 */
#ifndef SMTPTRAP_PROC_H
#define SMTPTRAP_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Close every descriptor above standard error but these n (any order, -1 entries are ignored). */
void proc_keep_only(const int *fds, size_t n);

/* Die with `signal` when the parent does; fatal if the parent is gone already. */
void proc_follow_parent(pid_t parent, int signal);

/* A SOCK_SEQPACKET pair, close-on-exec; fatal on failure. */
void proc_pair(int pair_r[2]);

/* Give the signals their default action or the one named, and block none. */
void proc_signals_reset(void);
void proc_signal_set(int signal, void (*handler)(int));

/* This process's address space now, in bytes; 0 where /proc is not there. */
size_t proc_address_space(void);

/* Raise the limit of open descriptors as far as it may go; returns it. */
size_t proc_raise_fd_limit(size_t want);

#endif
