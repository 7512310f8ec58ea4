/*
 * synsig: read SYNs as lines of hexadecimal digits, write the signature of each, or "none".
 */
#include <config.h>

#include <stdio.h>

#include "tcp_syn.h"

#define SYN_MAX 65536

int main(void)
{
	static char line[2 * SYN_MAX + 2];
	static uint8_t bytes[SYN_MAX];
	char text[TCP_SYN_TEXT];
	struct tcp_syn syn;

	while (fgets(line, sizeof line, stdin)) {
		size_t len = 0;
		while (sscanf(line + 2 * len, "%2hhx", &bytes[len]) == 1)
			len++;
		puts(tcp_syn_parse(&syn, bytes, len) == 1 ? tcp_syn_signature(&syn, text) : "none");
	}
	return 0;
}
