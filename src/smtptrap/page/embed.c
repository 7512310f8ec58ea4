/*
 * embed.c: write files as arrays of C.  Runs while smtptrap is built.
 *
 *     embed NAME FILE ...
 *
 * For each pair it prints `const char NAME[]`, without a NUL at the end, and `const size_t NAME_len`.
 */
#include <stdio.h>

#define A_LINE 16

static int print_bytes(FILE *from)
{
	unsigned long n = 0;

	for (int byte; (byte = getc(from)) != EOF; n++)
		printf("%s%d,", n % A_LINE == 0 ? "\n\t" : " ", byte < 128 ? byte : byte - 256);
	return n == 0 || ferror(from);
}

static int print_file(const char *name, const char *path)
{
	FILE *from = fopen(path, "r");

	if (from == NULL) {
		perror(path);
		return 1;
	}
	printf("\nextern const char %s[];\nextern const size_t %s_len;\n", name, name);
	printf("const char %s[] = {", name);
	int bad = print_bytes(from);
	printf("\n};\nconst size_t %s_len = sizeof %s;\n", name, name);
	fclose(from);
	if (bad)
		fprintf(stderr, "%s: cannot be read, or is empty\n", path);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = argc < 3 || argc % 2 == 0;

	puts("/* Made by embed.c. */\n#include <stddef.h>");
	for (int i = 1; !bad && i + 1 < argc; i += 2)
		bad = print_file(argv[i], argv[i + 1]);
	return bad || fflush(stdout) != 0;
}
