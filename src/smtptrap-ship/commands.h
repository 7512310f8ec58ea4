/*
 * commands.h: what smtptrap-ship does besides following the logs.
 */
#ifndef SMTPTRAP_SHIP_COMMANDS_H
#define SMTPTRAP_SHIP_COMMANDS_H

#include "conf.h"

/* Each returns the exit status; argv holds what stands behind the option (argc of them). */

/* --setup: make the stream, or check that it is as configured. */
int command_setup(const struct ship_conf *conf, int argc, char **argv);

/* --fetch: write what is in the stream to files. */
int command_fetch(const struct ship_conf *conf, int argc, char **argv);

/* --fetch-mail: write the raw messages in the buckets to files. */
int command_fetch_mail(const struct ship_conf *conf, int argc, char **argv);

#endif
