#!/usr/bin/perl
# testssl.t: what testssl.sh and gnutls-cli-debug make of the trap.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Trap;
use Trap::File qw(slurp);

my $testssl = Trap::Process::program('testssl') // Trap::Process::program('testssl.sh');
my $debug = Trap::Process::program('gnutls-cli-debug');
plan skip_all => 'there is neither testssl.sh nor gnutls-cli-debug' if !$testssl && !$debug;

my $trap = Trap->new(conf => {workers => {'spare-min' => 8, 'spare-max' => 32, max => 64}});

# What gnutls-cli-debug may answer `no` to, and why.
my %MAY_BE_NO = map { $_ => 1 } (
    # it is good that these are not so
    'whether %ALLOW_SMALL_RECORDS is required', 'whether we need to disable TLS 1.2',
    'whether we need to disable TLS 1.1', 'whether we need to disable TLS 1.0',
    'whether %NO_EXTENSIONS is required', 'whether %COMPAT is required',
    'for version rollback bug in Client Hello', 'for version rollback bug in RSA PMS',
    # clients that fall back are served
    'for inappropriate fallback (RFC7507) support',
    # it offers all groups, this one first, and the server prefers X25519: see below
    map({ "for curve $_" } 'SECP256r1 (RFC4492)', 'SECP384r1 (RFC4492)', 'SECP521r1 (RFC4492)'),
    # not there on purpose, or not in GnuTLS
    'for heartbeat (RFC6520) support', 'for anonymous authentication support',
    'for OCSP status response (RFC6066) support',
    'for VKO GOST-2012 (draft-smyshlyaev-tls12-gost-suites) support',
    'for GOST28147-CNT cipher (draft-smyshlyaev-tls12-gost-suites) support',
    'for GOST28147-IMIT MAC (draft-smyshlyaev-tls12-gost-suites) support',
);
SKIP: {
    skip 'there is no gnutls-cli-debug', 1 if !$debug;
    my ($out, $err, $status) = Trap::Process::run('timeout', 300, $debug, '--starttls-proto=smtp', '-p', $trap->port, $trap->address);
    is($status, 0, 'gnutls-cli-debug comes to its end') or diag $out, $err;
    note $out;
    my %answer = map { /^\s*(.*?)\.\.\. (.*)$/ ? ($1 => $2) : () } split /\n/, $out;
    my @no = grep { $answer{$_} eq 'no' && !$MAY_BE_NO{$_} } sort keys %answer;
    is(join("\n", @no), '', 'gnutls-cli-debug prints no surprising `no`');
    my @versions = grep { /^for TLS 1\.[0-3] / } sort keys %answer;
    is(join(' ', map { $answer{$_} } @versions), 'yes yes yes yes', 'and sees TLS 1.0 to 1.3');
}

# Each group, where a client offers that one alone.
SKIP: {
    my $cli = Trap::Process::program('gnutls-cli') or skip 'there is no gnutls-cli', 1;
    for my $version ('1.2', '1.3') {
        for my $group (qw(SECP256R1 SECP384R1 SECP521R1 X25519 X448 FFDHE2048)) {
            my ($out, $err, $status) = Trap::Process::run(\"QUIT\r\n", $cli, '--starttls-proto=smtp', '--insecure', '-p',
                $trap->port, "--priority=NORMAL:-RSA:+DHE-RSA:-VERS-ALL:+VERS-TLS$version:-GROUP-ALL:+GROUP-$group", $trap->address);
            is($status, 0, "TLS $version with the group $group alone is served") or diag $out, $err;
        }
    }
    my %seen = map { ("$_->{tls_version} " . lc($_->{tls_group} // '') => 1) } $trap->wait_count('session', 12, undef,
        sub { ($_[0]{end_reason} // '') eq 'quit' });
    for my $group (qw(secp256r1 secp384r1 secp521r1 x25519 x448 ffdhe2048)) {
        ok($seen{"TLSv$_ $group"}, "the group $group of TLS $_ is recorded") for '1.2', '1.3';
    }
}

SKIP: {
    skip 'there is no testssl.sh', 1 if !$testssl;
    my $dir = File::Temp::tempdir(CLEANUP => 1);
    my ($out, $err, $status) = Trap::Process::run('timeout', 300, $testssl, '--quiet', '--warnings', 'batch', '--color', 0,
        '--starttls', 'smtp', '--protocols', '--client-simulation', '--nodns', 'none', '--jsonfile', "$dir/json",
        $trap->address . ':' . $trap->port);
    isnt($status >> 8, 124, 'testssl.sh comes to its end');
    my %found = map { $_->{id} => $_->{finding} } @{decode_json(slurp("$dir/json"))};
    like($found{"TLS$_"} // 'nothing', qr/^offered/, "it finds TLS $_") for '1', '1_1', '1_2', '1_3';
    unlike($found{SSLv2} // 'nothing', qr/^(?:vulnerable|offered)/, 'and no SSLv2');
    my @clients = grep { /^clientsimulation-/ } sort keys %found;
    note join "\n", map { "$_: $found{$_}" } @clients;
    cmp_ok(scalar @clients, '>=', 15, 'it plays the clients that send mail');
    is(join(', ', map { "$_: $found{$_}" } grep { $found{$_} =~ /No connection/i } @clients), '', 'and each of them connects');
}
$trap->done;
done_testing;
