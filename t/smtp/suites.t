#!/usr/bin/perl
# suites.t: OpenSSL and NSS with each cipher suite of the priority string alone, in each version that
# has it: the handshake is accepted, and version, cipher and group are recorded as the client saw them.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Suites qw(matrix groups);

# Suites that are served and neither OpenSSL nor NSS of Debian 12 has, reviewed; gnutls-cli has them.
my @BEYOND_BOTH = (
    'c07a TLSv1.2', 'c07b TLSv1.2', # TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256, 256_GCM_SHA384
    'c07c TLSv1.2', 'c07d TLSv1.2', # TLS_DHE_RSA
    'c086 TLSv1.2', 'c087 TLSv1.2', # TLS_ECDHE_ECDSA
    'c08a TLSv1.2', 'c08b TLSv1.2', # TLS_ECDHE_RSA
);
# TLS 1.3 has no such groups (RFC 8446, 4.2.7).
my @NO_GROUPS = ('secp192r1 TLSv1.3', 'secp224r1 TLSv1.3');

my @missing = grep { !Trap::Process::program($_) } qw(openssl tstclnt gnutls-cli timeout);
plan skip_all => "there is no @missing" if @missing;
my $trap = Trap->new(listeners => [{}, {tls => 'implicit'}]);
my @beyond = matrix($trap, clients => ['openssl', 'nss'], rest => 1,
    versions => [qw(TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3)]);
is(join("\n", @beyond), join("\n", @BEYOND_BOTH),
    @BEYOND_BOTH . ' suites are beyond OpenSSL and NSS, those known to be: ' . join ', ', @BEYOND_BOTH);
is(join("\n", groups($trap)), join("\n", @NO_GROUPS), 'OpenSSL has all other groups');
$trap->done;
done_testing;
