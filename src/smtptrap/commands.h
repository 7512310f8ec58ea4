/*
 * commands.h: the commands of the reader, and how their use is told.
 */
#ifndef SMTPTRAP_COMMANDS_H
#define SMTPTRAP_COMMANDS_H

#include <stdio.h>

#include "smtptrap.h"

/* A command.  argv[0] is "smtptrap NAME"; run() returns an exit status. */
struct command {
	const char *name;
	int (*run)(const struct env *env, int argc, char **argv);
	const char *usage; /* what follows the name; several forms are apart by LF */
	const char *what;
	const char *options; /* a line each, for --help; may be empty */
	const char *page;    /* where all of it is said */
};
extern const struct command commands[]; /* ends with a name of NULL */

/* The command of this name; NULL if there is none. */
const struct command *command_find(const char *name);

/* What `smtptrap COMMAND --help` prints. */
void command_help(const struct command *c, FILE *to);

/* What `smtptrap --help` prints. */
void commands_help(FILE *to);

/* Say on standard error that there is no such command, and which one is like it.  Returns
 * EXIT_USAGE. */
int command_unknown(const char *name);

#endif
