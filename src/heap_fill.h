/*
 * heap_fill.h: a heap that forked children do not unshare.
 */
#ifndef SMTPTRAP_HEAP_FILL_H
#define SMTPTRAP_HEAP_FILL_H

/*
 * Master, when all that lives on is set up and before workers are forked: fill the free holes of
 * the heap.  A child then allocates above them, on pages of its own, and does not copy a shared
 * page for each hole it uses: this saves 100 KiB a worker in a TLS session, for 30 KiB once.
 */
void heap_fill(void);

/* Before the master sets up anew: give the holes back, so that what it makes now finds room where
 * what went before was.  heap_fill() is due again when it is done. */
void heap_unfill(void);

#endif
