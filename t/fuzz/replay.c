/*
 * replay.c: run a fuzz target on each file of its corpus, as a TAP test.
 *
 * Linked with t/fuzz/fuzz_NAME.c to t/fuzz/NAME.t; the corpus is t/fuzz/corpus/NAME in the tree
 * that TRAP_SOURCE names.  A target that finds a property broken aborts, so the test fails.
 */
#include <config.h>

#include <dirent.h>
#include <stdlib.h>

#include "../tap.h"

#define SEED_MAX (1024 * 1024)
#define SEEDS_MAX 10000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data = malloc(SEED_MAX);

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	if (data == NULL || file == NULL) {
		ok(false, "%s can be read", name);
	} else {
		size_t len = fread(data, 1, SEED_MAX, file);
		/* An exact copy, so that a byte read past its end is noticed. */
		uint8_t *copy = malloc(len ? len : 1);
		if (copy != NULL && len > 0)
			memcpy(copy, data, len);
		printf("# %s\n", name);
		fflush(stdout);
		ok(copy != NULL && LLVMFuzzerTestOneInput(copy, len) == 0, "%s", name);
		free(copy);
	}
	if (file != NULL)
		fclose(file);
	free(data);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	const char *source = getenv("TRAP_SOURCE"), *base = strrchr(argv[0], '/');
	char folder[2048];
	struct dirent **seeds;

	(void)argc;
	base = base ? base + 1 : argv[0];
	snprintf(folder, sizeof folder, "%s/t/fuzz/corpus/%.*s", source ? source : ".",
		 (int)strcspn(base, "."), base);
	int count = scandir(folder, &seeds, visible, alphasort);
	ok(count > 0 && count < SEEDS_MAX, "the corpus is there");
	for (int i = 0; i < count; i++) {
		replay(folder, seeds[i]->d_name);
		free(seeds[i]);
	}
	if (count >= 0)
		free(seeds);
	return tap_done();
}
