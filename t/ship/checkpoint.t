#!/usr/bin/perl
# checkpoint.t: what is kept over restarts, what is wrong with it, and who may use it.
use strict;
use warnings;
use Compress::Zlib qw(crc32);
use File::Temp qw(tempdir);
use Test::More;
use Trap qw(wait_for);
use Trap::File qw(slurp slurp_or_empty spew);
use Trap::ShipLogs qw(count_lines ids_of_logs make_logs);
use Trap::Shipper;

plan skip_all => 'smtptrap-ship was built without libnats' if !-x "$Trap::BUILD/smtptrap-ship";

my $work = tempdir(CLEANUP => 1);
my $logs = make_logs($work, 60, '-r', 20);
my @ids = ids_of_logs($logs);
my $ship = Trap::Shipper->new(logs => $logs, stdout => "$work/out", conf => {output => 'stdout'});
my $checkpoint = $ship->dir . '/state/ship.checkpoint';

my ($out, $err, $status) = $ship->run('--once');
is($status, 0, 'what is there is shipped once');
is(scalar(split /\n/, $out), @ids, 'all of it');
my $good = slurp($checkpoint);
like($good, qr/^message message-\S+ member \d+ line \d+ crc [0-9a-f]{8} seq 60 shipped 60 /m,
    'the checkpoint says so');
is((stat $checkpoint)[2] & 0777, 0640, 'nobody else may read it');

my %damage = (
    empty => '', 'cut short' => substr($good, 0, -10), 'with a changed digit' => $good =~ s/seq 60/seq 61/r,
    'of zeros' => "\0" x length $good, 'of a later version' => $good =~ s/checkpoint 3/checkpoint 4/r,
);
like($good, qr/\Asmtptrap-ship checkpoint 3\n(?:.*\n){2}sensors mx-example-net mx-example-net\n/,
    'and of which sensor the records are');
like(($ship->run('--status'))[0], qr/^message: message-\S+-000003\.jsonl\.gz, .*, record 60 of sensor mx-example-net$/m,
    'so does --status');
for my $how (sort keys %damage) {
    spew($checkpoint, $damage{$how});
    ($out, $err, $status) = $ship->run('--once');
    is($status >> 8, 1, "a checkpoint that is $how is refused");
    like($err, qr{\Q$checkpoint\E: the checkpoint is damaged; .*--from-start}, 'by name, with what to do');
    is($out, '', 'nothing is shipped');
    is(slurp($checkpoint), $damage{$how}, 'and it is left as it is');
    is(($ship->run('--status'))[2] >> 8, 1, '--status refuses it too');
}
($out, $err, $status) = $ship->run('--once', '--from-start');
is($status, 0, '--from-start goes on');
is(scalar(split /\n/, $out), @ids, 'with all records');
is(slurp($checkpoint), $good, 'and the checkpoint is good again');
ok(-e "$checkpoint.old", 'the damaged one is set aside');

# A checkpoint that another time wrote: what was shipped since comes again.
spew($checkpoint, $good);
unlink "$work/out";
$ship->start;
$ship->wait_said(qr/ ready: /);
($out, $err, $status) = $ship->run('--once');
is($status >> 8, 1, 'a second shipper on the same state directory is refused');
like($err, qr/another smtptrap-ship uses this folder/, 'and told why');
is(($ship->run('--status'))[2], 0, '--status works beside it');
is($ship->stop, 0, 'the first one leaves in order');

# ---- of other logs ----

sub sum { my ($text) = @_; return sprintf "%ssum %08x\n", $text, crc32($text) }

# What shippers wrote before they knew sensors.
sub old { my ($text) = @_; return sum($text =~ s/checkpoint 3/checkpoint 1/r =~ s/^(?:sensors|sum) .*\n//mgr) }

# Ship logs that are made so, with this checkpoint: (lines, what was said, exit status, whether the checkpoint
# is as it was, the shipper, its checkpoint).
sub other_logs {
    my ($text, @options) = @_;
    my $there = make_logs($work, 60, '-r', 20, @options);
    my $with = Trap::Shipper->new(logs => $there, conf => {output => 'stdout'});
    my $file = $with->dir . '/state/ship.checkpoint';
    spew($file, $text);
    my ($o, $e, $s) = $with->run('--once');
    return (scalar(() = $o =~ /^\{/mg), $e, $s >> 8, slurp($file) eq $text, $with, $file);
}

my $first = $good =~ s/-000003\.jsonl/-000001.jsonl/gr;
$first = sum($first =~ s/^sum .*\n//mr);
my @later = ('-s', 101, '-t', 1763900000); # of a trap that has had more: files from 000101 on
my ($n, $said, $exit, $same, $with, $file) = other_logs($first, @later, '-n', 'mx2.example.net');
is("$n $exit", '0 1', 'a checkpoint of another sensor, with lower file numbers, is refused');
my $differ = qr/is of sensor mx-example-net, but the records in session-\S+-000101\.jsonl\.gz are of sensor mx2-example-net/;
like($said, qr{\Q$file\E: session-\S+-000001\.jsonl\.gz $differ: this is the checkpoint of other logs, .*--from-start},
    'which names file, sensors and what to do');
unlike($said, qr/missing/, 'nothing is called missing');
ok($same, 'the checkpoint is left as it is');
is((() = ($with->run('--once', '--from-start'))[0] =~ /^\{/mg), 80, '--from-start ships all of them');
like(slurp($file), qr/^sensors mx2-example-net mx2-example-net$/m, 'and the checkpoint is theirs');

($n, $said, $exit) = other_logs($first, @later);
is("$n $exit", '80 0', 'of logs of the same sensor that retention cut down all is shipped');
like($said, qr/records are missing before this place: 40, numbers 61 to 100/, 'and what is missing is told');
($n, $said, $exit) = other_logs(old($first), @later, '-n', 'mx2.example.net');
is("$n $exit", '80 0', 'a checkpoint without a sensor goes on as before');
like($said, qr/records are missing before this place/, 'with what is missing');

($n, $said, $exit, $same) = other_logs(old($good), '-r', 15, '-t', 1763800000); # four files
is("$n $exit", '0 1', 'one whose file number an older file has is refused, sensor or not');
like($said, qr/ (session-\S+-000003)\.jsonl\.gz is not there, but the older session-20251122T\S+-000003\.jsonl\.gz has its number: this/,
    'which names both');
ok($same, 'it is left as it is, too');
($n, $said, $exit) = other_logs($good, '-n', 'mx2.example.net');
is("$n $exit", '0 1', 'one with a file of the same name and another sensor is refused');
like($said, qr/-000003\.jsonl\.gz is of sensor mx-example-net, but the records in session-\S+-000003\.jsonl\.gz are of sensor mx2-example-net/,
    'by these names');
($n, $said, $exit) = other_logs($good);
is("$n $exit", '0 0', 'one of a copy of its logs is none of others');
like($said, qr/ 0 records shipped/, 'and nothing is shipped again');

spew($checkpoint, old($good));
($out, $err, $status) = $ship->run('--once');
is("$out$status", '0', 'an old checkpoint is taken for its own logs');
is(slurp($checkpoint), old($good), 'and stays until there is something more');
spew($checkpoint, $good);
$ship->start;
$ship->wait_said(qr/ ready: .* ready: /s);

# SIGHUP
my $conf = slurp($ship->conf_file);
spew($ship->conf_file, "$conf\nbatch many\n");
kill 'HUP', $ship->pid;
$ship->wait_said(qr/reload: the configuration is wrong: the old one stays/);
like($ship->log_text, qr/:\d+:\d+: batch must be a number/, 'SIGHUP: a wrong configuration is told with its place');
spew($ship->conf_file, $conf =~ s/state-directory \S+/state-directory "$work"/r);
kill 'HUP', $ship->pid;
$ship->wait_said(qr/state-directory need a restart/);
spew($ship->conf_file, $conf =~ s/output stdout/output file\nfile "$work\/other"/r);
kill 'HUP', $ship->pid;
$ship->wait_said(qr/reloaded/);
my (undef, undef, $more) = Trap::Process::run("$Trap::BUILD/t/tools/logwrite", '-s', 1000, $logs, "$work/message");
is($more, 0, 'records come');
ok(wait_for(60, sub { keys %{{count_lines("$work/other")}} == 2 }), 'they go where the new configuration says');
is(slurp_or_empty("$work/out"), '', 'and not where the old one said');
is($ship->stop, 0, 'it leaves in order');
like(slurp($checkpoint), qr/ seq 1000 shipped 61 /, 'with its checkpoint');

# --replay
my @files = sort glob "$logs/message-*-00000[12].*";
($out, $err, $status) = $ship->run('--output', 'stdout', '--replay', @files);
is($status, 0, '--replay ends well');
is(scalar(split /\n/, $out), 40, 'the records of two files are shipped again');
like(slurp($checkpoint), qr/ seq 1000 shipped 61 /, 'and the checkpoint stays');
($out, $err, $status) = $ship->run('--output', 'stdout', '--replay', "$work/none", $files[0]);
is($status >> 8, 1, '--replay of a file that is not there fails');
like($err, qr{\Q$work/none\E: cannot be read}, 'by name');
is(scalar(split /\n/, $out), 20, 'after shipping the others');
spew("$work/torn.gz", substr slurp($files[0]), 0, -30);
($out, $err, $status) = $ship->run('--output', 'stdout', '--replay', "$work/torn.gz");
is($status >> 8, 1, '--replay of a torn file fails');
like($err, qr{torn.gz: member at byte 0, behind line \d+: the file is torn}, 'by name');
is(scalar(split /\n/, $out), 19, 'after shipping what is whole');
is(($ship->run('--replay'))[2] >> 8, 2, '--replay wants files');
is(($ship->run('--replay', '--once', 'x'))[2] >> 8, 2, 'and excludes --once');
done_testing;
