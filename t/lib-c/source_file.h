/*
 * source_file.h: a file of the source tree as text, for tests that compare documents with code.
 */
#ifndef SMTPTRAP_TEST_SOURCE_FILE_H
#define SMTPTRAP_TEST_SOURCE_FILE_H

#include "../tap.h"

#include <stdio.h>
#include <stdlib.h>

#define SOURCE_FILE_MAX 100000

/* Read the file of this name below TRAP_SOURCE; a test fails if it is not there. */
static inline void source_file(const char *name, char text_r[SOURCE_FILE_MAX])
{
	const char *source = getenv("TRAP_SOURCE");
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", source == NULL ? "." : source, name);
	FILE *f = fopen(path, "r");
	ok(f != NULL, "%s is there", name);
	if (f == NULL)
		return;
	text_r[fread(text_r, 1, SOURCE_FILE_MAX - 1, f)] = '\0';
	fclose(f);
}

#endif
