/*
 * Hellos are mended where the library lets them be; where it does not, the trial says so, and the
 * handshakes fail with the reasons that there are for it.
 */
#include "../lib-c/tls_lab.h"
#include "../tap.h"

#include <gnutls/gnutls.h>

#include "../../src/tls_mend.h"
#include "../../src/tls_priority.h"

#define S_CLIENT                                                                             \
	"printf 'quit\\r\\n' | timeout 15 openssl s_client -connect 127.0.0.1:$PORT -quiet " \
	"-cipher ALL:@SECLEVEL=0 "

/* A library that never asks our function for the time. */
static bool never_asks;

void __real_gnutls_global_set_time_function(gnutls_time_func f);
void __wrap_gnutls_global_set_time_function(gnutls_time_func f);

void __wrap_gnutls_global_set_time_function(gnutls_time_func f)
{
	__real_gnutls_global_set_time_function(never_asks ? time : f);
}

static void show(const struct lab_report *r)
{
	printf("# %s %s %s sni '%s' mended %x\n", tls_outcome_name(r->info.outcome),
	       tls_failure_name(r->info.failure), r->info.error, r->info.sni, r->info.mended);
}

static const struct {
	const char *title, *command;
	unsigned mended;
	enum tls_failure failure; /* where it is not mended */
	int alert;
} clients[] = {
    {"an underscore in the server's name", "-servername a_b", HELLO_MEND_BIT(SERVER_NAME),
     TLS_FAILURE_UNSUPPORTED_SNI, 47},
    {"a fallback to TLS 1.1", "-tls1_1 -fallback_scsv", HELLO_MEND_BIT(FALLBACK_SCSV),
     TLS_FAILURE_DOWNGRADE, 86},
};

static void check_mended(void)
{
	static struct lab lab;

	lab_certificates(&lab, NULL);
	if (!ok(lab_start(&lab, (struct tls_settings){0}), "key holder and worker start"))
		return;
	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
		struct lab_report r;
		bool there = lab_client(&lab, &r, S_CLIENT "%s", clients[i].command);

		if (!ok(there && r.info.outcome == TLS_NEGOTIATED &&
			    r.info.mended == clients[i].mended && strcmp(r.got, "quit\r\n") == 0,
			"%s is mended", clients[i].title))
			show(&r);
	}
	struct lab_report r;
	lab_client(&lab, &r, S_CLIENT "-servername a.b");
	is_int(r.info.mended, 0, "nothing is mended where nothing is wrong");
	ok(lab_stop(&lab), "both processes end well");
}

static void check_not_mended(void)
{
	static struct lab lab;

	lab_certificates(&lab, NULL);
	if (!ok(lab_start(&lab, (struct tls_settings){0}), "a trap starts that cannot mend"))
		return;
	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
		struct lab_report r;
		bool there = lab_client(&lab, &r, S_CLIENT "%s", clients[i].command);

		if (!ok(there && r.info.outcome == TLS_FAILED &&
			    r.info.failure == clients[i].failure && r.info.alert.sent &&
			    r.info.alert.number == clients[i].alert && r.info.mended == 0,
			"without mending %s fails", clients[i].title))
			show(&r);
	}
	struct lab_report r;
	lab_client(&lab, &r, S_CLIENT "-servername a.b");
	ok(r.info.outcome == TLS_NEGOTIATED, "other clients are served as before");
	ok(lab_stop(&lab), "both processes end well");
}

int main(void)
{
	tls_library_start();
	ok(tls_mend_start() == NULL, "the trial holds with the library that is there");
	check_mended();
	never_asks = true;
	const char *wrong = tls_mend_start();
	ok(wrong != NULL, "it does not where the library never asks for the time (%s)",
	   wrong ? wrong : "");
	check_not_mended();
	return tap_done();
}
