/*
 * ship.h: the shipper as a whole, for its own files.
 */
#ifndef SMTPTRAP_SHIP_SHIP_H
#define SMTPTRAP_SHIP_SHIP_H

#include "checkpoint.h"
#include "conf.h"
#include "flight.h"
#include "history.h"
#include "mail.h"
#include "output.h"
#include "source.h"

#define WHY_MAX 500

struct ship {
	struct ship_conf *conf;
	const char *conf_path;
	const char *output_name; /* of the command line; NULL */
	bool once;               /* leave when all is shipped */
	bool replay;             /* from files, without a checkpoint */

	int log_dir, state_dir;
	struct checkpoint checkpoint; /* what was acknowledged, kept or not yet */
	uint64_t behind;              /* records acknowledged since it was kept */
	uint64_t kept_at;             /* when it was */
	bool unkept;                  /* the last try failed: nothing more is sent */
	struct history history;       /* what it was; empty with replay */

	struct ship_source source[SHIP_STREAMS];
	struct ship_record held[SHIP_STREAMS]; /* a record that the output had no room for */
	bool is_held[SHIP_STREAMS];
	bool idle[SHIP_STREAMS]; /* the source had nothing more */
	size_t nsource;

	struct ship_output output;
	bool connected;
	struct flights flights;
	struct ship_mail *mail; /* NULL: raw messages are not shipped */
	uint64_t number;        /* of the last item sent */
	uint64_t up_to;         /* all items up to this number are acknowledged */
	uint64_t delay_us;      /* the next back-off */
	uint64_t retry_at;
	uint64_t good_at; /* when something was last acknowledged */
	uint64_t told_at; /* when trouble was last said */
	char why_text[WHY_MAX + 1];
	struct buf why;            /* what the last call said */
	char trouble[WHY_MAX + 1]; /* what holds shipping up, "" after it is over */

	int signals, wake; /* signalfd; epoll of it and of the logs */
	bool stop, reload;
	int status;    /* of exit */
	bool was_calm; /* the last wait let writes to the logs gather */
	bool done;

	uint64_t status_at, watchdog_at;
	uint64_t folder_at;         /* when the log directory's name was last looked at */
	bool folder_gone;           /* there was none of that name then */
	uint64_t shipped, rejected; /* since the start */
};

/* loop.c: ship until there is a reason to leave; returns the exit status. */
int ship_loop(struct ship *s);

/* send.c: send what the sources have, as far as the output takes it.  True if there may be more to
 * send at once. */
bool ship_send(struct ship *s);

/* send.c: move the checkpoint up to what the output has acknowledged. */
void ship_acknowledge(struct ship *s);

/* send.c: keep the checkpoint if it is time, or with now.  False if it could not be: said, and
 * nothing is to be sent before s->retry_at. */
bool ship_keep(struct ship *s, bool now);

/* send.c: trouble, told in s->why: close the output, go back to what is not acknowledged, and
 * send nothing before s->retry_at. */
void ship_retreat(struct ship *s);

/* send.c: begin with an empty s->why. */
struct buf *ship_why(struct ship *s);

/* send.c: what stands in s->why, as a string. */
const char *ship_why_text(struct ship *s);

/* report.c: tell the service manager how it goes, once a second and the watchdog in time. */
void ship_tell(struct ship *s);

/* report.c: --status: print the checkpoint and what is behind it; exit status. */
int ship_print_status(const struct ship_conf *conf);

/* start.c: open all that is needed to follow the logs (from_start: without the checkpoint that is
 * there), or to replay files.  False after saying why not. */
bool ship_start(struct ship *s, bool from_start);
bool ship_start_replay(struct ship *s, char **file, size_t nfile);

/* start.c: read the configuration again; if it is wrong the old one stays. */
void ship_reload(struct ship *s);

/* start.c: the logs that are open have nothing more: has another folder their name now?  If so go on
 * there.  Looks once a second. */
void ship_look_for_logs(struct ship *s);

/* start.c: release all. */
void ship_end(struct ship *s);

/* start.c: read the configuration (as ship_conf_load()) or say all that is wrong with it; NULL. */
struct ship_conf *ship_read_conf(const char *path, const char *output);

#endif
