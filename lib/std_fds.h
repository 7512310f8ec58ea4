/*
 * std_fds.h: standard input, output and error are there, whoever started the program.
 */
#ifndef SMTPTRAP_STD_FDS_H
#define SMTPTRAP_STD_FDS_H

/*
 * Take the numbers of those of descriptors 0 to 2 that are closed, so that no file or socket that
 * is opened later gets one and receives what is meant for people.  Reads of it and writes to it go
 * on failing with EBADF.  Returns 0, or ERR_SYSTEM.  Call it before anything is opened.
 */
int std_fds_take(void);

#endif
