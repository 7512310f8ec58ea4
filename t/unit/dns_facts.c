/*
 * dns_facts.c: what answers mean: tables of addresses, codes, and classes.
 */
#include "dns_facts.h"

#include "../tap.h"

static uint8_t *ip_of(const char *text)
{
	static uint8_t ip[IP_BYTES];

	if (ip_parse(ip, text, strlen(text)) < 0)
		ok(false, "%s is an address", text);
	return ip;
}

static struct dns_answer none(enum dns_status status)
{
	struct dns_answer a;

	dns_answer_unknown(&a);
	a.status = (uint8_t)status;
	return a;
}

static struct dns_answer addresses(const char *first, const char *second)
{
	struct dns_answer a = none(DNS_FOUND);

	dns_answer_put(&a, NULL, 0, ip_of(first), IP_BYTES);
	if (second != NULL)
		dns_answer_put(&a, NULL, 0, ip_of(second), IP_BYTES);
	return a;
}

static void check_sanity(void)
{
	static const struct {
		const char *ip;
		bool sane;
	} cases[] = {
	    {"0.0.0.0", false},
	    {"0.255.255.255", false},
	    {"1.0.0.0", true},
	    {"9.255.255.255", true},
	    {"10.0.0.0", false},
	    {"10.255.255.255", false},
	    {"11.0.0.0", true},
	    {"100.63.255.255", true},
	    {"100.64.0.0", false},
	    {"100.127.255.255", false},
	    {"100.128.0.0", true},
	    {"126.255.255.255", true},
	    {"127.0.0.0", false},
	    {"127.255.255.255", false},
	    {"128.0.0.0", true},
	    {"169.253.255.255", true},
	    {"169.254.0.0", false},
	    {"169.254.255.255", false},
	    {"169.255.0.0", true},
	    {"172.15.255.255", true},
	    {"172.16.0.0", false},
	    {"172.31.255.255", false},
	    {"172.32.0.0", true},
	    {"192.167.255.255", true},
	    {"192.168.0.0", false},
	    {"192.168.255.255", false},
	    {"192.169.0.0", true},
	    {"198.51.100.1", true},
	    {"223.255.255.255", true},
	    {"224.0.0.0", false},
	    {"255.255.255.255", false},
	    {"::", false},
	    {"::1", false},
	    {"::192.0.2.1", false},
	    {"2001:db8::1", true},
	    {"fbff::1", true},
	    {"fc00::", false},
	    {"fdff::1", false},
	    {"fe00::1", true},
	    {"fe80::1", false},
	    {"febf::1", false},
	    {"fec0::1", false},
	    {"feff::1", false},
	    {"ff02::1", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(dns_address_is_sane(ip_of(cases[i].ip)) == cases[i].sane, "%s is %s",
		   cases[i].ip, cases[i].sane ? "sane" : "not sane");
}

static void check_codes(void)
{
	static const struct {
		const char *ip;
		enum dns_code code;
	} cases[] = {
	    {"127.0.0.2", DNS_CODE_LISTED},
	    {"127.0.0.1", DNS_CODE_REFUSED},
	    {"127.0.1.255", DNS_CODE_LISTED},
	    {"127.255.254.255", DNS_CODE_LISTED},
	    {"127.255.255.252", DNS_CODE_REFUSED},
	    {"127.255.255.0", DNS_CODE_REFUSED},
	    {"198.51.100.7", DNS_CODE_FOREIGN},
	    {"128.0.0.2", DNS_CODE_FOREIGN},
	    {"::1", DNS_CODE_FOREIGN},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(dns_code_of(ip_of(cases[i].ip)), cases[i].code, cases[i].ip);
}

static void check_forward(void)
{
	uint8_t ip[IP_BYTES];
	struct dns_answer right = addresses("192.0.2.9", "192.0.2.1"),
			  wrong = addresses("192.0.2.9", NULL);
	struct dns_answer unknown = none(DNS_UNKNOWN), nodata = none(DNS_NODATA);
	struct dns_answer nxdomain = none(DNS_NXDOMAIN), six = addresses("2001:db8::1", NULL);
	struct dns_answer cut = wrong;

	cut.cut = true;
	memcpy(ip, ip_of("192.0.2.1"), IP_BYTES);
	is_int(dns_forward_of(&right, NULL, ip), DNS_VERIFIED, "one of its addresses: verified");
	is_int(dns_forward_of(&wrong, NULL, ip), DNS_INCONSISTENT, "others only: inconsistent");
	is_int(dns_forward_of(&cut, NULL, ip), DNS_FORWARD_UNKNOWN,
	       "others, and more that were not looked at: unknown");
	is_int(dns_forward_of(&nxdomain, NULL, ip), DNS_NOFORWARD, "no such name: noforward");
	is_int(dns_forward_of(&unknown, NULL, ip), DNS_FORWARD_UNKNOWN, "no answer: unknown");
	is_int(dns_forward_of(&nodata, &nodata, ip), DNS_NOFORWARD, "no address at all: noforward");
	is_int(dns_forward_of(&nodata, &six, ip), DNS_INCONSISTENT,
	       "addresses of the other family only: inconsistent");
	is_int(dns_forward_of(&nodata, &unknown, ip), DNS_FORWARD_UNKNOWN, "or perhaps: unknown");
}

static void check_reverse(void)
{
	static const struct {
		const char *title;
		unsigned
		    count[DNS_FORWARD_UNKNOWN + 1]; /* verified, inconsistent, noforward, unknown */
		enum dns_fact fact;
	} cases[] = {
	    {"no names", {0}, DNS_FACT_RDNS_NONE},
	    {"one verified among others", {1, 3, 2, 1}, DNS_FACT_RDNS_VERIFIED},
	    {"inconsistent and noforward", {0, 1, 1, 0}, DNS_FACT_RDNS_INCONSISTENT},
	    {"noforward only", {0, 0, 2, 0}, DNS_FACT_RDNS_NOFORWARD},
	    {"none verified, one unknown", {0, 1, 1, 1}, DNS_FACT_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(dns_reverse_fact(cases[i].count), cases[i].fact, cases[i].title);
}

static struct dns_answer mx_of(const char *first, const char *second)
{
	struct dns_answer a = none(DNS_FOUND);
	uint16_t preference = 10;

	dns_answer_put(&a, &preference, sizeof preference, first, strlen(first));
	if (second != NULL)
		dns_answer_put(&a, &preference, sizeof preference, second, strlen(second));
	return a;
}

static void check_mx(void)
{
	const struct {
		const char *title;
		struct dns_answer mx;
		enum dns_fact fact;
	} cases[] = {
	    {"hosts must be asked about", mx_of("mx.test", NULL), DNS_FACT_COUNT},
	    {"a null MX", mx_of(".", NULL), DNS_FACT_DOMAIN_NULL_MX},
	    {"a null MX behind a good one", mx_of("mx.test", "."), DNS_FACT_DOMAIN_NULL_MX},
	    {"localhost", mx_of("LocalHost", NULL), DNS_FACT_DOMAIN_LOCALHOST_MX},
	    {"localhost behind a good one", mx_of("mx.test", "localhost"),
	     DNS_FACT_DOMAIN_LOCALHOST_MX},
	    {"no such domain", none(DNS_NXDOMAIN), DNS_FACT_DOMAIN_NXDOMAIN},
	    {"no MX: its own address counts", none(DNS_NODATA), DNS_FACT_COUNT},
	    {"no answer", none(DNS_UNKNOWN), DNS_FACT_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(dns_mx_fact(&cases[i].mx), cases[i].fact, cases[i].title);
}

static enum dns_host host(struct dns_answer a, struct dns_answer b)
{
	struct dns_addresses sum = {0};

	dns_addresses_add(&sum, &a);
	dns_addresses_add(&sum, &b);
	return dns_host_of(&sum);
}

static void check_hosts(void)
{
	is_int(host(addresses("198.51.100.1", NULL), none(DNS_NODATA)), DNS_HOST_GOOD,
	       "a good host");
	is_int(host(addresses("198.51.100.1", "10.0.0.1"), none(DNS_NODATA)), DNS_HOST_BAD_ADDRESS,
	       "one address that is not sane is enough");
	is_int(host(addresses("198.51.100.1", NULL), addresses("::1", NULL)), DNS_HOST_BAD_ADDRESS,
	       "of either family");
	is_int(host(none(DNS_NXDOMAIN), none(DNS_NXDOMAIN)), DNS_HOST_NO_ADDRESS, "no address");
	is_int(host(none(DNS_NODATA), none(DNS_UNKNOWN)), DNS_HOST_UNKNOWN, "perhaps one: unknown");
	is_int(host(addresses("198.51.100.1", NULL), none(DNS_UNKNOWN)), DNS_HOST_GOOD,
	       "one that is known is enough");
	is_int(dns_domain_fact(DNS_HOST_GOOD, true), DNS_FACT_DOMAIN_MX, "a good MX");
	is_int(dns_domain_fact(DNS_HOST_GOOD, false), DNS_FACT_DOMAIN_ADDRESS, "a good address");
	is_int(dns_domain_fact(DNS_HOST_UNKNOWN, true), DNS_FACT_UNKNOWN, "unknown stays so");
	is_int(dns_domain_fact(DNS_HOST_BAD_ADDRESS, true), DNS_FACT_DOMAIN_BAD_ADDRESS,
	       "bad addresses");
	is_int(dns_domain_fact(DNS_HOST_NO_ADDRESS, false), DNS_FACT_DOMAIN_NO_ADDRESS, "none");
	is_str(dns_domain_name(dns_fact_domain(DNS_FACT_DOMAIN_NULL_MX)), "baddom",
	       "a null MX is baddom");
	is_str(dns_domain_name(dns_fact_domain(DNS_FACT_DOMAIN_MX)), "resolves", "an MX resolves");
	is_str(dns_domain_name(dns_fact_domain(DNS_FACT_UNKNOWN)), "unknown", "unknown is unknown");
}

int main(void)
{
	check_sanity();
	check_codes();
	check_forward();
	check_reverse();
	check_mx();
	check_hosts();
	return tap_done();
}
