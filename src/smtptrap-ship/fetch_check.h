/*
 * fetch_check.h: is a message of the stream a record of the sensor that sent it?
 */
#ifndef SMTPTRAP_SHIP_FETCH_CHECK_H
#define SMTPTRAP_SHIP_FETCH_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record_line.h"

/*
 * Is the line a record, one line of valid JSON without control bytes, not longer than a reader takes
 * (LOG_LINE_MAX), of the type and sensor that the subject (PREFIX.SENSOR.TYPE, ends with a NUL)
 * names?  If so *head_r is what it begins with.  The servers see to it that a sensor publishes on
 * its own subject alone; the rest of the message is the sensor's word.
 */
bool fetch_check(const char *prefix, const char *subject, const uint8_t *line, size_t len,
		 struct record_line_head *head_r);

#endif
