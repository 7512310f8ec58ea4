/*
 * conf.h: the configuration as the daemon uses it, read from smtptrap.conf(5).
 *
 * Every value is there: what the file leaves out has its default from conf_schema.c.  Members
 * bear the names of the keys.  Durations are in microseconds, sizes in bytes.
 */
#ifndef SMTPTRAP_CONF_H
#define SMTPTRAP_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf_error.h"
#include "ip.h"

enum conf_sandbox { CONF_SANDBOX_STRICT, CONF_SANDBOX_BEST_EFFORT };
enum conf_strictness { CONF_STRICTNESS_LENIENT, CONF_STRICTNESS_NORMAL, CONF_STRICTNESS_STRICT };
enum conf_tls_mode { CONF_TLS_STARTTLS, CONF_TLS_IMPLICIT, CONF_TLS_OFF };
enum conf_tls_version { CONF_TLS_SSL3, CONF_TLS_1_0, CONF_TLS_1_1, CONF_TLS_1_2, CONF_TLS_1_3 };
enum conf_ciphers { CONF_CIPHERS_ALL, CONF_CIPHERS_MODERN };
enum conf_key_type { CONF_KEY_ANY, CONF_KEY_RSA, CONF_KEY_ECDSA };
enum conf_policy { CONF_ACCEPT, CONF_REJECT };
enum conf_auth_verdict { CONF_AUTH_REFUSE, CONF_AUTH_ACCEPT };
enum conf_hello { CONF_HELLO_NONE, CONF_HELLO_FINGERPRINT, CONF_HELLO_LISTS, CONF_HELLO_FULL };
enum conf_looks {
	CONF_LOOKS_NONE,
	CONF_LOOKS_POSTFIX,
	CONF_LOOKS_EXIM,
	CONF_LOOKS_SENDMAIL,
	CONF_LOOKS_EXCHANGE
};
enum conf_durability { CONF_DURABILITY_FSYNC, CONF_DURABILITY_NONE };
enum conf_store { CONF_STORE_ALL, CONF_STORE_UNIQUE, CONF_STORE_UNIQUE_BODY };

/* Bits of conf->smtp.extensions. */
enum conf_extension {
	CONF_EXT_SIZE = 1 << 0,
	CONF_EXT_PIPELINING = 1 << 1,
	CONF_EXT_8BITMIME = 1 << 2,
	CONF_EXT_SMTPUTF8 = 1 << 3,
	CONF_EXT_CHUNKING = 1 << 4,
	CONF_EXT_ENHANCEDSTATUSCODES = 1 << 5,
	CONF_EXT_DSN = 1 << 6,
	CONF_EXT_STARTTLS = 1 << 7,
	CONF_EXT_AUTH = 1 << 8,
};

/* Lines of EHLO's reply, as smtp_look.h has them, by the words of an identity's `extensions`. */
enum { CONF_EHLO_STARTTLS = 7, CONF_EHLO_AUTH = 8, CONF_EHLO_BINARYMIME = 9, CONF_EHLO_COUNT = 15 };

/* Bits of conf->auth.mechanisms. */
enum conf_mechanism { CONF_MECH_PLAIN = 1 << 0, CONF_MECH_LOGIN = 1 << 1 };

/* One `listen` block. */
struct conf_listen {
	uint8_t
	    address[IP_BYTES]; /* IPv4 mapped: 0.0.0.0 is ::ffff:0.0.0.0; an IPv6 one is V6ONLY */
	uint16_t port;
	enum conf_tls_mode tls;
	const char *name; /* at most CONF_NAME_MAX bytes; unique */
	uint32_t backlog;
	const struct ip_net
	    *proxy_from; /* peers that send a PROXY header; none if nproxy_from is 0 */
	size_t nproxy_from;
	bool tcp_syn;    /* the kernel keeps the SYN of each connection for its record */
	bool experiment; /* its clients take part */
};
#define CONF_NAME_MAX 63
#define CONF_LISTEN_MAX 64 /* blocks: each is a socket in every worker */
/* Those of enum smtp_phase but the first. */
enum conf_phase {
	CONF_PHASE_HELO,
	CONF_PHASE_MAIL,
	CONF_PHASE_RCPT,
	CONF_PHASE_DATA,
	CONF_PHASE_MESSAGE
};
#define YAKKER_SLOW_MAX 1000000 /* bytes a second: more is not slow */

#define CONF_PAIR_MAX 16 /* certificates: each handshake looks at all */

/* A certificate chain and its key, both PEM files, paths absolute or relative to the working
 * directory (those in the file are relative to the file's directory). */
struct conf_keypair {
	const char *certificate;
	const char *key;
};

/* What the trap is at some of its addresses: an `identity` block.  What it leaves out is here as
 * the rest of the configuration has it. */
struct conf_identity {
	const char *name;           /* in records; unique */
	const struct ip_net *local; /* the address that the client reached; none: every one */
	size_t nlocal;
	uint16_t port;        /* that it reached; 0: every one */
	const char *listener; /* by which it came; NULL: every one */
	const char *hostname;
	const char *banner; /* NULL: that of looks_like, which is not CONF_LOOKS_NONE then */
	enum conf_looks looks_like;
	bool ehlo_named;     /* else what EHLO offers is up to looks_like and smtp.extensions */
	const uint8_t *ehlo; /* lines in their order, each once */
	size_t nehlo;
	bool starttls;             /* is among what EHLO offers */
	struct conf_keypair *pair; /* none: those of the tls block */
	size_t npair;
};
#define CONF_IDENTITY_MAX 64 /* each client looks at all; with certificates each costs memory */

/* A DNS server; port 0: those that the system uses, /etc/resolv.conf. */
struct conf_dns_server {
	uint8_t address[IP_BYTES];
	uint16_t port;
};
#define CONF_DNS_SERVERS_MAX 8 /* a look-up tries one after the other */
#define CONF_DNS_ZONES_MAX 16  /* of a kind: each is a look-up a session */

/* A way to serve TLS: a `profile` block, or a built-in one that an arm names.  What it leaves out
 * is here as the tls block has it. */
struct conf_profile {
	const char *name; /* letters, digits, '.', '_', '-', at most CONF_NAME_MAX; unique */
	bool offer;       /* false: there is no STARTTLS, and the rest does not matter */
	struct conf_keypair *pair; /* at least one */
	size_t npair;
	enum conf_key_type key_type;            /* pairs of other types are not served */
	enum conf_tls_version minimum, maximum; /* minimum <= maximum */
	enum conf_ciphers ciphers;
	const char *priority; /* "": as the three above say */
	bool client_certificate, tickets;
	bool expired;   /* its certificates must have expired */
	bool own_pairs; /* they are not those of the tls block */
};
#define CONF_PROFILE_MAX 32 /* each has its priorities in memory, some 10 KiB */

/* A part of the addresses, all served by the same profile. */
struct conf_arm {
	const char *name; /* as a profile's */
	uint32_t weight;  /* at least 1 */
	const char *profile;
	size_t profile_at; /* its place in conf->tls.profile */
};
#define CONF_ARM_MAX 32 /* each costs a hash a session */

/* Who is served how; lib/arm.h has the rule. */
struct conf_experiment {
	const char *key; /* NULL: there is no experiment */
	uint32_t ipv4_prefix, ipv6_prefix;
	struct conf_arm *arm;
	size_t narm; /* at least 1 if there is a key */
};

struct conf {
	const char *hostname;
	const char *sensor;
	const char *user;
	const char *log_user;
	const char *run_directory;
	const char *chroot; /* run_directory/empty where the file says nothing */
	enum conf_sandbox sandbox;
	enum conf_strictness strictness;
	const char *banner; /* stands behind the host name in the greeting; may be empty */

	struct conf_listen *listen; /* in the order of the file */
	size_t nlisten;             /* at least 1 */

	struct conf_identity *identity; /* in the order of the file */
	size_t nidentity;

	struct {
		struct conf_keypair *pair; /* in the order of the file */
		size_t npair;              /* 0: no TLS is configured */
		enum conf_tls_version minimum;
		bool minimum_named;      /* the file says so, it is not the default */
		const char *priority;    /* "": built in */
		bool client_certificate; /* ask for one */
		bool tickets;
		uint32_t keyholders;
		struct conf_profile *profile; /* those of the file, then built-in ones */
		size_t nprofile;
		struct conf_experiment experiment;
	} tls;

	struct {
		uint32_t spare_min; /* spare_min <= spare_max <= max */
		uint32_t spare_max;
		uint32_t max;
		uint32_t max_per_address; /* sessions at a time of one address; 0: no limit */
		uint32_t sessions;        /* after so many a worker leaves */
	} workers;

	struct {
		uint64_t command_timeout_us;
		uint64_t session_timeout_us;
		uint64_t handshake_timeout_us;
		uint64_t write_timeout_us;
		uint64_t data_timeout_us; /* between bytes of a message */
		uint64_t message_size;
		uint32_t messages;    /* a session */
		uint32_t recipients;  /* a message */
		uint32_t commands;    /* a session */
		uint32_t errors;      /* a session */
		uint32_t line_length; /* bytes of a command line, line end included */
		uint32_t dialogue;    /* bytes of dialogue kept a session */
	} limits;

	struct {
		uint64_t banner_delay_us;
		enum conf_policy early_talk;
		enum conf_policy pipelining_early;
		uint32_t extensions; /* enum conf_extension */
		bool dialect;        /* recorded */
	} smtp;

	struct {
		uint32_t mechanisms; /* enum conf_mechanism */
		enum conf_auth_verdict verdict;
		bool auth_secrets;
	} auth;

	struct {
		struct conf_dns_server *server; /* in the order of the file */
		size_t nserver;                 /* 0: no DNS */
		bool reverse, sender;
		const char **dnsbl, **dbl; /* zones, as dns_name_copy() makes them */
		size_t ndnsbl, ndbl;
		bool banner_waits;
		uint64_t timeout_us;      /* for one answer, from when it was asked */
		uint64_t session_wait_us; /* of a session, for all */
		uint32_t cache;           /* answers */
		uint64_t ttl_min_us, ttl_max_us;
	} dns;

	struct {
		uint32_t addresses;     /* remembered at most, about */
		uint64_t save_us;       /* between writes to the disk */
		uint32_t tls_failures;  /* then STARTTLS is not offered; 0: no memory of failures */
		uint64_t tls_within_us; /* how long a failure is remembered */
		bool tls_forgive;       /* a handshake that goes well clears it */
	} memory;

	struct {
		uint32_t count;        /* sessions that make a yakker; 0: only rules do */
		uint64_t within_us;    /* in which they come, and how long it then is one */
		enum conf_phase phase; /* that is progress */
		bool stall;
		uint64_t delay_us;   /* before the greeting */
		uint32_t slow;       /* bytes a second of replies; 0: at once */
		uint64_t summary_us; /* between records of what was counted */
	} yakkers;

	struct {
		const char *directory;
		uint64_t rotate_size;
		uint64_t rotate_age_us;
		uint64_t keep;        /* bytes of finished files; 0: no limit */
		uint64_t keep_age_us; /* 0: no limit */
		uint64_t keep_free; /* bytes of free disk to keep by removing old files; 0: none */
		uint64_t reserve;   /* bytes of free disk below which nothing is accepted */
		enum conf_durability durability;
		uint32_t compression; /* zlib level 1 to 9 */
		enum conf_hello hello;
		enum conf_store store; /* which copies are stored once */
		uint32_t store_index;  /* messages whose copies are known */
	} log;

	const struct rules *rules; /* rule.h; there may be none in it */

	struct arena *arena; /* owns all of the above */
};

/*
 * How conf_load() opens files: returns a descriptor that is then conf_load()'s to close, or -1
 * and errno.  path is what conf_load() was given, or that of an included file, joined to the
 * including file's directory if relative.  The opener should open with O_CLOEXEC and O_NOCTTY |
 * O_NONBLOCK, so that a fifo does not hang it.
 */
struct conf_opener {
	int (*open)(void *ctx, const char *path);
	void *ctx;
};

/* Opens with open(2); for the start and for tools. */
extern const struct conf_opener conf_opener_plain;

/*
 * Read the file at path and all that it includes.  Returns 0 and *conf_r, to be released with
 * conf_free(); or, with *conf_r NULL, ERR_FORMAT if anything is wrong with a file (unreadable
 * ones included), ERR_MEMORY.  errors must be zeroed by the caller; it then holds what is wrong.
 */
int conf_load(struct conf **conf_r, const char *path, const struct conf_opener *opener,
	      struct conf_errors *errors);

/* Release *conf and all that it holds, and set it NULL.  NULL in *conf is accepted. */
void conf_free(struct conf **conf);

#endif
