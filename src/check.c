/*
 * check.c: smtptrapd -n: would the trap start with these certificates and keys?  A certificate that
 * was renewed without its key, or a name that is misspelt, is better found before the restart.
 *
 * Runs in a process that serves nobody and leaves afterwards.
 */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "key_store.h"
#include "log.h"
#include "master_tls.h"
#include "tls.h"

/* The first key that this user may not read, or NULL. */
static const char *locked_key(const struct tls_files *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (access(files[i].key, R_OK) != 0 && errno == EACCES)
			return files[i].key;
	}
	return NULL;
}

static const char *any_locked_key(const struct tls_settings *settings)
{
	const char *locked = locked_key(settings->files, settings->file_count);

	for (size_t i = 0; locked == NULL && i < settings->profile_count; i++)
		locked = locked_key(settings->profiles[i].files, settings->profiles[i].file_count);
	return locked;
}

static void load(const struct tls_settings *settings)
{
	struct tls_server *server = tls_setup(settings);
	size_t count;
	const struct keyholder_key *keys = tls_server_keys(server, &count);
	struct key_store *store = key_store_new(keys, count);

	key_store_free(&store);
}

void check_tls(const struct conf *conf)
{
	struct arena *arena = arena_new();
	const struct tls_settings *settings =
	    arena != NULL ? master_tls_settings(conf, arena) : NULL;

	if (settings == NULL)
		fatal("no memory for TLS");
	const char *locked = any_locked_key(settings);
	if (locked != NULL)
		fprintf(stderr,
			"smtptrapd: %s: %s: certificates and keys are not checked; root can\n",
			locked, strerror(EACCES));
	else if (settings->file_count > 0)
		load(settings);
	arena_free(&arena);
}
