#!/usr/bin/perl
# report_large.t: a report over more than a million addresses: estimates are marked and their error is
# told, memory is bounded, a bar is shown on a terminal and nothing in a pipe.
use strict;
use warnings;
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;
use Trap;
use Trap::File qw(slurp);
use Trap::Process;

use constant {ADDRESSES => 1_000_100, FILES => 2, MEMORY => 320 << 20};

# The session of a real client, with the fields that tables count, again and again with other addresses.
my $trap = Trap->new;
my $c = $trap->client;
$c->cmd('EHLO large.test');
$c->starttls;
$c->cmd('EHLO large.test');
$c->quit;
$trap->done;
my ($out) = $trap->smtptrap('cat');
my ($line) = grep { /"type":"session"/ } split /\n/, $out;
my $fields = qr/v|type|id|seq|ts|client_ip|helo|phase|tls_outcome|tls_version|messages_accepted|ja4/;
$line = '{' . join(',', $line =~ /[{,]("$fields":(?:"[^"]*"|\d+))/g) . '}';
my ($before, $after) = $line =~ /^(.*"client_ip":")[^"]*(".*)$/ or die "no client_ip in $line";

my $work = tempdir('large-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my @files;
for my $f (1 .. FILES) {
    push @files, "$work/session-20261122T00000${f}Z-00000$f.jsonl.gz";
    open my $to, '|-', "gzip -1 >$files[-1]" or die "gzip: $!";
    for my $n (ADDRESSES / FILES * ($f - 1) .. ADDRESSES / FILES * $f - 1) {
        print $to $before, join('.', 1 + ($n >> 16), $n >> 8 & 255, $n & 255, 1), $after, "\n";
    }
    close $to or die "gzip: $!";
}

sub report { return Trap::Process::run("$Trap::BUILD/smtptrap", 'report', @_) }

($out, my $err, my $status) = report(@files);
is_deeply([$err, $status], ['', 0], 'nothing is shown on standard error in a pipe');
like($out, qr/^~ marks estimates of unique addresses: standard error 0\.81 %$/m, 'the error of estimates is told');
my ($estimate) = $out =~ /^  total\s+1000100\s+100\.0\s+~(\d+)/m;
ok($estimate, 'beyond a million addresses are estimated, and marked') or diag $out;
cmp_ok(abs($estimate - ADDRESSES) / ADDRESSES, '<', 4 * 0.0081, 'within four standard errors');
($out) = report('--format', 'json', $files[0]);
my ($total) = grep { $_->{kind} eq 'total' } @{decode_json($out)->{sections}[0]{rows}};
is_deeply([@$total{qw(count addresses estimated)}], [ADDRESSES / FILES, ADDRESSES / FILES, JSON::PP::false],
    'fewer are counted exactly');

# script(1) runs it on a terminal of its own; sanitizers take more memory.
my $limit = Trap::sanitized() ? '' : 'prlimit --as=' . MEMORY . ' ';
($out, $err, $status) = Trap::Process::run('script', '-qec',
    "$limit$Trap::BUILD/smtptrap report tls fingerprints journeys yakkers @files >$work/out", '/dev/null');
is($status, 0, 'more tables of it take no more than ' . (MEMORY >> 20) . ' MiB of address space') or diag $out;
like($out, qr/\r\[#* *\] +\d+ %/, 'on a terminal a bar shows how far it is');
like($out, qr/\r +\r\z/, 'and goes when it is done');
my $text = slurp("$work/out");
unlike($text, qr/\[#/, 'it does not get into the report');
like($text, qr/^journeys next:/m, 'which is there');
done_testing;
