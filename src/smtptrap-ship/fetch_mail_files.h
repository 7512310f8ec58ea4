/*
 * fetch_mail_files.h: raw messages that were fetched: DIRECTORY/SENSOR/ID.eml, each whole.
 */
#ifndef SMTPTRAP_SHIP_FETCH_MAIL_FILES_H
#define SMTPTRAP_SHIP_FETCH_MAIL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uuid.h"

/* The functions that return int: 0, or ERR_SYSTEM. */
struct mail_files {
	int root; /* locked */
	int dir;  /* of the present sensor, or -1 */
	int fd;   /* the message that is being written, or -1 */
	uint64_t size;
};

/* Open the directory.  Also ERR_REFUSED: another process fetches into it. */
int mail_files_open(struct mail_files *f, const char *path);

/* Go to the sensor's folder, which is made if there is none; what an interrupted process left half-written
 * goes. */
int mail_files_sensor(struct mail_files *f, const char *sensor);

/* Is the message there?  What has its name is never replaced. */
bool mail_files_have(const struct mail_files *f, const uint8_t id[UUID_BYTES]);

/* Begin a message; add to it; and give it its name once it is on
 * disk: until then nothing of that name is there. */
int mail_files_begin(struct mail_files *f);
int mail_files_add(struct mail_files *f, const void *bytes, size_t len);
int mail_files_finish(struct mail_files *f, const uint8_t id[UUID_BYTES]);

/* Give up the message that was begun, if there is one. */
void mail_files_drop(struct mail_files *f);

/* Give a message that is there another name. */
int mail_files_link(struct mail_files *f, const uint8_t from[UUID_BYTES],
		    const uint8_t to[UUID_BYTES]);

/* How far the sensor's bucket was fetched. */
struct mail_place {
	int64_t created; /* when the bucket was made, as its server says */
	uint64_t seq;    /* all messages up to this number were looked at */
};

/* Keep the place, once the names of all files are on disk; and read it: zeroed if there is none or it cannot
 * be read, for then all is looked at again. */
int mail_files_keep(const struct mail_files *f, const struct mail_place *p);
void mail_files_place_of(const struct mail_files *f, struct mail_place *p_r);

/* Release all; accepts one that failed to open. */
void mail_files_close(struct mail_files *f);

#endif
