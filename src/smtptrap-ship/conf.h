/*
 * conf.h: the configuration of the shipper, read from ship.conf(5).
 *
 * Members bear the names of the keys; durations are in microseconds, sizes in bytes.  Every value
 * is there: what the file leaves out has its default from conf.c.
 */
#ifndef SMTPTRAP_SHIP_CONF_H
#define SMTPTRAP_SHIP_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "conf_error.h"
#include "token.h"

struct arena;

enum ship_output_kind { SHIP_OUTPUT_NATS, SHIP_OUTPUT_STDOUT, SHIP_OUTPUT_FILE };

/* Bits of conf->streams. */
enum ship_stream_bit { SHIP_SESSION = 1 << 0, SHIP_MESSAGE = 1 << 1 };

#define SHIP_SERVERS_MAX 16

struct ship_conf {
	const char *log_directory;
	const char *state_directory;
	const char *sensor; /* a token of a subject: no '.', '*', '>', white space */
	uint32_t streams;   /* enum ship_stream_bit */
	enum ship_output_kind output;
	const char *file;         /* of output file; "" with others */
	uint32_t in_flight;       /* items that were sent and not acknowledged, at most */
	uint64_t in_flight_bytes; /* the same in bytes; one item is taken whatever its size */
	uint32_t batch;           /* items between checkpoints, at most */
	uint64_t checkpoint_us;   /* time between checkpoints, at most */
	uint64_t retry_min_us, retry_max_us; /* back-off: doubles from the one to the other */
	uint64_t give_up_us;    /* a file that cannot be read is passed over after this */
	uint64_t stop_us;       /* SIGTERM: how long to wait for acknowledgements */
	uint64_t rejected_size; /* bytes of the file of rejected records, at most */

	struct {
		const char *server[SHIP_SERVERS_MAX]; /* nats://HOST:PORT, tls://HOST:PORT */
		size_t nserver;                       /* at least 1 if output is nats */
		const char *subject;                  /* prefix: SUBJECT.SENSOR.session */
		const char *stream;                   /* the name of the JetStream stream */
		const char *ca, *certificate, *key;   /* PEM files; "" */
		const char *credentials;              /* a .creds file; "" */
		uint64_t connect_timeout_us;
		uint64_t ack_timeout_us; /* of a publish */
		uint64_t max_payload; /* a record past this is rejected; the server's limit too */
	} nats;

	struct {                    /* raw messages */
		const char *bucket; /* the object store; "": they are not shipped */
		uint64_t size;      /* larger ones are left out */
	} mail;

	struct { /* what --setup makes the stream of */
		uint32_t replicas;
		uint64_t max_age_us; /* 0: for ever */
		uint64_t max_bytes;  /* 0: no limit */
		uint64_t duplicate_window_us;
		uint64_t mail_max_age_us; /* the same of buckets */
		uint64_t mail_max_bytes;
	} setup;

	struct arena *arena; /* owns all of the above */
};

/*
 * Read the file at path.  output, unless it is NULL, stands for what the file says of it: "nats",
 * "stdout", or the absolute path of a file.  Returns as conf_load() does; release with
 * ship_conf_free().
 */
int ship_conf_load(struct ship_conf **conf_r, const char *path, const char *output,
		   struct conf_errors *errors);

void ship_conf_free(struct ship_conf **conf);

#endif
