/*
 * conf_schema.c: the table of all keys of smtptrap.conf.
 *
 * The one place where a key has its type, limits, default and documentation.  conf_block.c
 * reads files by it, and smtptrap.conf(5) is checked against it by t/unit/conf_doc.t.
 */
#include "conf_schema.h"

#include <string.h>

#include "address_table.h"
#include "unit.h"

#define WORKERS_MAX 20000        /* what one machine can hold; the board has a slot for each */
#define COUNT_MAX 1000000000     /* as good as no limit */
#define STORE_INDEX_MAX 50000000 /* 5 GB of memory */
#define RUN_DIRECTORY_MAX 80     /* a socket's name must fit sun_path, unix(7) */
#define PATH_BYTES_MAX 4000      /* below PATH_MAX with a file name behind */
#define BANNER_MAX 200           /* with the host name below 512, RFC 5321, 4.5.3.1.5 */
#define RECIPIENTS_MAX 4000      /* at 188 bytes each they fill an envelope, SESSION_ENVELOPE */
#define DIALOGUE_MAX (512 * KIB) /* half of a record */
#define WEIGHT_MAX 1000000       /* parts in a million are finer than any trap can measure */
#define EXPERIMENT_KEY_MIN 16    /* below, it could be guessed */
#define EXPERIMENT_KEY_MAX 255

#define AT(member) offsetof(struct conf, member)
#define OF_LISTEN(member) offsetof(struct conf_listen, member)
#define OF_IDENTITY(member) offsetof(struct conf_identity, member)
#define OF_PROFILE(member) offsetof(struct conf_profile, member)
#define OF_ARM(member) offsetof(struct conf_arm, member)

static const char *const sandbox_words[] = {"strict", "best-effort", NULL};
static const char *const strictness_words[] = {"lenient", "normal", "strict", NULL};
static const char *const tls_mode_words[] = {"starttls", "implicit", "off", NULL};
static const char *const tls_version_words[] = {"ssl3",   "tls1.0", "tls1.1",
						"tls1.2", "tls1.3", NULL};
static const char *const request_words[] = {"off", "request", NULL};
static const char *const ciphers_words[] = {"all", "modern", NULL};
static const char *const key_type_words[] = {"any", "rsa", "ecdsa", NULL};
static const char *const yes_words[] = {"no", "yes", NULL};
static const char *const policy_words[] = {"accept", "reject", NULL};
static const char *const verdict_words[] = {"refuse", "accept", NULL};
static const char *const store_words[] = {"all", "unique", "unique-body", NULL};
static const char *const durability_words[] = {"fsync", "none", NULL};
static const char *const hello_words[] = {"none", "fingerprint", "lists", "full", NULL};
/* Without connect, where all have got, and in the order of enum smtp_phase. */
static const char *const phase_words[] = {"helo", "mail", "rcpt", "data", "message", NULL};
static const char *const mechanism_words[] = {"plain", "login", NULL};
static const char *const extension_words[] = {
    "size", "pipelining", "8bitmime", "smtputf8", "chunking", "enhancedstatuscodes",
    "dsn",  "starttls",   "auth",     NULL};
static const char *const ehlo_words[] = {
    "size", "pipelining", "8bitmime",  "smtputf8",   "chunking", "enhancedstatuscodes",
    "dsn",  "starttls",   "auth",      "binarymime", "vrfy",     "expn",
    "etrn", "help",       "deliverby", NULL};
_Static_assert(sizeof ehlo_words / sizeof *ehlo_words == CONF_EHLO_COUNT + 1, "words of EHLO");
static const char *const looks_words[] = {"none", "postfix", "exim", "sendmail", "exchange", NULL};

const struct conf_block_row conf_blocks[CONF_BLOCK_COUNT] = {
    [CONF_TOP] = {.name = ""},
    [CONF_LISTEN] = {.name = "listen",
		     .max = CONF_LISTEN_MAX,
		     .bytes = sizeof(struct conf_listen),
		     .offset = AT(listen),
		     .count_offset = AT(nlisten)},
    [CONF_IDENTITY] = {.name = "identity",
		       .max = CONF_IDENTITY_MAX,
		       .bytes = sizeof(struct conf_identity),
		       .offset = AT(identity),
		       .count_offset = AT(nidentity)},
    [CONF_TLS] = {.name = "tls"},
    [CONF_PROFILE] = {.name = "profile",
		      .outer = CONF_TLS,
		      .named = true,
		      .max = CONF_PROFILE_MAX,
		      .bytes = sizeof(struct conf_profile),
		      .offset = AT(tls.profile),
		      .count_offset = AT(tls.nprofile)},
    [CONF_EXPERIMENT] = {.name = "experiment", .outer = CONF_TLS},
    [CONF_ARM] = {.name = "arm",
		  .outer = CONF_EXPERIMENT,
		  .named = true,
		  .max = CONF_ARM_MAX,
		  .bytes = sizeof(struct conf_arm),
		  .offset = AT(tls.experiment.arm),
		  .count_offset = AT(tls.experiment.narm)},
    [CONF_WORKERS] = {.name = "workers"},
    [CONF_LIMITS] = {.name = "limits"},
    [CONF_SMTP] = {.name = "smtp"},
    [CONF_AUTH] = {.name = "auth"},
    [CONF_DNS] = {.name = "dns"},
    [CONF_LOG] = {.name = "log"},
    [CONF_MEMORY] = {.name = "memory"},
    [CONF_YAKKERS] = {.name = "yakkers"},
    [CONF_RULES] = {.name = "rules"},
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
            "not there (off). With implicit the tls block must have a certificate."},
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
    {CONF_LISTEN, "tcp-syn", CONF_KIND_SWITCH, .def = "yes", .words = yes_words,
     .offset = OF_LISTEN(tcp_syn),
     .doc = "Whether the SYN that opened a connection is recorded."},
    {CONF_LISTEN, "experiment", CONF_KIND_SWITCH, .def = "yes", .words = yes_words,
     .offset = OF_LISTEN(experiment),
     .doc = "Whether clients of this listener take part in the experiment, if there is one and the "
            "listener has TLS."},

    {CONF_IDENTITY, "name", CONF_KIND_TEXT, 1, CONF_NAME_MAX, NULL, "its host name",
     .offset = OF_IDENTITY(name),
     .doc = "What records call this identity. No two have the same name."},
    {CONF_IDENTITY, "local", CONF_KIND_NETS, .otherwise = "every address",
     .offset = OF_IDENTITY(local), .count_offset = OF_IDENTITY(nlocal),
     .doc = "The addresses and networks of this machine where it holds: what the client reached, "
            "or what a PROXY header says it did."},
    {CONF_IDENTITY, "port", CONF_KIND_PORT, 1, 65535, .otherwise = "every port",
     .offset = OF_IDENTITY(port),
     .doc = "The only port where it holds."},
    {CONF_IDENTITY, "listener", CONF_KIND_TEXT, 1, CONF_NAME_MAX, NULL, "every listener",
     .offset = OF_IDENTITY(listener),
     .doc = "The name of the only listener where it holds."},
    {CONF_IDENTITY, "hostname", CONF_KIND_NAME, 1, 255, NULL, "as outside",
     .offset = OF_IDENTITY(hostname),
     .doc = "The name by which it greets, in replies and in the Received header of mail."},
    {CONF_IDENTITY, "looks-like", CONF_KIND_CHOICE, .otherwise = "none", .words = looks_words,
     .offset = OF_IDENTITY(looks_like),
     .doc = "The mail server in whose words it speaks: greeting, the lines of EHLO, and the "
            "commonest replies. See IDENTITIES."},
    {CONF_IDENTITY, "banner", CONF_KIND_TEXT, 0, BANNER_MAX, NULL,
     "that of looks-like, or as outside", .offset = OF_IDENTITY(banner),
     .doc = "The text behind the host name in the greeting; may be empty."},
    {CONF_IDENTITY, "extensions", CONF_KIND_WORDS, .otherwise = "those of looks-like that the smtp block has too, or as there",
     .words = ehlo_words, .offset = OF_IDENTITY(ehlo), .count_offset = OF_IDENTITY(nehlo),
     .doc = "What EHLO offers, in this order. The last five words are lines and nothing more: "
            "what they name is not there."},
    {CONF_IDENTITY, "certificate", CONF_KIND_CERTIFICATE, 1, PATH_BYTES_MAX,
     .otherwise = "those of the tls block", .offset = OF_IDENTITY(pair),
     .count_offset = OF_IDENTITY(npair),
     .doc = "A PEM file with a certificate and its chain, as in the tls block, which must have "
            "one too. Its key follows. A profile with certificates of its own keeps those."},
    {CONF_IDENTITY, "key", CONF_KIND_KEY, 1, PATH_BYTES_MAX, .otherwise = "none",
     .offset = OF_IDENTITY(pair), .count_offset = OF_IDENTITY(npair),
     .doc = "The PEM file with the private key of the certificate before it."},

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

    {CONF_PROFILE, "offer", CONF_KIND_SWITCH, .otherwise = "yes", .words = yes_words,
     .offset = OF_PROFILE(offer),
     .doc = "Whether STARTTLS is offered at all."},
    {CONF_PROFILE, "certificate", CONF_KIND_CERTIFICATE, 1, PATH_BYTES_MAX,
     .otherwise = "those of tls", .offset = OF_PROFILE(pair), .count_offset = OF_PROFILE(npair),
     .doc = "Certificates in place of those of the tls block, each with its key behind it. A key "
            "file may serve several certificates of the same key."},
    {CONF_PROFILE, "key", CONF_KIND_KEY, 1, PATH_BYTES_MAX, .otherwise = "those of tls",
     .offset = OF_PROFILE(pair), .count_offset = OF_PROFILE(npair),
     .doc = "The PEM file with the private key of the certificate before it."},
    {CONF_PROFILE, "key-type", CONF_KIND_CHOICE, .otherwise = "any", .words = key_type_words,
     .offset = OF_PROFILE(key_type),
     .doc = "Which of the certificates are served: all, or those with keys of one type. There must "
            "be one."},
    {CONF_PROFILE, "minimum", CONF_KIND_CHOICE, .otherwise = "that of tls",
     .words = tls_version_words, .offset = OF_PROFILE(minimum),
     .doc = "The lowest version that is accepted."},
    {CONF_PROFILE, "maximum", CONF_KIND_CHOICE, .otherwise = "tls1.3", .words = tls_version_words,
     .offset = OF_PROFILE(maximum),
     .doc = "The highest version that is accepted."},
    {CONF_PROFILE, "ciphers", CONF_KIND_CHOICE, .otherwise = "all", .words = ciphers_words,
     .offset = OF_PROFILE(ciphers),
     .doc = "The cipher suites: all that there are, or those with AEAD and ECDHE, with groups "
            "x25519, secp256r1 and secp384r1, and signatures by SHA-2 (modern)."},
    {CONF_PROFILE, "priority", CONF_KIND_TEXT, 0, PATH_BYTES_MAX, .otherwise = "that of tls",
     .offset = OF_PROFILE(priority),
     .doc = "A GnuTLS priority string. It stands instead of minimum, maximum and ciphers; a "
            "profile that names one of these does not take the priority of the tls block."},
    {CONF_PROFILE, "client-certificate", CONF_KIND_SWITCH, .otherwise = "that of tls",
     .words = request_words, .offset = OF_PROFILE(client_certificate),
     .doc = "Whether clients are asked for a certificate."},
    {CONF_PROFILE, "tickets", CONF_KIND_SWITCH, .otherwise = "that of tls", .words = yes_words,
     .offset = OF_PROFILE(tickets),
     .doc = "Whether sessions can be resumed by tickets. Those of one profile are worth nothing "
            "under another."},

    {CONF_EXPERIMENT, "key", CONF_KIND_TEXT, EXPERIMENT_KEY_MIN, EXPERIMENT_KEY_MAX,
     .offset = AT(tls.experiment.key),
     .doc = "The secret by which addresses are spread over the arms. The same key, names and "
            "weights give the same arms for ever; another key is another experiment."},
    {CONF_EXPERIMENT, "ipv4-prefix", CONF_KIND_NUMBER, 8, 32, "32",
     .offset = AT(tls.experiment.ipv4_prefix),
     .doc = "The bits of an IPv4 address that count: addresses equal in these have the same arm."},
    {CONF_EXPERIMENT, "ipv6-prefix", CONF_KIND_NUMBER, 16, 128, "64",
     .offset = AT(tls.experiment.ipv6_prefix),
     .doc = "The bits of an IPv6 address that count. A host usually has all addresses of a /64."},

    {CONF_ARM, "weight", CONF_KIND_NUMBER, 1, WEIGHT_MAX, .offset = OF_ARM(weight),
     .doc = "The arm's share of the addresses is its weight out of the sum of all weights."},
    {CONF_ARM, "profile", CONF_KIND_NAME, 1, CONF_NAME_MAX, .otherwise = "the arm's name",
     .offset = OF_ARM(profile),
     .doc = "The profile by which these addresses are served, a block or one that is built in."},

    {CONF_WORKERS, "spare-min", CONF_KIND_NUMBER, 1, WORKERS_MAX, "8",
     .offset = AT(workers.spare_min),
     .doc = "Idle workers that there are at least."},
    {CONF_WORKERS, "spare-max", CONF_KIND_NUMBER, 1, WORKERS_MAX, "32",
     .offset = AT(workers.spare_max),
     .doc = "Idle workers that there are at most. Not less than spare-min."},
    {CONF_WORKERS, "max", CONF_KIND_NUMBER, 1, WORKERS_MAX, "512", .offset = AT(workers.max),
     .doc = "Workers in all, and so sessions at a time. Not less than spare-max."},
    {CONF_WORKERS, "max-per-address", CONF_KIND_NUMBER, 0, WORKERS_MAX, "0",
     .offset = AT(workers.max_per_address),
     .doc = "Sessions at a time of one client address, or of one IPv6 /64. Those beyond get 421 "
            "instead of a greeting. 0: no limit."},
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
    {CONF_LIMITS, "commands", CONF_KIND_NUMBER, 1, COUNT_MAX, "10000",
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
    {CONF_SMTP, "dialect", CONF_KIND_SWITCH, .def = "yes", .words = yes_words,
     .offset = AT(smtp.dialect),
     .doc = "Whether the dialect of SMTP that a client speaks is recorded."},

    {CONF_AUTH, "mechanisms", CONF_KIND_SET, .def = "plain login", .words = mechanism_words,
     .offset = AT(auth.mechanisms),
     .doc = "The mechanisms that AUTH offers."},
    {CONF_AUTH, "verdict", CONF_KIND_CHOICE, .def = "refuse", .words = verdict_words,
     .offset = AT(auth.verdict),
     .doc = "The answer to every attempt. All attempts are recorded."},
    {CONF_AUTH, "auth-secrets", CONF_KIND_SWITCH, .def = "no", .words = yes_words,
     .offset = AT(auth.auth_secrets),
     .doc = "Whether passwords are recorded too."},

    {CONF_DNS, "server", CONF_KIND_SERVERS, .otherwise = "none", .offset = AT(dns.server),
     .count_offset = AT(dns.nserver),
     .doc = "The DNS servers that are asked, up to 8, as ADDRESS, ADDRESS:PORT or "
            "\"[ADDRESS]:PORT\"; system stands for those of /etc/resolv.conf when the trap "
            "starts. They resolve recursively. Without a server there is no DNS."},
    {CONF_DNS, "reverse", CONF_KIND_SWITCH, .def = "yes", .words = yes_words,
     .offset = AT(dns.reverse),
     .doc = "Whether the names of each client are looked up, and their addresses."},
    {CONF_DNS, "sender", CONF_KIND_SWITCH, .def = "yes", .words = yes_words,
     .offset = AT(dns.sender),
     .doc = "Whether it is looked up where mail to the domain of a reverse-path would go."},
    {CONF_DNS, "dnsbl", CONF_KIND_ZONES, .otherwise = "none", .offset = AT(dns.dnsbl),
     .count_offset = AT(dns.ndnsbl),
     .doc = "Lists of addresses (RFC 5782), up to 16, where each client is looked up."},
    {CONF_DNS, "dbl", CONF_KIND_ZONES, .otherwise = "none", .offset = AT(dns.dbl),
     .count_offset = AT(dns.ndbl),
     .doc = "Lists of names, up to 16, where the name of each HELO or EHLO and the domain of "
            "each reverse-path are looked up."},
    {CONF_DNS, "banner-waits", CONF_KIND_SWITCH, .def = "no", .words = yes_words,
     .offset = AT(dns.banner_waits),
     .doc = "Whether the greeting waits for the look-ups of the client's address, so that the "
            "records of all its messages have them."},
    {CONF_DNS, "timeout", CONF_KIND_DURATION, 10 * MILLISECOND, MINUTE, "2s",
     .offset = AT(dns.timeout_us),
     .doc = "How long the answer to a look-up is waited for, from when it was asked."},
    {CONF_DNS, "session-wait", CONF_KIND_DURATION, 0, 5 * MINUTE, "5s",
     .offset = AT(dns.session_wait_us),
     .doc = "How long a session waits for look-ups in all. What is not there then is unknown."},
    {CONF_DNS, "cache", CONF_KIND_NUMBER, 0, 10000000, "50000", .offset = AT(dns.cache),
     .doc = "Answers that are kept until their time to live is over."},
    {CONF_DNS, "ttl-min", CONF_KIND_DURATION, 0, DAY, "30s", .offset = AT(dns.ttl_min_us),
     .doc = "Answers are kept at least so long, negative ones too."},
    {CONF_DNS, "ttl-max", CONF_KIND_DURATION, SECOND, 7 * DAY, "3h", .offset = AT(dns.ttl_max_us),
     .doc = "Answers are kept at most so long. Not less than ttl-min."},

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
     .doc = "The level of compression: 1 is fast, 9 is small. Where the trap was built with ISA-L, it writes "
            "levels 1 to 3, all alike, in half the time."},
    {CONF_LOG, "hello", CONF_KIND_CHOICE, .def = "full", .words = hello_words,
     .offset = AT(log.hello),
     .doc = "How much of each ClientHello is recorded: its versions and fingerprints "
            "(fingerprint), also its lists in hexadecimal (lists), also their names (full), or "
            "nothing but its form (none)."},
    {CONF_LOG, "store", CONF_KIND_CHOICE, .def = "all", .words = store_words,
     .offset = AT(log.store),
     .doc = "Whether the bytes of every message are stored (all), or those of a copy only once: of "
            "messages that are equal in all bytes (unique), or in their bodies, which then have "
            "their headers alone (unique-body)."},
    {CONF_LOG, "store-index", CONF_KIND_NUMBER, 1, STORE_INDEX_MAX, "1000000",
     .offset = AT(log.store_index),
     .doc = "Stored messages whose copies are known. When there are more, the one that was stored "
            "first is forgotten."},

    {CONF_MEMORY, "addresses", CONF_KIND_NUMBER, ADDRESS_MIN, ADDRESS_MAX, "65536",
     .offset = AT(memory.addresses),
     .doc = "Addresses that are remembered at most; an IPv6 address stands for its /64. Each "
            "takes 36.6 bytes of memory, shared by all processes, and 32 bytes on disk."},
    {CONF_MEMORY, "save", CONF_KIND_DURATION, SECOND, DAY, "1m", .offset = AT(memory.save_us),
     .doc = "How often the memory is written to the log directory, if it has changed. It is "
            "written when the trap stops, too; what was learnt since then is lost when all of it "
            "is killed."},
    {CONF_MEMORY, "tls-failures", CONF_KIND_NUMBER, 0, ADDRESS_FAILURES_MAX, "2",
     .offset = AT(memory.tls_failures),
     .doc = "Failed handshakes after which an address is not offered STARTTLS. With fewer, and at "
            "least one, it is not asked for a certificate. 0 remembers no failures."},
    {CONF_MEMORY, "tls-within", CONF_KIND_DURATION, SECOND, YEAR, "72h",
     .offset = AT(memory.tls_within_us),
     .doc = "How long after its last failed handshake an address is remembered. Failures that "
            "are further apart are not counted together."},
    {CONF_MEMORY, "tls-forgive", CONF_KIND_SWITCH, .def = "yes", .words = yes_words,
     .offset = AT(memory.tls_forgive),
     .doc = "Whether a handshake that goes well clears the failures of its address."},

    {CONF_YAKKERS, "count", CONF_KIND_NUMBER, 0, ADDRESS_IDLE_MAX, "0",
     .offset = AT(yakkers.count),
     .doc = "Sessions without progress that make an address a yakker. 0 makes none; rules still "
            "may."},
    {CONF_YAKKERS, "within", CONF_KIND_DURATION, SECOND, YEAR, "8h",
     .offset = AT(yakkers.within_us),
     .doc = "The time in which these sessions come, counted from the first of them; and how long "
            "an address then is a yakker, before it has another chance."},
    {CONF_YAKKERS, "phase", CONF_KIND_CHOICE, .def = "mail", .words = phase_words,
     .offset = AT(yakkers.phase),
     .doc = "The phase that a session must get to, as in its record, so that it is progress."},
    {CONF_YAKKERS, "stall", CONF_KIND_SWITCH, .def = "yes", .words = yes_words,
     .offset = AT(yakkers.stall),
     .doc = "Whether a yakker is greeted with 421 and let go. With no, it is served as others "
            "are, only as slowly as delay and slow say, and can show that it does something."},
    {CONF_YAKKERS, "delay", CONF_KIND_DURATION, 0, 5 * MINUTE, "0s", .offset = AT(yakkers.delay_us),
     .doc = "How long a yakker waits for its greeting. It holds a worker for so long."},
    {CONF_YAKKERS, "slow", CONF_KIND_NUMBER, 0, YAKKER_SLOW_MAX, "0", .offset = AT(yakkers.slow),
     .doc = "Bytes a second at which a yakker is sent its replies; 0 is at once. It holds a "
            "worker for so long."},
    {CONF_YAKKERS, "summary", CONF_KIND_DURATION, SECOND, DAY, "1h",
     .offset = AT(yakkers.summary_us),
     .doc = "How long sessions of a yakker are counted at most before a record says how many "
            "they were."},
};
/* clang-format on */
const size_t conf_rows_count = sizeof conf_rows / sizeof *conf_rows;
_Static_assert(sizeof conf_rows / sizeof *conf_rows <= CONF_ROWS_MAX, "CONF_ROWS_MAX is too small");

const char *conf_block_name(enum conf_block block)
{
	return conf_blocks[block].name;
}

enum conf_block conf_block_find(enum conf_block outer, const struct conf_word *word)
{
	for (unsigned b = CONF_TOP + 1; b < CONF_BLOCK_COUNT; b++)
		if (conf_blocks[b].outer == outer && conf_word_is(word, conf_blocks[b].name))
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
