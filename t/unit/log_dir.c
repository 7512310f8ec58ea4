/*
 * A folder of log files: what is listed, found, opened, and which files cover a time.
 */
#include "log_dir.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../tap.h"
#include "err.h"

#define S1 "session-20251122T100000Z-000001.jsonl.gz"
#define S2 "session-20251122T110000Z-000002.jsonl.gz"
#define S3 "session-20251124T120000Z-000003.jsonl.gz"
#define PIPE "session-20251122T103000Z-000004.jsonl.gz"
#define FOLDER "message-20251122T110000Z-000002.jsonl.gz.part"
#define LINK "message-20251122T120000Z-000003.jsonl.gz"
#define M1 "message-20251122T100000Z-000001.jsonl.gz"

static char folder[] = "/tmp/log_dir.XXXXXX";

static void touch(const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void clear(const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	unlink(path);
}

/* A named pipe, which nobody writes to, a folder, and a link to a file, all with names of logs. */
static void make_others(void)
{
	char path[256];

	snprintf(path, sizeof path, "%s/" PIPE, folder);
	is_int(mkfifo(path, 0600), 0, "a named pipe is made");
	snprintf(path, sizeof path, "%s/" FOLDER, folder);
	is_int(mkdir(path, 0700), 0, "a folder is made");
	snprintf(path, sizeof path, "%s/" LINK, folder);
	is_int(symlink(M1, path), 0, "a link is made");
}

static void clear_others(void)
{
	char path[256];

	snprintf(path, sizeof path, "%s/" FOLDER, folder);
	rmdir(path);
	clear(PIPE);
	clear(LINK);
}

static void test_others(void)
{
	struct log_dir d;

	make_others();
	is_int(log_dir_open(&d, folder), 0, "a folder with them is listed");
	ok(log_dir_find(&d, PIPE) == NULL && log_dir_find(&d, FOLDER) == NULL,
	   "a named pipe and a folder are not, whatever their names");
	ok(log_dir_find(&d, LINK) != NULL, "a link is");
	log_dir_close(&d);
	clear_others();
}

static void test_list(void)
{
	static const char *const expected[] = {S1, S2, S3 ".part", M1};
	struct log_dir d;
	char name[LOG_NAME_MAX];

	is_int(log_dir_open(&d, folder), 0, "a folder is listed");
	is_int((int64_t)d.count, 4, "other names and a .part with a finished twin are left out");
	for (size_t i = 0; i < d.count && i < 4; i++) {
		log_name_format(&d.names[i], name);
		is_str(name, expected[i], "files come in order");
	}
	log_dir_close(&d);
	is_int(log_dir_open(&d, "/nowhere"), ERR_SYSTEM, "no folder is an error");
	log_dir_close(&d);
}

static void test_open(void)
{
	struct log_dir d;
	int fd = -1;
	const struct log_name *n;

	log_dir_open(&d, folder);
	ok(log_dir_find(&d, S1) == &d.names[0], "a file is found by its name");
	n = log_dir_find(&d, S3);
	ok(n != NULL && n->part, "a .part file by its final name");
	ok(log_dir_find(&d, S3 ".part") == n, "and by its present one");
	ok(log_dir_find(&d, "x") == NULL && log_dir_find(&d, M1 ".part") != NULL,
	   "a wrong name is not, a finished file by its old name is");
	is_int(n == NULL ? -1 : log_dir_open_file(&d, n, &fd), 0, "a .part file is opened");
	close(fd);
	clear(S3 ".part");
	touch(S3);
	is_int(n == NULL ? -1 : log_dir_open_file(&d, n, &fd), 0,
	       "also when it was renamed meanwhile");
	close(fd);
	clear(S1);
	is_int(log_dir_open_file(&d, &d.names[0], &fd), ERR_SYSTEM, "a removed file is an error");
	log_dir_close(&d);
}

static const struct {
	const char *title;
	uint64_t since, until; /* seconds */
	const char *covers;    /* a digit a session file: 1 yes, 0 no */
} spans[] = {
    /* S1 1763805600, S2 1763809200, S3 1763985600 */
    {"all of time", 0, UINT64_MAX / 1000000, "111"},
    {"before the first file was made, by more than a day", 0, 1763805600 - 86401, "000"},
    {"a session that began a day before the file", 0, 1763805600 - 86400, "100"},
    {"the first file's last second", 1763809200, 1763809201, "110"},
    {"two seconds after", 1763809202, 1763809203, "010"},
    {"the present", 1763985700, 1763985701, "001"},
};

static void test_covers(void)
{
	struct log_dir d;

	log_dir_open(&d, folder);
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		char got[4] = "";

		for (size_t f = 0; f < 3; f++)
			got[f] = log_dir_covers(&d, f, spans[i].since * 1000000,
						spans[i].until * 1000000)
				     ? '1'
				     : '0';
		is_str(got, spans[i].covers, spans[i].title);
	}
	log_dir_close(&d);
}

int main(void)
{
	static const char *const names[] = {M1,         S2,      S2 ".part",   S1,
					    S3 ".part", "notes", "session.gz", S1 ".old"};
	struct log_dir none = {0};

	if (mkdtemp(folder) == NULL)
		return 1;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		touch(names[i]);
	test_list();
	test_others();
	test_covers();
	test_open();
	log_dir_close(&none);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		clear(names[i]);
	clear(S3);
	is_int(rmdir(folder), 0, "nothing else was left in the folder");
	return tap_done();
}
