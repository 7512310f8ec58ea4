#!/usr/bin/perl
# logs.t: logs that are torn, damaged, mended, removed or cannot be read: each is named and counted,
# all else is shipped.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use Test::More;
use Trap qw(wait_for);
use Trap::File qw(slurp spew);
use Trap::ShipLogs qw(count_lines ids_of_logs make_logs messages once shipper);

plan skip_all => 'smtptrap-ship was built without libnats' if !-x "$Trap::BUILD/smtptrap-ship";

my $work = tempdir(CLEANUP => 1);

subtest 'a torn file' => sub {
    my $logs = make_logs($work, 60, '-r', 20);
    my $file = (messages($logs))[1];
    spew($file, substr slurp($file), 0, -30);
    my ($n, $err, $status) = once(shipper($logs));
    is($n, 59, 'all records but the torn one are shipped');
    like($err, qr/message-\S+-000002\.jsonl\.gz, .*the file is torn/, 'the file is named');
    like($err, qr/message-\S+-000003\.jsonl\.gz, .*records are missing before this place: 1, numbers 40 to 40/,
        'and what is missing is counted');
    is($status, 0, 'it ends well');
};

subtest 'a damaged file' => sub {
    my $logs = make_logs($work, 60, '-r', 20);
    my $file = (messages($logs))[1];
    my $bytes = slurp($file);
    substr $bytes, 40, 4, 'XXXX';
    spew($file, $bytes);
    my $ship = shipper($logs);
    my ($n, $err, $status) = once($ship);
    cmp_ok($n, '>=', 40, 'the other files are shipped');
    like($err, qr/000002\.jsonl\.gz, .*a gzip member is damaged and is passed over/, 'the file is named');
    my ($missing) = slurp($ship->dir . '/state/ship.checkpoint') =~ /^message .* missing (\d+)$/m;
    is($missing, 60 - $n, 'the checkpoint counts what is missing');
    like(($ship->run('--status'))[0], qr/^message: $n shipped, 0 rejected, $missing missing$/m, '--status shows it');
};

subtest 'bits flipped in the middle of a member' => sub {
    my $logs = make_logs($work, 60, '-r', 20);
    my @files = messages($logs);
    my @members = map { slurp($_) } @files;
    my $good = join '', (Trap::Process::run('zcat', @files))[0];
    my ($before, $inside, $behind) = $good =~ /^((?:.*\n){20})((?:.*\n){20})((?:.*\n){20})\z/ or die;
    unlink @files[1, 2];
    my (%wrong, $said);
    for my $round (1 .. 12) {
        my $damaged = $members[1];
        my $place = 60 + int((length($damaged) - 80) * $round / 13); # behind its header, before its checksum
        substr($damaged, $place, 1) ^= "\x55";
        spew($files[0], $members[0] . $damaged . $members[2]);
        for my $replay (0, 1) {
            my $ship = shipper($logs);
            (my $out, my $err, my $status) = $ship->run($replay ? ('--output', 'stdout', '--replay', $files[0]) : '--once');
            $wrong{output}++ if $out ne $before . $behind;
            $wrong{status}++ if $status >> 8 != $replay;
            my $at = length $members[0];
            $wrong{named}++ if $err !~ /000001\.jsonl\.gz[,:] member at byte $at, .*a gzip member is damaged and is passed over/;
            $wrong{counted}++ if !$replay && slurp($ship->dir . '/state/ship.checkpoint') !~ /^message .* missing 20$/m;
            $said = $err;
        }
    }
    is_deeply(\%wrong, {}, 'what is before and behind it is shipped, once, and nothing of it; its place is named, '
        . 'what is missing counted; so with --replay, which leaves with 1') or diag $said;

    # Where the checksum is right and a line is none.
    my $broken = join '', map { /"seq":30,/ ? s/\}\n$/\n/r : $_ } map { "$_\n" } split /\n/, $inside;
    open my $z, '|-', "gzip > $work/broken.gz" or die;
    print $z $broken;
    close $z;
    spew($files[0], $members[0] . slurp("$work/broken.gz") . $members[2]);
    my ($n, $err, $status) = once(shipper($logs));
    is($n, 59, 'a line that is not a whole object of JSON is not shipped, whatever the checksum says');
    my $at = length $members[0];
    like($err, qr/000001\.jsonl\.gz, member at byte $at, line 10: a line is no record and is passed over/, 'its place is named');
    like($err, qr/records are missing before this place: 1, numbers 30 to 30/, 'it is counted');
};

subtest 'retention ahead of the shipper' => sub {
    my $logs = make_logs($work, 80, '-r', 20);
    my $ship = shipper($logs);
    my @files = messages($logs);
    mkdir "$logs/kept";
    rename $_, "$logs/kept/" . s{.*/}{}r for @files[1 .. 3];
    is((once($ship))[0], 20, 'one file is shipped');
    copy("$logs/kept/" . $files[3] =~ s{.*/}{}r, $files[3]);
    unlink $files[0];
    my ($n, $err) = once($ship);
    is($n, 20, 'later one more, when two others were removed before they were read');
    like($err, qr/000004\.jsonl\.gz, .*records are missing before this place: 40, numbers 21 to 60/,
        'what is missing is told');
    my ($again, $said) = once($ship, '--from-start');
    unlike($said, qr/missing before/, 'from the oldest record that is there nothing is missing');
};

subtest 'a file that cannot be read' => sub {
    my $logs = make_logs($work, 60, '-r', 20);
    my $file = (messages($logs))[1];
    rename $file, "$file.kept";
    symlink "$file.kept", $file; # root reads everything, but follows no link
    my $ship = shipper($logs);
    $ship->start;
    $ship->wait_said(qr/000002\.jsonl\.gz, .*: cannot be read: Too many levels of symbolic links/);
    ok(wait_for(60, sub { keys %{{count_lines("$logs.out")}} == 20 }), 'what comes before it is shipped');
    rename "$file.kept", $file or die "rename: $!"; # in one step: a file that is gone is not waited for
    ok(wait_for(60, sub { keys %{{count_lines("$logs.out")}} == 60 }), 'it is read as soon as it can be')
        or diag $ship->log_text;
    is($ship->stop, 0, 'it leaves in order');
    is(scalar(() = $ship->log_text =~ /cannot be read/g), 1, 'it was named once, not at each try');

    rename $file, "$file.kept";
    symlink "$file.kept", $file;
    my ($n, $err, $status) = once(shipper($logs, 'give-up' => 0));
    is($n, 40, 'where it is given up, all else is shipped');
    like($err, qr/000002\.jsonl\.gz: could not be read for 0 s: given up/, 'that is told');
    like($err, qr/records are missing before this place: 20/, 'and what it held');
    ($n, $err, $status) = once(shipper($logs, stop => '300ms'));
    is($status, 1, '--once waits in vain only so long');
};

subtest 'a log that is repaired under its feet' => sub {
    my $logs = make_logs($work, 20, '-k');
    my ($file) = messages($logs);
    my $ship = shipper($logs);
    $ship->start;
    ok(wait_for(60, sub { keys %{{count_lines("$logs.out")}} == 20 }), 'a live file is shipped');
    my ($short) = messages(make_logs($work, 12, '-t', 1763900000));
    spew($file, slurp($short)); # cut back and finished, as after a crash
    rename $file, $file =~ s/\.part$//r;
    ok(wait_for(60, sub { keys %{{count_lines("$logs.out")}} == 32 }), 'what stands there then is shipped')
        or diag $ship->log_text;
    like($ship->log_text, qr/what was read here is not there any more/, 'it is told');
    is($ship->stop, 0, 'it leaves in order');
};

subtest 'a huge record' => sub {
    my $logs = make_logs($work, 1);
    my $ship = shipper($logs, 'in-flight-bytes' => '64k');
    my ($record) = map { (split /\n/)[0] } scalar((Trap::Process::run('zcat', messages($logs)))[0]);
    my $long = $record =~ s/\}$/',"subject":"' . 'x' x (2 << 20) . '"}'/er;
    my $next = $record =~ s/"seq":1\b/"seq":2/r =~ s/"id":"\K......../ffffffff/r;
    my ($file) = messages($logs);
    open my $z, '|-', "gzip > $file" or die;
    print $z "$long\n$next\n";
    close $z;
    $ship->start;
    ok(wait_for(60, sub { keys %{{count_lines("$logs.out")}} == 2 }), 'one of 2 MiB, past in-flight-bytes, is shipped, and the next');
    is(slurp("$logs.out"), "$long\n$next\n", 'to the byte');
    is($ship->stop, 0, 'it leaves in order');
};

subtest 'no log directory' => sub {
    my $ship = shipper("$work/nowhere");
    my ($n, $err, $status) = once($ship);
    is($status, 1, 'it cannot start');
    like($err, qr{\Q$work/nowhere\E: No such file}, 'and says why');
};
done_testing;
