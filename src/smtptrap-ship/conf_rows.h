/*
 * conf_rows.h: the table of all keys of ship.conf.
 */
#ifndef SMTPTRAP_SHIP_CONF_ROWS_H
#define SMTPTRAP_SHIP_CONF_ROWS_H

#include "conf.h"
#include "conf_schema.h"

/* A key: a row as those of smtptrap.conf, whose offset is in struct ship_conf. */
struct ship_row {
	const char *block; /* where it stands; "": outside all blocks */
	struct conf_row row;
	bool list; /* may stand several times; the row's count_offset has the number */
};

#define SHIP_ROWS_MAX 40 /* room for marks, one a row */
extern const struct ship_row ship_rows[];
extern const size_t ship_rows_count;

#endif
