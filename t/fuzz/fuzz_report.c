/*
 * fuzz_report.c: fuzz target for partial reports.
 *
 * The input is a partial report without its checksum, which is put right here, for a fuzzer does not
 * find it.  Properties: what is taken can be written, and what was written is taken again and written
 * the same.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../../src/smtptrap/report.h"
#include "wire.h"

#define FORM_MAX (1u << 30)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void init(struct report *r)
{
	*r = (struct report){.tally = tally_new()};
	must(r->tally != NULL);
}

static void fini(struct report *r)
{
	tally_free(&r->tally);
	visits_fini(&r->visits);
}

static void check(const struct report *first)
{
	struct buf form, again;
	struct report second;

	buf_init_heap(&form, FORM_MAX);
	buf_init_heap(&again, FORM_MAX);
	init(&second);
	report_put(first, &form);
	must(!form.failed && report_get(&second, true, form.data, form.len) == 0);
	report_put(&second, &again);
	must(again.len == form.len && memcmp(again.data, form.data, form.len) == 0);
	fini(&second);
	buf_fini(&form);
	buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct report r;
	struct buf form;

	init(&r);
	buf_init_heap(&form, FORM_MAX);
	buf_put(&form, data, len);
	wire_put(&form, (uint32_t)crc32_z(0, data, len), 4);
	must(!form.failed);
	if (report_get(&r, true, form.data, form.len) == 0)
		check(&r);
	fini(&r);
	buf_fini(&form);
	return 0;
}
