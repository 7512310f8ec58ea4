#!/usr/bin/perl
# certificates.t: make-certificates, with either tool: pairs that belong together, kept when it runs
# again, and expired certificates for the same keys.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;
use Trap;
use Trap::File qw(slurp);

my $script = "$Trap::SOURCE/packaging/make-certificates";
my @programs = qw(cat chmod date env mkdir mktemp mv rm sh);

my $openssl = Trap::Process::program('openssl');
sub openssl { my ($out, $err, $status) = Trap::Process::run($openssl, @_); return ($out, $status) }
sub names { my ($text) = @_; return join "\n", grep { !/^\s+(?:[0-9a-f]{2}:?)+$|Not (?:Before|After)|Serial Number: / } split /\n/, $text }

for my $tool (qw(certtool openssl)) {
    SKIP: {
        my $program = Trap::Process::program($tool) or skip "there is no $tool", 1;
        my $dir = tempdir(CLEANUP => 1);
        mkdir "$dir/bin";
        symlink Trap::Process::program($_), "$dir/bin/$_" for @programs;
        symlink $program, "$dir/bin/$tool";
        local $ENV{PATH} = "$dir/bin";
        my ($out, $err, $status) = Trap::Process::run('sh', $script, "$dir/tls", 'mx.trap.test');
        is($status, 0, "$tool: certificates are made") or diag $err;
        my %before = map { $_ => slurp("$dir/tls/$_") } qw(ecdsa.pem ecdsa.key rsa.pem rsa.key);
        ok(!-e "$dir/tls/expired-rsa.pem", "$tool: none of them expired");
        ($out, $err, $status) = Trap::Process::run('sh', $script, '--expired', "$dir/tls", 'mx.trap.test');
        is($status, 0, "$tool: expired ones are made on demand") or diag $err;
        is_deeply({map { $_ => slurp("$dir/tls/$_") } keys %before}, \%before, "$tool: the others stay");
        for my $kind (qw(ecdsa rsa)) {
            my ($good, $old) = ("$dir/tls/$kind.pem", "$dir/tls/expired-$kind.pem");
            is((openssl('x509', '-in', $good, '-noout', '-checkend', 0))[1], 0, "$tool: the $kind one is valid");
            isnt((openssl('x509', '-in', $old, '-noout', '-checkend', 0))[1], 0, "$tool: the expired one is not");
            is((openssl('x509', '-in', $old, '-noout', '-pubkey'))[0], (openssl('pkey', '-in', "$dir/tls/$kind.key", '-pubout'))[0],
                "$tool: it has the same key");
            is(names((openssl('x509', '-in', $old, '-noout', '-text'))[0]), names((openssl('x509', '-in', $good, '-noout', '-text'))[0]),
                "$tool: and differs by dates alone");
            is(sprintf('%o', (stat $old)[2] & 07777), '644', "$tool: and may be read");
        }
    }
}
my (undef, $err, $status) = Trap::Process::run('sh', $script, '--expired');
is($err, "usage: make-certificates [--expired] DIRECTORY HOSTNAME\n", 'wrong arguments are told so');
is($status >> 8, 2, 'with status 2');
done_testing;
