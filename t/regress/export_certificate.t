#!/usr/bin/perl
# export_certificate.t: a redacted record had the fingerprint of the trap's certificate, by which
# anybody who scans the Internet finds the trap.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Export qw(export reread);

my $trap = Trap->new;
my $c = $trap->client;
$c->cmd('EHLO client.example');
$c->starttls;
$c->quit;
my $s = $trap->session_of($c);
like($s->{tls_certificate}, qr/^[0-9a-f]{64}$/, 'a session has the certificate that the trap sent');
for my $format (['ecs'], ['csv', '--fields', 'id,tls_certificate']) {
    my ($out) = export($trap, '--as', @$format);
    like($out, qr/$s->{tls_certificate}/i, "@$format has it");
    ($out) = export($trap, '--redact', '--as', @$format);
    like($out, qr/$s->{id}/, "redacted, @$format has the session");
    unlike($out, qr/$s->{tls_certificate}/i, 'without it');
}
$trap->done;
done_testing;
