/*
 * json_paths.h: the values of an object of JSON, by their paths.
 */
#ifndef SMTPTRAP_SHIP_JSON_PATHS_H
#define SMTPTRAP_SHIP_JSON_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

#define JSON_PATH_MAX 64 /* bytes; values with a longer path are not given */

/*
 * Gets each text, number, true and false in an object (not those in lists): its path, the names of the
 * objects around it and its own with a '.' between them, and the text decoded, or as it stands.
 * What it points to is valid during the call.
 */
typedef void (*json_path_fn)(void *ctx, const char *path, struct span text);

/* Read the text, which may be anything.  0; ERR_FORMAT if it is no object of JSON, but then some
 * values may have been given; ERR_MEMORY. */
int json_paths_read(const uint8_t *text, size_t len, json_path_fn fn, void *ctx);

/* The digits of a number; 0, or ERR_FORMAT: it is none from 0 to 10^18 - 1. */
int json_path_number(struct span text, uint64_t *n_r);

#endif
