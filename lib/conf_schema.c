/*
 * conf_schema.c: the table of all keys of smtptrap.conf.
 *
 * The one place where a key has its type, limits, default and documentation.  conf_block.c
 * reads files by it, and smtptrap.conf(5) is checked against it by t/unit/conf_doc.t.
 */
#include "conf_schema.h"

#include <string.h>

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define PIB (1024 * 1024 * GIB)

#define MILLISECOND 1000ull
#define SECOND (1000 * MILLISECOND)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)

#define WORKERS_MAX 20000        /* what one machine can hold; the board has a slot for each */
#define COUNT_MAX 1000000000     /* as good as no limit */
#define RUN_DIRECTORY_MAX 80     /* a socket's name must fit sun_path, unix(7) */
#define PATH_BYTES_MAX 4000      /* below PATH_MAX with a file name behind */
#define BANNER_MAX 200           /* with the host name below 512, RFC 5321, 4.5.3.1.5 */
#define RECIPIENTS_MAX 4000      /* at 256 bytes each they fill a record, FRAME_FIELDS_MAX */
#define DIALOGUE_MAX (512 * KIB) /* half of a record */

#define AT(member) offsetof(struct conf, member)
#define OF_LISTEN(member) offsetof(struct conf_listen, member)

static const char *const sandbox_words[] = {"strict", "best-effort", NULL};
static const char *const strictness_words[] = {"lenient", "normal", "strict", NULL};
static const char *const tls_mode_words[] = {"starttls", "implicit", "off", NULL};
static const char *const tls_version_words[] = {"ssl3",   "tls1.0", "tls1.1",
						"tls1.2", "tls1.3", NULL};
static const char *const request_words[] = {"off", "request", NULL};
static const char *const yes_words[] = {"no", "yes", NULL};
static const char *const policy_words[] = {"accept", "reject", NULL};
static const char *const verdict_words[] = {"refuse", "accept", NULL};
static const char *const durability_words[] = {"fsync", "none", NULL};
static const char *const mechanism_words[] = {"plain", "login", NULL};
static const char *const extension_words[] = {
    "size", "pipelining", "8bitmime", "smtputf8", "chunking", "enhancedstatuscodes",
    "dsn",  "starttls",   "auth",     NULL};

static const char *const block_names[CONF_BLOCK_COUNT] = {
    [CONF_TOP] = "",          [CONF_LISTEN] = "listen",
    [CONF_TLS] = "tls",       [CONF_WORKERS] = "workers",
    [CONF_LIMITS] = "limits", [CONF_SMTP] = "smtp",
    [CONF_AUTH] = "auth",     [CONF_LOG] = "log",
    [CONF_RULES] = "rules",
};

/* clang-format off */
const struct conf_row conf_rows[] = {
    {CONF_TOP, "hostname", CONF_KIND_NAME, 1, 255, NULL, "the system's host name",
     .offset = AT(hostname),
     .doc = "The name by which the trap greets its clients."},
    {CONF_TOP, "sensor", CONF_KIND_TEXT, 1, 255, NULL, "the value of hostname",
     .offset = AT(sensor),
     .doc = "The name of this trap in each record."},
    {CONF_TOP, "user", CONF_KIND_NAME, 1, 32, "_smtptrap", .offset = AT(user),
     .doc = "The user that all processes but the logger become, if started as root."},
    {CONF_TOP, "log-user", CONF_KIND_NAME, 1, 32, "_smtptraplog", .offset = AT(log_user),
     .doc = "The user that the logger becomes, if started as root."},
    {CONF_TOP, "run-directory", CONF_KIND_PATH, 1, RUN_DIRECTORY_MAX, "/run/smtptrap",
     .offset = AT(run_directory),
     .doc = "Where the trap shows its state to smtptrap(1)."},
    {CONF_TOP, "chroot", CONF_KIND_PATH, 0, PATH_BYTES_MAX, NULL,
     "the directory empty in run-directory", .offset = AT(chroot),
     .doc = "The directory that processes are locked into, if started as root. It belongs to "
            "root and nothing is in it."},
    {CONF_TOP, "sandbox", CONF_KIND_CHOICE, .def = "strict", .words = sandbox_words,
     .offset = AT(sandbox),
     .doc = "Whether a part of the sandbox that the kernel refuses is fatal (strict) or only "
            "reported (best-effort)."},
    {CONF_TOP, "strictness", CONF_KIND_CHOICE, .def = "lenient", .words = strictness_words,
     .offset = AT(strictness),
     .doc = "How commands that break RFC 5321 are taken: whatever can be understood is accepted "
            "(lenient), what other servers accept too (normal), or nothing (strict). All of it "
            "is recorded."},
    {CONF_TOP, "banner", CONF_KIND_TEXT, 0, BANNER_MAX, "ESMTP", .offset = AT(banner),
     .doc = "The text behind the host name in the greeting; may be empty."},

    {CONF_LISTEN, "address", CONF_KIND_IP, .offset = OF_LISTEN(address),
     .doc = "The address to listen on: 0.0.0.0 is all of IPv4, :: all of IPv6 and none of IPv4."},
    {CONF_LISTEN, "port", CONF_KIND_PORT, 1, 65535, .offset = OF_LISTEN(port),
     .doc = "The port to listen on."},
    {CONF_LISTEN, "tls", CONF_KIND_CHOICE, .def = "starttls", .words = tls_mode_words,
     .offset = OF_LISTEN(tls),
     .doc = "Whether TLS is offered by STARTTLS, begins with the connection (implicit), or is "
            "not there (off)."},
    {CONF_LISTEN, "name", CONF_KIND_TEXT, 1, CONF_NAME_MAX, NULL, "address:port",
     .offset = OF_LISTEN(name),
     .doc = "What records call this listener. No two have the same name."},
    {CONF_LISTEN, "backlog", CONF_KIND_NUMBER, 1, 65535, "4096", .offset = OF_LISTEN(backlog),
     .doc = "Connections that the kernel holds until a worker takes them. The kernel's "
            "net.core.somaxconn is a limit too."},
    {CONF_LISTEN, "proxy-from", CONF_KIND_NETS, .otherwise = "none",
     .offset = OF_LISTEN(proxy_from), .count_offset = OF_LISTEN(nproxy_from),
     .doc = "Networks whose connections begin with a PROXY header, version 1 or 2. From there "
            "the header is required, from elsewhere it is not understood."},

    {CONF_TLS, "certificate", CONF_KIND_CERTIFICATE, 1, PATH_BYTES_MAX, .otherwise = "none",
     .offset = AT(tls.pair), .count_offset = AT(tls.npair),
     .doc = "A PEM file with a certificate and its chain. Its key follows. Both may be repeated, "
            "up to 16 times, for other kinds of keys; put ECDSA before RSA, for clients take the "
            "first that suits them."},
    {CONF_TLS, "key", CONF_KIND_KEY, 1, PATH_BYTES_MAX, .otherwise = "none",
     .offset = AT(tls.pair), .count_offset = AT(tls.npair),
     .doc = "The PEM file with the private key of the certificate before it."},
    {CONF_TLS, "minimum", CONF_KIND_CHOICE, .def = "ssl3", .words = tls_version_words,
     .offset = AT(tls.minimum),
     .doc = "The lowest version that is accepted, as far as the TLS library has it."},
    {CONF_TLS, "priority", CONF_KIND_TEXT, 0, PATH_BYTES_MAX, "", .offset = AT(tls.priority),
     .doc = "A GnuTLS priority string in place of the built-in one, which accepts as much as it "
            "can."},
    {CONF_TLS, "client-certificate", CONF_KIND_SWITCH, .def = "request", .words = request_words,
     .offset = AT(tls.client_certificate),
     .doc = "Whether clients are asked for a certificate. Whatever they send is recorded and "
            "accepted."},
    {CONF_TLS, "tickets", CONF_KIND_SWITCH, .def = "yes", .words = yes_words,
     .offset = AT(tls.tickets),
     .doc = "Whether sessions can be resumed by tickets."},
    {CONF_TLS, "keyholders", CONF_KIND_NUMBER, 1, 16, "1", .offset = AT(tls.keyholders),
     .doc = "Processes that hold the private keys and sign for the workers."},

    {CONF_WORKERS, "spare-min", CONF_KIND_NUMBER, 1, WORKERS_MAX, "8",
     .offset = AT(workers.spare_min),
     .doc = "Idle workers that there are at least."},
    {CONF_WORKERS, "spare-max", CONF_KIND_NUMBER, 1, WORKERS_MAX, "32",
     .offset = AT(workers.spare_max),
     .doc = "Idle workers that there are at most. Not less than spare-min."},
    {CONF_WORKERS, "max", CONF_KIND_NUMBER, 1, WORKERS_MAX, "512", .offset = AT(workers.max),
     .doc = "Workers in all, and so sessions at a time. Not less than spare-max."},
    {CONF_WORKERS, "sessions", CONF_KIND_NUMBER, 1, COUNT_MAX, "1000",
     .offset = AT(workers.sessions),
     .doc = "Sessions that a worker serves before another takes its place."},

    {CONF_LIMITS, "command-timeout", CONF_KIND_DURATION, 100 * MILLISECOND, DAY, "2m",
     .offset = AT(limits.command_timeout_us),
     .doc = "How long a command may take to come."},
    {CONF_LIMITS, "session-timeout", CONF_KIND_DURATION, 100 * MILLISECOND, 30 * DAY, "15m",
     .offset = AT(limits.session_timeout_us),
     .doc = "How long a session may last."},
    {CONF_LIMITS, "handshake-timeout", CONF_KIND_DURATION, 100 * MILLISECOND, DAY, "30s",
     .offset = AT(limits.handshake_timeout_us),
     .doc = "How long a TLS handshake may last."},
    {CONF_LIMITS, "write-timeout", CONF_KIND_DURATION, 100 * MILLISECOND, DAY, "30s",
     .offset = AT(limits.write_timeout_us),
     .doc = "How long a client may take to receive a reply."},
    {CONF_LIMITS, "data-timeout", CONF_KIND_DURATION, 100 * MILLISECOND, DAY, "5m",
     .offset = AT(limits.data_timeout_us),
     .doc = "How long a client may be silent within a message."},
    {CONF_LIMITS, "message-size", CONF_KIND_SIZE, KIB, GIB, "32m",
     .offset = AT(limits.message_size),
     .doc = "Bytes that a message may have. EHLO announces it."},
    {CONF_LIMITS, "messages", CONF_KIND_NUMBER, 1, COUNT_MAX, "100",
     .offset = AT(limits.messages),
     .doc = "Messages that a session may bring."},
    {CONF_LIMITS, "recipients", CONF_KIND_NUMBER, 1, RECIPIENTS_MAX, "1000",
     .offset = AT(limits.recipients),
     .doc = "Recipients that a message may have."},
    {CONF_LIMITS, "commands", CONF_KIND_NUMBER, 1, COUNT_MAX, "1000",
     .offset = AT(limits.commands),
     .doc = "Commands that a session may have."},
    {CONF_LIMITS, "errors", CONF_KIND_NUMBER, 1, COUNT_MAX, "20", .offset = AT(limits.errors),
     .doc = "Commands answered 5xx that a session may have."},
    {CONF_LIMITS, "line-length", CONF_KIND_SIZE32, 512, 12 * KIB, "2048",
     .offset = AT(limits.line_length),
     .doc = "Bytes that a command line may have, its line end included."},
    {CONF_LIMITS, "dialogue", CONF_KIND_SIZE32, 0, DIALOGUE_MAX, "32k",
     .offset = AT(limits.dialogue),
     .doc = "Bytes of the dialogue that are kept in the record of a session."},

    {CONF_SMTP, "banner-delay", CONF_KIND_DURATION, 0, 5 * MINUTE, "0s",
     .offset = AT(smtp.banner_delay_us),
     .doc = "How long the greeting waits, to see who speaks before it."},
    {CONF_SMTP, "early-talk", CONF_KIND_CHOICE, .def = "accept", .words = policy_words,
     .offset = AT(smtp.early_talk),
     .doc = "What becomes of clients that speak before the greeting. It is recorded in any case."},
    {CONF_SMTP, "pipelining-early", CONF_KIND_CHOICE, .def = "accept", .words = policy_words,
     .offset = AT(smtp.pipelining_early),
     .doc = "What becomes of clients that send commands together before PIPELINING was offered. "
            "It is recorded in any case."},
    {CONF_SMTP, "extensions", CONF_KIND_SET,
     .def = "size pipelining 8bitmime smtputf8 chunking enhancedstatuscodes dsn starttls auth",
     .words = extension_words, .offset = AT(smtp.extensions),
     .doc = "The extensions that EHLO offers. Those left out are unknown commands and parameters."},

    {CONF_AUTH, "mechanisms", CONF_KIND_SET, .def = "plain login", .words = mechanism_words,
     .offset = AT(auth.mechanisms),
     .doc = "The mechanisms that AUTH offers."},
    {CONF_AUTH, "verdict", CONF_KIND_CHOICE, .def = "refuse", .words = verdict_words,
     .offset = AT(auth.verdict),
     .doc = "The answer to every attempt. All attempts are recorded."},
    {CONF_AUTH, "auth-secrets", CONF_KIND_SWITCH, .def = "no", .words = yes_words,
     .offset = AT(auth.auth_secrets),
     .doc = "Whether passwords are recorded too."},

    {CONF_LOG, "directory", CONF_KIND_PATH, 1, PATH_BYTES_MAX, "/var/log/smtptrap",
     .offset = AT(log.directory),
     .doc = "Where the logs are written."},
    {CONF_LOG, "rotate-size", CONF_KIND_SIZE, 64 * KIB, 64 * GIB, "64m",
     .offset = AT(log.rotate_size),
     .doc = "Bytes, compressed, after which a file is finished and a new one begun."},
    {CONF_LOG, "rotate-age", CONF_KIND_DURATION, SECOND, 30 * DAY, "1h",
     .offset = AT(log.rotate_age_us),
     .doc = "The age at which a file is finished and a new one begun."},
    {CONF_LOG, "keep", CONF_KIND_SIZE, 0, PIB, "20g", .offset = AT(log.keep),
     .doc = "Bytes of finished files that are kept; the oldest go first. 0 is no limit."},
    {CONF_LOG, "keep-age", CONF_KIND_DURATION, 0, 100 * YEAR, "90d",
     .offset = AT(log.keep_age_us),
     .doc = "The age at which finished files are removed. 0 is no limit."},
    {CONF_LOG, "keep-free", CONF_KIND_SIZE, 0, PIB, "0", .offset = AT(log.keep_free),
     .doc = "Bytes of the disk that are kept free by removing the oldest finished files. 0 "
            "removes none."},
    {CONF_LOG, "reserve", CONF_KIND_SIZE, 0, PIB, "1g", .offset = AT(log.reserve),
     .doc = "Free bytes of the disk below which messages are answered 452 until there is room "
            "again."},
    {CONF_LOG, "durability", CONF_KIND_CHOICE, .def = "fsync", .words = durability_words,
     .offset = AT(log.durability),
     .doc = "Whether a message is on disk before it is acknowledged (fsync), or perhaps later "
            "(none)."},
    {CONF_LOG, "compression", CONF_KIND_NUMBER, 1, 9, "3", .offset = AT(log.compression),
     .doc = "The level of compression: 1 is fast, 9 is small."},
};
/* clang-format on */
const size_t conf_rows_count = sizeof conf_rows / sizeof *conf_rows;
_Static_assert(sizeof conf_rows / sizeof *conf_rows <= CONF_ROWS_MAX, "CONF_ROWS_MAX is too small");

const char *conf_block_name(enum conf_block block)
{
	return block_names[block];
}

enum conf_block conf_block_find(const struct conf_word *word)
{
	for (unsigned b = CONF_TOP + 1; b < CONF_BLOCK_COUNT; b++)
		if (conf_word_is(word, block_names[b]))
			return (enum conf_block)b;
	return CONF_BLOCK_COUNT;
}

const struct conf_row *conf_row_find(enum conf_block block, const struct conf_word *word)
{
	for (size_t i = 0; i < conf_rows_count; i++)
		if (conf_rows[i].block == block && conf_word_is(word, conf_rows[i].key))
			return &conf_rows[i];
	return NULL;
}
