/*
 * checkpoint_logs.h: whether a checkpoint is of the logs that are there.
 *
 * A log directory has no name of its own.  What its files carry is the number of each, which no two
 * of one directory share, the time when it was begun, and in each record the sensor, which is one in
 * all of a file, for a trap takes another name only when it is started.
 */
#ifndef SMTPTRAP_SHIP_CHECKPOINT_LOGS_H
#define SMTPTRAP_SHIP_CHECKPOINT_LOGS_H

#include "checkpoint.h"

/* The sensor that a record says, as a token; "" if it says none. */
void checkpoint_sensor_of(char sensor_r[SHIP_TOKEN_MAX + 1], const uint8_t *line, size_t len);

/*
 * Is the checkpoint of another folder than this one?  True if the folder has an older file with the
 * number of the checkpoint's, or if the file that is read next, which is the checkpoint's if it is
 * there, has another sensor's records.  *why then tells what differs, as a sentence without its end.
 * False also where nothing can tell.
 */
bool checkpoint_is_foreign(const struct checkpoint_stream *c, int dir, enum log_stream stream,
			   struct buf *why);

#endif
