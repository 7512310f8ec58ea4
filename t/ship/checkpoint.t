#!/usr/bin/perl
# checkpoint.t: what is kept over restarts, what is wrong with it, and who may use it.
use strict;
use warnings;
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
    'of zeros' => "\0" x length $good, 'of a later version' => $good =~ s/checkpoint 1/checkpoint 2/r,
);
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
