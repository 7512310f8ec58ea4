/*
 * ip.h: addresses of both families in one form, 16 bytes, IPv4 mapped (RFC 4291, 2.5.5.2).
 */
#ifndef SMTPTRAP_IP_H
#define SMTPTRAP_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define IP_BYTES 16
#define IP_TEXT_MAX 46     /* the longest text and its NUL (INET6_ADDRSTRLEN) */
#define IP_NET_TEXT_MAX 50 /* the same with "/128" */

/* A network: its address with the host bits 0, and its prefix length as of IPv6 (0 to 128: an
 * IPv4 /8 has 104). */
struct ip_net {
	uint8_t ip[IP_BYTES];
	uint8_t bits;
};

/* Whether ip is an IPv4 address (mapped). */
bool ip_is_v4(const uint8_t ip[IP_BYTES]);

/*
 * Read the len bytes of text as an IPv4 address (dotted quad) or an IPv6 address (RFC 4291, 2.2;
 * no brackets, no zone).  Returns 0, or ERR_FORMAT and ip is unchanged.
 */
int ip_parse(uint8_t ip[IP_BYTES], const char *text, size_t len);

/* Write the address as text (RFC 5952; IPv4 as dotted quad) with a NUL; returns text. */
char *ip_text(const uint8_t ip[IP_BYTES], char text[IP_TEXT_MAX]);

/*
 * The address and port of an AF_INET or AF_INET6 socket address.  Returns 0, or ERR_FORMAT for
 * another family, and then ip is all zero and the port 0.  port_r is in host byte order.
 */
int ip_from_sockaddr(uint8_t ip[IP_BYTES], uint16_t *port_r, const struct sockaddr *sa);

/* The socket address for ip and port: AF_INET for an IPv4 address, else AF_INET6.  Returns its
 * length. */
socklen_t ip_to_sockaddr(struct sockaddr_storage *sa_r, const uint8_t ip[IP_BYTES], uint16_t port);

/*
 * Read "ADDRESS" or "ADDRESS/BITS" (BITS 0 to 32 or 0 to 128).  Returns 0; ERR_FORMAT if it is
 * not of that form; ERR_REFUSED if bits of the host part are set ("10.0.0.1/8").
 */
int ip_net_parse(struct ip_net *net_r, const char *text, size_t len);

/* Whether ip lies in net.  IPv4 networks hold IPv4 addresses only; ::/0 holds all of both. */
bool ip_net_match(const struct ip_net *net, const uint8_t ip[IP_BYTES]);

/* Whether ip lies in one of the count networks at nets. */
bool ip_nets_match(const struct ip_net *nets, size_t count, const uint8_t ip[IP_BYTES]);

/* Write the network as ip_net_parse() reads it, with a NUL; returns text. */
char *ip_net_text(const struct ip_net *net, char text[IP_NET_TEXT_MAX]);

#endif
