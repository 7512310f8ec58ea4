#!/usr/bin/perl
# output.t: lines into files and pipes that are full, slow, broken, not there yet.
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_NONBLOCK);
use File::Temp qw(tempdir);
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(sleep);
use Trap qw(wait_for);
use Trap::File qw(slurp spew);
use Trap::ShipLogs qw(count_lines ids_of_logs make_logs);
use Trap::Shipper;

plan skip_all => 'smtptrap-ship was built without libnats' if !-x "$Trap::BUILD/smtptrap-ship";

my $work = tempdir(CLEANUP => 1);
my $logs = make_logs($work, 600, '-r', 200);
my @ids = ids_of_logs($logs);
my $size = 0; # of all lines
my $made = 0;

sub shipper {
    my (%o) = @_;
    my $conf = delete $o{conf} // {};
    return Trap::Shipper->new(logs => $logs, stdout => "$work/stdout" . $made++,
        conf => {output => 'stdout', 'retry-min' => '10ms', 'retry-max' => '50ms', batch => 10,
            checkpoint => '10ms', %$conf}, %o);
}

sub all_once { my %n = count_lines($_[0]); return keys %n == @ids && !grep { $_ != 1 } values %n }

subtest 'a file' => sub {
    my $ship = shipper(conf => {output => 'file', file => "$work/file"});
    is(($ship->run('--once'))[2], 0, 'records are shipped into a file');
    ok(all_once("$work/file"), 'each once');
    $size = -s "$work/file";
    is((stat "$work/file")[2] & 0777, 0640, 'nobody else may read it');
    spew("$work/file", slurp("$work/file") . '{"v":1,"part of a li');
    is(($ship->run('--once'))[2], 0, 'a part of a line at its end, as a crash leaves it,');
    is(-s "$work/file", $size, 'is cut off');
};

subtest 'a full disk' => sub {
    my $limit = int $size / 2;
    my $ship = shipper(conf => {output => 'file', file => "$work/limited"},
        wrap => ['prlimit', "--fsize=$limit:unlimited"]);
    $ship->start;
    $ship->wait_said(qr{\Q$work/limited\E: File too large; trying again});
    my %n = count_lines("$work/limited");
    ok(!$n{broken} && -s "$work/limited" <= $limit, 'what is in the file is whole lines');
    is(system('prlimit', '--pid', $ship->pid, '--fsize=unlimited:unlimited'), 0, 'then there is room');
    ok(wait_for(60, sub { all_once("$work/limited") }), 'all records come, each once') or diag $ship->log_text;
    like($ship->log_text, qr/shipping goes on/, 'that is told');
    is(scalar(() = $ship->log_text =~ /File too large/g), 1, 'the trouble was told once, not at each try');
    is($ship->stop, 0, 'it leaves in order');
};

subtest 'a checkpoint that cannot be written' => sub {
    my $ship = shipper(conf => {output => 'stdout'});
    my $in_the_way = $ship->dir . '/state/ship.checkpoint.new';
    mkdir $in_the_way;
    mkfifo("$work/cp", 0600) or die;
    open my $keep, '+<', "$work/cp" or die; # so that opening it waits for nobody
    $ship->{stdout} = "$work/cp";
    $ship->start;
    $ship->wait_said(qr{checkpoint in \S+: Is a directory; trying again});
    my $got = '';
    my $read_all = sub {
        my $bits = '';
        vec($bits, fileno $keep, 1) = 1;
        sysread $keep, $got, 1 << 16, length $got while select my $r = $bits, undef, undef, 0.2;
    };
    $read_all->();
    my $first = () = $got =~ /\n/g;
    cmp_ok($first, '<=', 300, "no more than some batches are sent without it: $first of " . @ids);
    rmdir $in_the_way;
    ok(wait_for(60, sub { $read_all->(); return $size <= length $got }), 'all records come');
    $ship->wait_said(qr/shipping goes on/);
    spew("$work/cp.out", $got);
    ok(all_once("$work/cp.out"), 'each once');
    is($ship->stop, 0, 'it leaves in order');
};

subtest 'a named pipe' => sub {
    mkfifo("$work/fifo", 0600) or die;
    my $ship = shipper(conf => {output => 'file', file => "$work/fifo", stop => '300ms'});
    $ship->start;
    $ship->wait_said(qr{\Q$work/fifo\E: No such device or address; trying again});
    sysopen my $reader, "$work/fifo", O_RDONLY | O_NONBLOCK or die;
    my $got = '';
    wait_for(60, sub { sysread $reader, $got, 5000, length $got; length $got > 20_000 });
    close $reader;
    $ship->wait_said(qr{\Q$work/fifo\E: Broken pipe; trying again});
    spew("$work/fifo.out", $got =~ s/[^\n]*\z//r);
    my %first = count_lines("$work/fifo.out");
    $got = '';
    sysopen $reader, "$work/fifo", O_RDONLY | O_NONBLOCK or die;
    my $last = substr $ids[-1], 8;
    ok(wait_for(60, sub { 1 while sysread $reader, $got, 65536, length $got; $got =~ /"id":"$last"/ && $got =~ /\n\z/ }),
        'a reader that comes later gets the rest') or diag $ship->log_text;
    spew("$work/fifo.out", $got);
    my %second = count_lines("$work/fifo.out");
    ok(!$first{broken} && !$second{broken}, 'in whole lines');
    cmp_ok(scalar(keys %first), '<', scalar @ids, 'the first did not have all');
    is($ship->stop, 0, 'it leaves in order');
};

subtest 'standard output that breaks' => sub {
    my $ship = shipper();
    my $head = "$work/head";
    my $conf = $ship->conf_file;
    my ($out, $err, $status) = Trap::Process::run('bash', '-c',
        "'$Trap::BUILD/smtptrap-ship' -f '$conf' | head -n 1 >'$head'; exit \${PIPESTATUS[0]}");
    is($status >> 8, 1, 'it leaves with 1');
    like($err, qr/standard output: Broken pipe: given up/, 'and says why');
    is(scalar(split /\n/, slurp($head)), 1, 'the reader had its line');
};

subtest 'a slow reader' => sub {
    mkfifo("$work/slow", 0600) or die;
    my $ship = shipper(conf => {output => 'file', file => "$work/slow", 'in-flight' => 10});
    sysopen my $reader, "$work/slow", O_RDONLY | O_NONBLOCK or die;
    $ship->start;
    my ($got, $before) = ('', -1);
    ok(wait_for(120, sub {
        sysread $reader, $got, 3000, length $got for 1 .. 10;
        return length $got >= $size;
    }), 'gets all');
    spew("$work/slow.out", $got);
    ok(all_once("$work/slow.out"), 'each record once');
    is($ship->stop, 0, 'it leaves in order');
};
done_testing;
