/*
 * Handshakes with real clients: OpenSSL, GnuTLS and NSS, in all versions, with and without
 * certificates, and what is recorded of each.
 */
#include "../lib-c/tls_lab.h"
#include "../tap.h"
#include "config.h"

/* Client certificates: by an authority nobody knows, with other dates, self-signed, broken. */
static const char client_certificates[] =
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    " -keyout ca.key -out ca.pem -days 30 -subj /CN=test-ca;"
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out c.key;"
    "make() { printf 'cn = \"client %s\"\\norganization = \"ACME\"\\nactivation_date = \"%s\"\\n"
    "expiration_date = \"%s\"\\nsigning_key\\n%s\\n' $1 \"$2\" \"$3\" $4 >$1.t;"
    " certtool --generate-certificate --load-privkey c.key --load-ca-certificate ca.pem"
    " --load-ca-privkey ca.key --template $1.t --outfile $1.pem; };"
    "make valid '2020-01-02 03:04:05 UTC' '2090-01-01 00:00:00 UTC' tls_www_client &&"
    "make expired '2001-01-01 00:00:00 UTC' '2002-01-01 00:00:00 UTC' tls_www_client &&"
    "make future '2080-01-01 00:00:00 UTC' '2090-01-01 00:00:00 UTC' tls_www_client &&"
    "make server '2020-01-01 00:00:00 UTC' '2090-01-01 00:00:00 UTC' tls_www_server &&"
    "openssl req -x509 -key c.key -out self.pem -days 30 -subj /O=Self/CN=own &&"
    "openssl x509 -in self.pem -outform DER | perl -0777 -pe 'substr($_, -1) ^= \"\\1\"'"
    " | openssl x509 -inform DER -out broken.pem &&"
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout rsac.key -out rsac.pem -days 30"
    " -subj /CN=rsa-client &&"
    "openssl req -x509 -key c.key -out nosign.pem -days 30 -subj /CN=ca"
    " -addext keyUsage=critical,keyCertSign &&"
    "openssl req -x509 -key rsac.key -out encrypt.pem -days 30 -subj /CN=mail"
    " -addext keyUsage=critical,keyEncipherment";

#define IDLE_KB 256
#define S_CLIENT \
	"printf 'quit\\r\\n' | timeout 15 openssl s_client -connect 127.0.0.1:$PORT -quiet "
#define GNUTLS_CLI \
	"printf 'quit\\r\\n' | timeout 15 gnutls-cli --no-ca-verification -p $PORT 127.0.0.1 "
/* It looks whether the handshake is done (-Q) when something comes, on its input too. */
#define TSTCLNT "(sleep 0.5; echo quit) | timeout 15 tstclnt -h 127.0.0.1 -p $PORT -D -o -Q "
#define WEAK "@SECLEVEL=0' "

struct expected {
	const char *title;
	const char *command;
	enum tls_version version;
	const char *cipher;
	const char *group;
};
static const struct expected clients[] = {
    {"OpenSSL, TLS 1.3", S_CLIENT "-tls1_3", TLS_1_3, "TLS_AES_128_GCM_SHA256", "x25519"},
    {"OpenSSL, TLS 1.3, P-256 after a retry", S_CLIENT "-tls1_3 -groups X448:P-256", TLS_1_3,
     "TLS_AES_128_GCM_SHA256", "secp256r1"},
    {"OpenSSL, TLS 1.3, finite field", S_CLIENT "-tls1_3 -groups ffdhe2048", TLS_1_3,
     "TLS_AES_128_GCM_SHA256", "ffdhe2048"},
    {"OpenSSL, TLS 1.3, ChaCha20", S_CLIENT "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256",
     TLS_1_3, "TLS_CHACHA20_POLY1305_SHA256", "x25519"},
    {"OpenSSL, TLS 1.3, RSA certificate", S_CLIENT "-tls1_3 -sigalgs rsa_pss_rsae_sha256", TLS_1_3,
     "TLS_AES_128_GCM_SHA256", "x25519"},
    {"OpenSSL, TLS 1.2, ECDSA", S_CLIENT "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384", TLS_1_2,
     "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "x25519"},
    {"OpenSSL, TLS 1.2, RSA", S_CLIENT "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256", TLS_1_2,
     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "x25519"},
    {"OpenSSL, TLS 1.2, RSA signed with PKCS #1",
     S_CLIENT "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256 -sigalgs RSA+SHA256", TLS_1_2,
     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "x25519"},
    {"OpenSSL, TLS 1.2, RSA key exchange", S_CLIENT "-tls1_2 -cipher AES128-SHA", TLS_1_2,
     "TLS_RSA_WITH_AES_128_CBC_SHA", ""},
    {"OpenSSL, TLS 1.2, DHE without a named group",
     S_CLIENT "-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256 -groups X25519", TLS_1_2,
     "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "ffdhe2048"},
    {"OpenSSL, TLS 1.1, RSA", S_CLIENT "-tls1_1 -cipher 'ECDHE-RSA-AES128-SHA" WEAK, TLS_1_1,
     "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "x25519"},
    {"OpenSSL, TLS 1.1, ECDSA", S_CLIENT "-tls1_1 -cipher 'ECDHE-ECDSA-AES128-SHA" WEAK, TLS_1_1,
     "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "x25519"},
    {"OpenSSL, TLS 1.0, RSA", S_CLIENT "-tls1 -cipher 'ECDHE-RSA-AES256-SHA" WEAK, TLS_1_0,
     "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "x25519"},
    {"OpenSSL, TLS 1.0, RSA key exchange", S_CLIENT "-tls1 -cipher 'AES256-SHA" WEAK, TLS_1_0,
     "TLS_RSA_WITH_AES_256_CBC_SHA", ""},
    {"OpenSSL, TLS 1.0, DHE", S_CLIENT "-tls1 -cipher 'DHE-RSA-AES128-SHA" WEAK, TLS_1_0,
     "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "ffdhe2048"},
    {"GnuTLS, TLS 1.3", GNUTLS_CLI "--priority NORMAL:-VERS-ALL:+VERS-TLS1.3", TLS_1_3,
     "TLS_AES_128_GCM_SHA256", "x25519"},
    {"GnuTLS, TLS 1.2", GNUTLS_CLI "--priority NORMAL:-VERS-ALL:+VERS-TLS1.2", TLS_1_2,
     "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "x25519"},
    {"GnuTLS, TLS 1.0", GNUTLS_CLI "--priority LEGACY:-VERS-ALL:+VERS-TLS1.0:%COMPAT", TLS_1_0,
     "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "x25519"},
    {"NSS, TLS 1.3", TSTCLNT "-V tls1.3:tls1.3", TLS_1_3, "TLS_AES_128_GCM_SHA256", "x25519"},
    {"NSS, TLS 1.2, 3DES", TSTCLNT "-V tls1.2:tls1.2 -c :000A", TLS_1_2,
     "TLS_RSA_WITH_3DES_EDE_CBC_SHA", ""},
    {"NSS, TLS 1.0, RC4", TSTCLNT "-V tls1.0:tls1.0 -c :0005", TLS_1_0, "TLS_RSA_WITH_RC4_128_SHA",
     ""},
};

static void show(const struct lab_report *r)
{
	const struct tls_info *i = &r->info;

	printf("# outcome %s failure %s alert %d stage '%s' error '%s' version %s cipher %s group "
	       "'%s' sni '%s' format %d hello %zu got '%s' cert '%s' '%s' '%s' %d+%d calls\n",
	       tls_outcome_name(i->outcome), tls_failure_name(i->failure),
	       i->alert.seen ? i->alert.number : -1, i->stage, i->error,
	       tls_version_name(i->version), i->cipher, i->group, i->sni, i->hello_format,
	       i->hello_bytes, r->got, r->subject, r->issuer, i->cert.verify, r->receives,
	       r->sends);
}

static bool is_good(const struct lab_report *r)
{
	return r->info.outcome == TLS_NEGOTIATED && r->info.failure == TLS_FAILURE_NONE &&
	       !r->info.alert.seen && r->info.hello_format == TEE_FORMAT_TLS && r->hello_kept &&
	       r->info.handshake_us > 0;
}

static void check_clients(struct lab *lab)
{
	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
		const struct expected *e = &clients[i];
		struct lab_report r;
		bool there = lab_client(lab, &r, "%s", e->command);

		if (!ok(there && is_good(&r) && r.info.version == e->version &&
			    strcmp(r.info.cipher, e->cipher) == 0 &&
			    strcmp(r.info.group, e->group) == 0 && !r.info.cert.present,
			"%s", e->title))
			show(&r);
	}
}

static const struct {
	const char *title, *certificate, *key, *subject, *verify;
	unsigned chain;
} certificates[] = {
    {"a certificate by an unknown authority", "valid.pem", "c.key", "CN=client valid,O=ACME",
     "unknown_issuer", 1},
    {"a chain up to that authority", "valid.pem", "c.key", "CN=client valid,O=ACME",
     "unknown_issuer", 2},
    {"an expired one", "expired.pem", "c.key", "CN=client expired,O=ACME", "unknown_issuer,expired",
     1},
    {"one not yet valid", "future.pem", "c.key", "CN=client future,O=ACME",
     "unknown_issuer,not_yet_valid", 1},
    {"one of a server", "server.pem", "c.key", "CN=client server,O=ACME",
     "unknown_issuer,wrong_purpose", 1},
    {"a self-signed one", "self.pem", "c.key", "CN=own,O=Self", "self_signed", 1},
    {"one with a broken signature", "broken.pem", "c.key", "CN=own,O=Self",
     "self_signed,broken_signature", 1},
    {"an RSA one", "rsac.pem", "rsac.key", "CN=rsa-client", "self_signed", 1},
    {"an authority's own", "nosign.pem", "c.key", "CN=ca", "self_signed", 1},
    {"one for encryption alone", "encrypt.pem", "rsac.key", "CN=mail", "self_signed", 1},
};

static void check_certificates(struct lab *lab, const char *version)
{
	for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++) {
		struct lab_report r;
		const struct tls_client_cert *c = &r.info.cert;
		bool there =
		    lab_client(lab, &r, S_CLIENT "%s -cert %s -key %s%s%s -cipher 'ALL" WEAK,
			       version, certificates[i].certificate, certificates[i].key,
			       certificates[i].chain > 1 ? " -cert_chain " : "",
			       certificates[i].chain > 1 ? "ca.pem" : "");

		if (!ok(there && is_good(&r) && c->present && c->readable &&
			    c->chain == certificates[i].chain &&
			    strcmp(r.subject, certificates[i].subject) == 0 &&
			    strcmp(c->verify, certificates[i].verify) == 0,
			"%s: %s is recorded and not refused", version, certificates[i].title))
			show(&r);
	}
}

static void check_certificate_details(struct lab *lab)
{
	struct lab_report r;
	char hex[65] = "", printed[128] = "";

	lab_client(lab, &r, S_CLIENT "-tls1_3 -cert valid.pem -key c.key");
	is_str(r.issuer, "CN=test-ca", "the issuer is recorded");
	is_int((int64_t)r.info.cert.not_before_us, 1577934245000000, "and the start of validity");
	is_int((int64_t)r.info.cert.not_after_us, 3786912000000000, "and its end");
	for (int i = 0; i < 32; i++)
		snprintf(hex + i * 2, 3, "%02x", r.info.cert.sha256[i]);
	char command[256];
	snprintf(command, sizeof command, "openssl x509 -in %s/valid.pem -outform DER | sha256sum",
		 lab->dir);
	FILE *p = popen(command, "r");
	if (p && fgets(printed, sizeof printed, p))
		printed[64] = '\0';
	if (p)
		pclose(p);
	is_str(hex, printed, "and its SHA-256");
}

static void check_resumption(struct lab *lab)
{
	static const char *const versions[] = {"-tls1_3", "-tls1_2"};
	struct lab_report r;

	for (int i = 0; i < 2; i++) {
		lab_client(lab, &r, S_CLIENT "%s -sess_out session", versions[i]);
		ok(is_good(&r) && !r.info.resumed, "%s: a first session is not resumed",
		   versions[i]);
		bool there = lab_client(lab, &r, S_CLIENT "%s -sess_in session", versions[i]);
		if (!ok(there && is_good(&r) && r.info.resumed, "%s: a second one is resumed",
			versions[i]))
			show(&r);
	}
	lab_client(lab, &r, S_CLIENT "-tls1_3 -cert valid.pem -key c.key -sess_out session");
	lab_client(lab, &r, S_CLIENT "-tls1_3 -sess_in session");
	ok(r.info.resumed && r.info.cert.present,
	   "a resumed session has the certificate of the first");
}

/* The first line of what the last client wrote. */
static const char *client_said(const struct lab *lab, char *text, size_t size)
{
	char path[96];

	snprintf(path, sizeof path, "%s/client.log", lab->dir);
	FILE *f = fopen(path, "r");
	text[0] = '\0';
	if (f && fgets(text, (int)size, f))
		text[strcspn(text, "\n")] = '\0';
	if (f)
		fclose(f);
	return text;
}

static void check_details(struct lab *lab)
{
	struct lab_report r;

	lab_client(lab, &r, S_CLIENT "-tls1_3 -servername mx.example.net");
	is_str(r.info.sni, "mx.example.net", "the server name is recorded");
	is_str(r.got, "quit\r\n", "what the client sends is received");
	is_int(r.sends, 3, "TLS 1.3 takes three sends: hello, flight, and ticket, reply, end");
	ok(r.receives <= 4, "and at most four receives (%d)", r.receives);
	lab_client(lab, &r, S_CLIENT "-tls1_2 -alpn imaginary -noservername");
	ok(is_good(&r) && r.info.sni_len == 0, "any application protocol is let pass");
	lab_client(lab, &r,
		   "echo long | timeout 15 openssl s_client -connect 127.0.0.1:$PORT -tls1_3 -quiet"
		   " | wc -c >count");
	char path[96], text[16] = "";
	snprintf(path, sizeof path, "%s/count", lab->dir);
	FILE *f = fopen(path, "r");
	if (f && fgets(text, sizeof text, f))
		text[strcspn(text, "\n")] = '\0';
	if (f)
		fclose(f);
	is_str(text, "100009", "100,000 bytes and a reply reach the client");
	lab_client(lab, &r,
		   "printf 'quit\\r\\n' | timeout 15 gnutls-cli --no-ca-verification -p $PORT"
		   " --priority NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC 127.0.0.1"
		   " | grep -c 'extended master secret.*EtM'");
	is_str(client_said(lab, text, sizeof text), "1",
	       "extended master secret and encrypt-then-MAC are had");
	lab_client(lab, &r,
		   "(sleep 0.3; echo R; sleep 1) | timeout 15 openssl s_client"
		   " -connect 127.0.0.1:$PORT -tls1_2");
	ok(r.info.outcome == TLS_NEGOTIATED && r.info.renegotiation,
	   "renegotiation is refused and recorded");
}

/* Its share of what thousands of workers take, after all those sessions. */
static void check_memory(struct lab *lab)
{
#ifdef SANITIZED
	(void)lab;
	ok(true, "memory of a worker # SKIP a sanitizer takes more");
#else
	struct lab_report r;

	lab_client(lab, &r, S_CLIENT "-tls1_3");
	ok(r.private_kb > 0 && r.private_kb <= IDLE_KB,
	   "an idle worker has at most %d KiB of its own (%ld)", IDLE_KB, r.private_kb);
#endif
}

static void check_minimum(void)
{
	static struct lab lab;
	struct lab_report r;

	lab_certificates(&lab, NULL);
	if (!ok(lab_start(&lab, (struct tls_settings){.minimum = TLS_1_2, .system_trust = true}),
		"a minimum is taken, and the system's authorities"))
		return;
	is_str(tls_server_versions(lab.server), "TLSv1.2 TLSv1.3", "the versions below are gone");
	lab_client(&lab, &r, S_CLIENT "-tls1_2 -cert rsa.pem -key rsa.key");
	ok(is_good(&r), "TLS 1.2 is served");
	is_str(r.info.cert.verify, "self_signed", "a self-signed certificate is not one of theirs");
	lab_client(&lab, &r, S_CLIENT "-tls1_1 -cipher 'ALL" WEAK);
	ok(r.info.outcome == TLS_FAILED && r.info.failure == TLS_FAILURE_NO_SHARED_VERSION &&
	       r.info.alert.sent && r.info.alert.number == 70,
	   "TLS 1.1 is not: no_shared_version, protocol_version sent");
	ok(lab_stop(&lab), "both processes end when they are told to");
}

static void check_priority(void)
{
	size_t position;

	is_int(tls_priority_check("NORMAL:-VERS-ALL:+VERS-TLS1.2", &position), 0,
	       "a priority string is found right");
	ok(tls_priority_check("NORMAL:+NOSUCH", &position) == -1 && position >= 7,
	   "a wrong one is found wrong, and where");
}

int main(void)
{
	static struct lab lab;

	lab_certificates(&lab, client_certificates);
	if (!ok(lab_start(&lab, (struct tls_settings){0}), "key holder and worker start"))
		return tap_done();
	ok(strstr(tls_server_versions(lab.server), "TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3") != NULL,
	   "TLS 1.0 to 1.3 are served (%s)", tls_server_versions(lab.server));
	bool ssl3 = strstr(tls_library_versions(), "SSLv3") != NULL;
	is_str(tls_server_missing(lab.server), ssl3 ? "" : "SSLv3",
	       "what the library lacks is missing");
	is_str(tls_server_versions(lab.server), tls_library_versions(), "what it has is served");
	check_clients(&lab);
	check_certificates(&lab, "-tls1_3");
	check_certificates(&lab, "-tls1_2");
	check_certificates(&lab, "-tls1");
	check_certificate_details(&lab);
	check_resumption(&lab);
	check_details(&lab);
	check_memory(&lab);
	ok(lab_stop(&lab), "both processes end when they are told to");
	check_minimum();
	check_priority();
	return tap_done();
}
