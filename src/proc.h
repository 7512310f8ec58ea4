/*
 * proc.h: what every process of smtptrapd does alike.
 */
#ifndef SMTPTRAP_PROC_H
#define SMTPTRAP_PROC_H

#include <stddef.h>
#include <sys/types.h>

/* Close every descriptor above standard error but these n (any order, -1 entries are ignored). */
void proc_keep_only(const int *fds, size_t n);

/* Die with `signal` when the parent does; fatal if the parent is gone already. */
void proc_follow_parent(pid_t parent, int signal);

/* A SOCK_SEQPACKET pair, close-on-exec; fatal on failure. */
void proc_pair(int pair_r[2]);

/* Wait on one end of such a pair for what a process says when it has started.  As recv(), but no signal
 * interrupts it: with a time-out each would. */
ssize_t proc_wait_word(int control, void *word, size_t size, int seconds);

/* Give the n signals of the table their handlers, all others that we use their default action
 * (SIGPIPE: ignored), and only then block none: one that came before the handlers stood is
 * handled, not died of. */
struct proc_signal {
	int signal;
	void (*handler)(int);
};
void proc_signals_set(const struct proc_signal *table, size_t n);

/* The same for those who outlive the others: what ends those, or is meant for the master, is
 * ignored. */
void proc_signals_ignore(void);

/* What tells this process's address space, later and from within another root directory too; -1
 * where /proc is not there. */
int proc_statm_open(void);

/* The address space now, in bytes, of the process that opened statm; 0 where it is not told. */
size_t proc_address_space(int statm);

/* Raise the limit of open descriptors as far as it may go; returns it. */
size_t proc_raise_fd_limit(size_t want);

#endif
