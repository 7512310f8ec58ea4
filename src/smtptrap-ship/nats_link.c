/*
 * nats_link.c: connect to the NATS servers of the configuration.
 *
 * Run by smtptrap-ship for its output and for --setup and --fetch.  Input: the configuration, the
 * files of certificates and the file of credentials that it names; the last is read at each
 * connect, so a new password needs no restart.  Errors are told to the caller as text.  It trusts
 * the files; of the servers nothing but what TLS proves.
 *
 * A file of credentials is one of:
 *     what nsc makes (a JWT and a seed between lines of dashes);
 *     two lines "user NAME" and "password TEXT";
 *     two lines "nkey PUBLIC" and the seed.
 * A name or password with a quote or a backslash in it is refused.
 */
#include "nats_link.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "output.h"

#define CREDENTIALS_MAX 16384  /* bytes of the file; a JWT with many permissions has a few KiB */
#define PING_INTERVAL_MS 10000 /* a server that vanished is noticed after two of these */
#define PINGS_OUT 2
#define CLOSE_MAX_MS 5000

void nats_link_why(struct buf *why, const char *what, natsStatus status)
{
	natsStatus last = NATS_OK;
	const char *text = nats_GetLastError(&last);

	if (text == NULL || last != status || text[0] == '\0')
		text = natsStatus_GetText(status);
	buf_printf(why, "%s: %s", what, text);
}

int nats_subject(char subject_r[NATS_SUBJECT_MAX], const struct ship_conf *conf, const char *sensor,
		 const char *type)
{
	int len = sensor == NULL ? snprintf(subject_r, NATS_SUBJECT_MAX, "%s.>", conf->nats.subject)
				 : snprintf(subject_r, NATS_SUBJECT_MAX, "%s.%s.%s",
					    conf->nats.subject, sensor, type);

	return len < 0 || len >= NATS_SUBJECT_MAX ? ERR_FULL : 0;
}

/* ---- credentials ---- */

/* The rest of the line of text that begins with the word, ended; NULL if there is none. */
static char *line_of(char *text, const char *word)
{
	size_t len = strlen(word);

	for (char *p = text; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, word, len) == 0 && p[len] == ' ')
			return p + len + 1;
	}
	return NULL;
}

/* End the line.  False if it has what libnats 3.4.1 would put unescaped into its JSON. */
static bool end_line(char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
	return strpbrk(line, "\"\\") == NULL;
}

static natsStatus take_credentials(natsOptions *o, const char *path, char *text)
{
	char *user = line_of(text, "user"), *password = line_of(text, "password");
	char *nkey = line_of(text, "nkey");

	if (nkey != NULL)
		return end_line(nkey) ? natsOptions_SetNKeyFromSeed(o, nkey, path)
				      : NATS_INVALID_ARG;
	if (user == NULL || password == NULL)
		return natsOptions_SetUserCredentialsFromFiles(o, path, NULL);
	bool good = end_line(user);
	return end_line(password) && good ? natsOptions_SetUserInfo(o, user, password)
					  : NATS_INVALID_ARG;
}

static int set_credentials(natsOptions *o, const char *path, struct buf *why)
{
	char text[CREDENTIALS_MAX];
	FILE *f = fopen(path, "re");
	size_t len = f != NULL ? fread(text, 1, sizeof text, f) : 0;
	bool bad = f == NULL || ferror(f) != 0;

	if (bad)
		buf_printf(why, "%s: %m", path);
	else if (len == sizeof text)
		buf_printf(why, "%s: longer than %d bytes", path, CREDENTIALS_MAX - 1);
	if (f != NULL)
		fclose(f);
	int rc = SHIP_NEVER;
	if (!bad && len < sizeof text) {
		text[len] = '\0';
		natsStatus s = take_credentials(o, path, text);
		rc = s == NATS_OK ? SHIP_TAKEN : SHIP_NEVER;
		if (s != NATS_OK)
			nats_link_why(why, path, s);
	}
	explicit_bzero(text, sizeof text);
	return rc;
}

/* ---- TLS ---- */

static bool wants_tls(const struct ship_conf *conf)
{
	bool tls = conf->nats.ca[0] != '\0' || conf->nats.certificate[0] != '\0';

	for (size_t i = 0; i < conf->nats.nserver; i++)
		tls |= strncmp(conf->nats.server[i], "tls://", 6) == 0;
	return tls;
}

static int set_tls(natsOptions *o, const struct ship_conf *conf, struct buf *why)
{
	natsStatus s = natsOptions_SetSecure(o, true);
	const char *what = "TLS";

	if (s == NATS_OK && conf->nats.ca[0] != '\0') {
		what = conf->nats.ca;
		s = natsOptions_LoadCATrustedCertificates(o, what);
	}
	if (s == NATS_OK && conf->nats.certificate[0] != '\0') {
		what = conf->nats.certificate;
		s = natsOptions_LoadCertificatesChain(o, what, conf->nats.key);
	}
	if (s != NATS_OK)
		nats_link_why(why, what, s);
	return s == NATS_OK ? SHIP_TAKEN : SHIP_NEVER;
}

/* ---- events ---- */

static void on_closed(natsConnection *nc, void *closure)
{
	const struct nats_link_events *events = closure;

	(void)nc;
	events->closed(events->ctx);
}

static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *closure)
{
	const struct nats_link_events *events = closure;
	const char *text = NULL;

	(void)sub;
	if (natsConnection_GetLastError(nc, &text) == NATS_OK || text == NULL)
		text = natsStatus_GetText(status);
	events->refused(events->ctx, text);
}

/* ---- the connection ---- */

/* Each client has inboxes of its own (_INBOX.SENSOR.*), so that it need not be allowed to read the
 * others'.  A connection that is lost is closed: the callers connect again. */
static natsStatus set_plain(natsOptions *o, const struct ship_conf *conf,
			    const struct nats_link_events *events)
{
	const char *servers[SHIP_SERVERS_MAX];
	char inbox[NATS_SUBJECT_MAX];
	int64_t connect_ms = (int64_t)(conf->nats.connect_timeout_us / 1000);
	int64_t ack_ms = (int64_t)(conf->nats.ack_timeout_us / 1000);
	const void *ctx = events;
	natsStatus s;

	for (size_t i = 0; i < conf->nats.nserver; i++)
		servers[i] = conf->nats.server[i];
	snprintf(inbox, sizeof inbox, "_INBOX.%s", conf->sensor);
	if ((s = natsOptions_SetServers(o, servers, (int)conf->nats.nserver)) == NATS_OK &&
	    (s = natsOptions_SetCustomInboxPrefix(o, inbox)) == NATS_OK &&
	    (s = natsOptions_SetName(o, "smtptrap-ship")) == NATS_OK &&
	    (s = natsOptions_SetTimeout(o, connect_ms)) == NATS_OK &&
	    (s = natsOptions_SetPingInterval(o, PING_INTERVAL_MS)) == NATS_OK &&
	    (s = natsOptions_SetMaxPingsOut(o, PINGS_OUT)) == NATS_OK &&
	    (s = natsOptions_SetWriteDeadline(o, ack_ms)) == NATS_OK &&
	    (s = natsOptions_SetAllowReconnect(o, false)) == NATS_OK &&
	    (s = natsOptions_SetClosedCB(o, on_closed, (void *)ctx)) == NATS_OK)
		s = natsOptions_SetErrorHandler(o, on_error, (void *)ctx);
	return s;
}

static int connect_with(struct nats_link *link, natsOptions *o, jsOptions *js_options,
			struct buf *why)
{
	link->status = natsConnection_Connect(&link->nc, o);
	if (link->status != NATS_OK) {
		nats_link_why(why, "cannot connect to any server", link->status);
		return SHIP_TROUBLE;
	}
	link->status = natsConnection_JetStream(&link->js, link->nc, js_options);
	if (link->status == NATS_OK)
		return SHIP_TAKEN;
	nats_link_why(why, "JetStream", link->status);
	return SHIP_TROUBLE;
}

int nats_link_open(struct nats_link *link, const struct ship_conf *conf,
		   const struct nats_link_events *events, jsOptions *js_options, struct buf *why)
{
	natsOptions *o = NULL;
	int rc = SHIP_NEVER;

	*link = (struct nats_link){0};
	if ((link->status = natsOptions_Create(&o)) != NATS_OK ||
	    (link->status = set_plain(o, conf, events)) != NATS_OK) {
		nats_link_why(why, "the servers of the configuration", link->status);
		goto out;
	}
	if (wants_tls(conf) && (rc = set_tls(o, conf, why)) != SHIP_TAKEN)
		goto out;
	if (conf->nats.credentials[0] != '\0' &&
	    (rc = set_credentials(o, conf->nats.credentials, why)) != SHIP_TAKEN)
		goto out;
	rc = connect_with(link, o, js_options, why);
out:
	natsOptions_Destroy(o);
	return rc;
}

/* What was published and not acknowledged is the library's; it is not freed with the context.
 * libnats 3.4.1 must not be asked for it before the first publish. */
static void drop_pending(const struct nats_link *link)
{
	natsMsgList pending = {0};

	if (link->published && js_PublishAsyncGetPendingList(&pending, link->js) == NATS_OK)
		natsMsgList_Destroy(&pending);
}

void nats_link_close(struct nats_link *link)
{
	natsConnection_Close(link->nc);
	drop_pending(link);
	jsCtx_Destroy(link->js);
	natsConnection_Destroy(link->nc);
	*link = (struct nats_link){0};
}

void nats_link_end(void)
{
	(void)nats_CloseAndWait(CLOSE_MAX_MS);
}
