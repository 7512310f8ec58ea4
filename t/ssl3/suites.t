#!/usr/bin/perl
# suites.t: with the private library NSS has each cipher suite of SSL 3.0 accepted and recorded as it
# saw it.  (Debian's OpenSSL has no SSL 3.0.)
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Suites qw(matrix);

# GnuTLS lists suites with elliptic curves for SSL 3.0 too; NSS has them from TLS 1.0 on (RFC 8422
# knows no SSL 3.0), reviewed.
my @BEYOND = map { "$_ SSLv3" } qw(c007 c008 c009 c00a c011 c012 c013 c014);

my $trap = Trap->new(listeners => [{}, {tls => 'implicit'}]);
is(join("\n", matrix($trap, clients => ['nss'], versions => ['SSLv3'])), join("\n", @BEYOND),
    @BEYOND . ' suites are beyond NSS, those known to be: ' . join ', ', @BEYOND);
$trap->done;
done_testing;
