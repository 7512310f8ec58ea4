#!/usr/bin/perl
# testssl.t: what testssl.sh and gnutls-cli-debug make of the trap.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Trap;

my $testssl = Trap::Process::program('testssl') // Trap::Process::program('testssl.sh');
my $debug = Trap::Process::program('gnutls-cli-debug');
plan skip_all => 'there is neither testssl.sh nor gnutls-cli-debug' if !$testssl && !$debug;

my $trap = Trap->new(conf => {limits => {'handshake-timeout' => '5s'},
    workers => {'spare-min' => 8, 'spare-max' => 32, max => 64}});
$trap->expect(qr/ worker \d+: /);

SKIP: {
    skip 'there is no gnutls-cli-debug', 1 if !$debug;
    my ($out, $err, $status) = Trap::Process::run('timeout', 120, $debug, '--starttls-proto=smtp', '-p', $trap->port, $trap->address);
    is($status, 0, 'gnutls-cli-debug comes to its end') or diag $out, $err;
    my %answer = map { /^\s*(?:whether|for|checking)?\s*(.*?)\.\.\. (.*)$/ ? ($1 => $2) : () } split /\n/, $out;
    note $out;
    my @yes = grep { /TLS 1\.[0-3]/ && /support/ && !/fallback|SSL/ } sort keys %answer;
    cmp_ok(scalar @yes, '>=', 4, 'it asks for each version of TLS');
    is(join(', ', grep { $answer{$_} !~ /^yes/ } @yes), '', 'and each is there');
}

SKIP: {
    skip 'there is no testssl.sh', 1 if !$testssl;
    my $dir = File::Temp::tempdir(CLEANUP => 1);
    my ($out, $err, $status) = Trap::Process::run('timeout', 300, $testssl, '--quiet', '--warnings', 'batch', '--color', 0,
        '--starttls', 'smtp', '--protocols', '--client-simulation', '--nodns', 'none', '--jsonfile', "$dir/json",
        $trap->address . ':' . $trap->port);
    isnt($status >> 8, 124, 'testssl.sh comes to its end');
    open my $f, '<', "$dir/json" or die "$dir/json: $!\n$out$err";
    my %found = map { $_->{id} => $_->{finding} } @{decode_json(do { local $/; <$f> })};
    like($found{"TLS$_"} // 'nothing', qr/^offered/, "it finds TLS $_") for '1', '1_1', '1_2', '1_3';
    unlike($found{SSLv2} // 'nothing', qr/^(?:vulnerable|offered)/, 'and no SSLv2');
    my @clients = grep { /^clientsimulation-/ } sort keys %found;
    note join "\n", map { "$_: $found{$_}" } @clients;
    cmp_ok(scalar @clients, '>=', 20, 'it plays many clients');
    is(join(', ', map { "$_: $found{$_}" } grep { $found{$_} =~ /No connection/i } @clients), '', 'and each of them connects');
}
$trap->done;
done_testing;
