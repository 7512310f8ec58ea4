/*
 * report_command.h: the command line of a report, to be run again.
 */
#ifndef SMTPTRAP_REPORT_COMMAND_H
#define SMTPTRAP_REPORT_COMMAND_H

#include "buf.h"
#include "smtptrap.h"

#define REPORT_COMMAND_MAX (1u << 22) /* more than the kernel takes as arguments */

/* What is alike for every table: zero it, then init. */
struct report_command {
	struct buf before, tables, behind; /* the names of tables as they were given */
	bool merge; /* a partial report has the tables that it has: none can be named */
};

/* Begin with the options before the command. */
void report_command_init(struct report_command *c, const struct env *env);
void report_command_fini(struct report_command *c);

/* An option with its argument, NULL for none; a time that is counted from now is written out, so
 * that it stays the same: us since 1970. */
void report_command_option(struct report_command *c, const char *name, const char *argument);
void report_command_time(struct report_command *c, const char *name, const char *argument,
			 uint64_t us);
void report_command_table(struct report_command *c, const char *name);
void report_command_file(struct report_command *c, const char *path);

/* Append the command, quoted for a shell, of this table; of NULL: with the tables as they were
 * given, and another format. */
void report_command_put(const struct report_command *c, const char *table, struct buf *to);
void report_command_put_all(const struct report_command *c, const char *format, struct buf *to);

#endif
