#!/usr/bin/perl
# rejected.t: records past the payload limit: each is named, counted and kept within the bound, over
# restarts; a full disk holds shipping up and loses none.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;
use Trap::Nats;
use Trap::File qw(slurp_or_empty);
use Trap::ShipLogs qw(make_logs);
use Trap::Shipper;

my $why = Trap::Nats::missing();
plan skip_all => $why if $why;

use constant {EACH => 60, BOUND => 16 * 1024, LIMIT => 1024 - 256}; # what is left of 1k for a record
my $work = tempdir(CLEANUP => 1);
my $nats = Trap::Nats->new;

# Two files of records, every second one too long, by 100 bytes and more; the 20th of each is longer than
# what is kept of a record.
my $logs = make_logs($work, 2 * EACH, '-r', EACH);
my @files = sort glob "$logs/message-*";
my @long; # ids, file by file
for my $file (@files) {
    my @lines = split /\n/, (Trap::Process::run('zcat', $file))[0];
    my @ids;
    for my $n (grep { $_ % 2 } 0 .. $#lines) {
        my $more = $n == 19 ? 9000 : LIMIT + 100 + 30 * $n - length $lines[$n];
        $lines[$n] =~ s/\}$/',"header_subject":"' . 'x' x $more . '"}'/e;
        push @ids, $lines[$n] =~ /"id":"([0-9a-f-]{36})"/;
    }
    push @long, \@ids;
    open my $z, '|-', "gzip > $file" or die;
    print $z map { "$_\n" } @lines;
    close $z;
}
rename $files[1], "$work/later" or die;

my %more = (nats => $nats, logs => $logs, nats_conf => {'max-payload' => '1k'});
my $ship = Trap::Shipper->new(%more, conf => {'rejected-size' => BOUND, streams => 'message', batch => 10, checkpoint => '10ms'});
my ($out, $err, $status) = $ship->run('--setup');
is($status, 0, 'there is a stream') or diag $err;

my $state = $ship->dir . '/state';
sub kept { return map { /"id":"([0-9a-f-]{36})"/ } map { split /\n/, slurp_or_empty("$state/$_") } 'rejected.jsonl.old', 'rejected.jsonl' }
sub counted { return (slurp_or_empty("$state/ship.checkpoint") =~ /^message .* rejected (\d+) /m)[0] }
sub named { return $_[0] =~ /message ([0-9a-f-]{36}), \d+ bytes, is rejected: \d+ bytes are more than the servers take/g }
sub dropped { my $n = 0; $n += $_ for $_[0] =~ /rejected\.jsonl\.old: (\d+) older rejected records made room/g; return $n }

# What must hold when these were rejected, the newest last.
my $dropped = 0;
sub right {
    my ($said, $new, @all) = @_;
    is_deeply([named($said)], $new, 'each that is too long is named, once');
    my @too_long = $said =~ /^.*too long for the file of rejected records, which has its id alone$/mg;
    is(scalar @too_long, 1, 'so is that of one the line has not all');
    is(counted(), scalar @all, 'the checkpoint counts them');
    cmp_ok(-s "$state/$_", '<=', BOUND / 2, "$_ is within its half") for 'rejected.jsonl', 'rejected.jsonl.old';
    $dropped += dropped($said);
    my @kept = kept();
    is_deeply(\@kept, [@all[$dropped .. $#all]], 'the newest are kept, and how many others made room is told');
    cmp_ok($dropped, '>', 0, 'some did');
}

($out, $err, $status) = $ship->run('--once');
is($status, 0, 'it ends well');
is($nats->messages('SMTPTRAP'), EACH / 2, 'the others are in the stream');
right($err, $long[0], @{$long[0]});

# A restart, after a crash that left a part of a line; then a disk that is full from the start.
open my $f, '>>', "$state/rejected.jsonl" or die;
print $f '{"rejected_at":"20';
close $f;
my $size = -s "$state/rejected.jsonl";
rename "$work/later", $files[1] or die;
$ship->{wrap} = ['prlimit', "--fsize=$size:unlimited"];
$ship->start;
my $said = $ship->wait_said(qr{\Q$state\E/rejected\.jsonl: File too large; trying again});
is_deeply([named($said)], [], 'with the disk full nothing is called rejected that is not kept');
is(system('prlimit', '--pid', $ship->pid, '--fsize=unlimited:unlimited'), 0, 'then there is room');
ok(Trap::wait_for(60, sub { counted() == EACH }), 'all are counted, those before the restart, too') or diag $ship->log_text;
is($ship->stop, 0, 'it leaves in order');
right($ship->log_text, $long[1], map { @$_ } @long);
is($nats->messages('SMTPTRAP'), EACH, 'all others are in the stream');
like(($ship->run('--status'))[0], qr/^message: @{[EACH]} shipped, @{[EACH]} rejected, 0 missing$/m, '--status tells both counts');
done_testing;
