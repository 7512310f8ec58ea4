#!/usr/bin/perl
# holes.t: what may happen to logs, state directory and clock that would make a shipper pass records
# over without a word: each is named, and nothing is lost.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use Test::More;
use Trap qw(wait_for);
use Trap::File qw(slurp);
use Trap::ShipLogs qw(count_lines make_logs messages once shipper);

plan skip_all => 'smtptrap-ship was built without libnats' if !-x "$Trap::BUILD/smtptrap-ship";

my $work = tempdir(CLEANUP => 1);
use constant {LATER => 1_893_456_000, EARLIER => 1_700_000_000}; # 2030, 2023; t/tools/logwrite begins in 2025

sub put_into { my ($from, $to) = @_; copy($_, "$to/" . s{.*/}{}r) or die "$_: $!" for messages($from) }
# Under a finished name a file is whole from the start.
sub appear {
    my ($from, $file) = @_;
    copy($from, "$file.new") or die "$file: $!";
    rename "$file.new", $file or die "$file: $!";
}

sub empty { my ($logs) = @_; unlink messages($logs) }
sub shipped { my ($logs) = @_; return scalar keys %{{count_lines("$logs.out")}} }

subtest 'logs that were removed, all of them, and a trap that begins anew' => sub {
    my $logs = make_logs($work, 60, '-r', 20);
    my $ship = shipper($logs);
    is((once($ship))[0], 60, 'three files are shipped');
    empty($logs);
    put_into(make_logs($work, 80, '-r', 20, '-t', LATER), $logs); # as many files, and one more
    my ($n, $err, $status) = once($ship);
    is($n, 80, 'all of the new ones are, though their numbers are lower');
    like($err, qr/000003\.jsonl\.gz, .*the file is gone, and later ones have lower numbers: the logs began anew/, 'that is told');
    is($status, 0, 'it ends well');
    is((once($ship))[0], 0, 'once');
};

subtest 'a checkpoint of other logs' => sub {
    my $logs = make_logs($work, 40, '-r', 20);
    my $other = make_logs($work, 20, '-s', 500, '-t', LATER);
    my $ship = shipper($other);
    is((once($ship))[0], 20, 'logs with higher numbers, and later, are shipped');
    empty($other);
    put_into($logs, $other);
    my ($n, $err, $status) = once($ship);
    is($status, 1, 'when there are others in their place, it does not wait for more, in vain');
    like($err, qr{ship\.checkpoint: message-\S+-000500\.jsonl\.gz is not in \Q$other\E, and all message files there are older: }, 'it says why');
    like($err, qr/--from-start/, 'and what to do');
    is($n, 0, 'nothing is shipped');
    is((once($ship, '--from-start'))[0], 40, '--from-start ships all');
};

subtest 'a checkpoint whose file is there, and shorter' => sub {
    my $logs = make_logs($work, 30);
    my $ship = shipper($logs);
    is((once($ship))[0], 30, 'a file is shipped');
    my ($file) = messages($logs);
    copy((messages(make_logs($work, 12, '-t', EARLIER)))[0], $file); # as from a backup
    my ($n, $err) = once($ship);
    is($n, 12, 'what stands there now is shipped');
    like($err, qr/what was read here is not there any more/, 'it is told');
};

subtest 'a clock that goes back' => sub {
    my $logs = make_logs($work, 40, '-r', 20);
    my $ship = shipper($logs);
    is((once($ship))[0], 40, 'two files are shipped');
    my $back = make_logs($work, 20, '-s', 41, '-t', EARLIER);
    my ($file) = messages($back);
    copy($file, "$logs/" . $file =~ s{.*/}{}r =~ s/000041/000003/r) or die;
    my ($n, $err) = once($ship);
    is($n, 20, 'a file with a higher number and an earlier time is the next');
    unlike($err, qr/gone|missing|back/, 'and no trouble');
    unlink grep { /-00000[12]\./ } messages($logs);
    is((once($ship))[0], 0, 'nor is it one when older files are removed, that are later by name');
};

subtest 'a log directory that is moved while it is followed' => sub {
    my $logs = make_logs($work, 40, '-r', 20);
    my $ship = shipper($logs);
    $ship->start;
    ok(wait_for(60, sub { shipped($logs) == 40 }), 'files are shipped');
    rename $logs, "$logs.away" or die;
    $ship->wait_said(qr{\Q$logs\E: No such file or directory; looking for it again});
    appear((messages(make_logs($work, 20, '-s', 41, '-t', LATER)))[0], "$logs.away/message-20261122T103040Z-000003.jsonl.gz");
    ok(wait_for(60, sub { shipped($logs) == 60 }), 'it is still followed');
    mkdir "$logs.new" or die;
    put_into("$logs.away", "$logs.new"); # to another disk, with all that was there
    rename "$logs.new", $logs or die;
    $ship->wait_said(qr{\Q$logs\E is another folder now});
    appear((messages(make_logs($work, 20, '-s', 61, '-t', LATER + 100)))[0], "$logs/message-20261122T103040Z-000004.jsonl.gz");
    ok(wait_for(60, sub { shipped($logs) == 80 }), 'then the one that has its name') or diag $ship->log_text;
    is(scalar(grep { $_ != 1 } values %{{count_lines("$logs.out")}}), 0, 'each record once');
    is(scalar(() = $ship->log_text =~ /No such file/g), 1, 'that there was none is told once');
    is($ship->stop, 0, 'it leaves in order');
};

subtest 'a state directory without room' => sub {
    plan skip_all => 'only root can mount a file system' if $> != 0;
    my $logs = make_logs($work, 300);
    my $ship = shipper($logs, batch => 10, checkpoint => '10ms');
    my $state = $ship->dir . '/state';
    my $pid = open(my $shell, '|-', 'unshare', '-m', 'sh', '-c', <<'END', 'sh', $state, $ship->dir) or die;
mount -t tmpfs -o size=16k tmpfs "$1" && dd if=/dev/zero of="$1/full" bs=1k 2>/dev/null
echo $? >"$2/mounted"
read line
rm "$1/full"
echo done >"$2/room"
read line
END
    $shell->autoflush;
    wait_for(60, sub { -s $ship->dir . '/mounted' }) or die 'no shell';
    SKIP: {
        skip 'there is no file system to mount here', 5 if slurp($ship->dir . '/mounted') !~ /^1$/; # dd: no space left
        $ship->{wrap} = ['nsenter', '-m', '-r', '-t', $pid];
        $ship->start;
        $ship->wait_said(qr{checkpoint in \Q$state\E: No space left on device; trying again});
        my $n = shipped($logs);
        cmp_ok($n, '<', 300, "only some batches are shipped without a checkpoint: $n");
        print $shell "\n";
        ok(wait_for(60, sub { shipped($logs) == 300 }), 'once there is room all are') or diag $ship->log_text;
        is(scalar(grep { $_ != 1 } values %{{count_lines("$logs.out")}}), 0, 'each once');
        like($ship->log_text, qr/shipping goes on/, 'that is told');
        is($ship->stop, 0, 'it leaves in order');
    }
    print $shell "\n\n";
    close $shell;
};
done_testing;
