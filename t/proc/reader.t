#!/usr/bin/perl
# The reader on log files as the library writes them (t/tools/logwrite): whole, growing, torn,
# damaged, with files missing; and what zcat and Python's mailbox make of the same files.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IO::Compress::Gzip qw(gzip $GzipError);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use JSON::PP;
use Test::More;
use Trap::File qw(slurp spew);
use Trap::Process;

my $build = $ENV{TRAP_BUILD} // '.';
my $reader = "$build/smtptrap";
my $writer = "$build/t/tools/logwrite";
my $work = tempdir(CLEANUP => 1);

# Run a program; returns what it wrote to both, and its status.
sub run {
    my ($out, $err, $status) = Trap::Process::run(@_);
    die "$_[0] died of signal " . ($status & 127) if $status & 127;
    return ($out, $err, $status >> 8);
}

sub trap { return run($reader, @_) }

my @raw = (
    "Subject: plain\r\n\r\nhello\r\n",
    '',
    "no line end",
    "From the start\r\n>From\r\n>>From two\r\nFrom",
    "bare\rCR, bare\nLF,\0NUL, \xff\xfe 8 bit\r\n.\r\n..\r\n",
    "\n\n\nFrom \nFrom \n",
    join('', map { "Line $_ of a long message\r\n" } 1 .. 60_000),
    ">From ",
    "\r\n",
    join('', map { chr(($_ * 7919 + ($_ >> 5)) & 255) } 1 .. 400_000),
);
my @files = map { "$work/raw$_" } 0 .. $#raw;
spew($files[$_], $raw[$_]) for 0 .. $#raw;

# Make a log directory; returns its path and the list of [session, message, file].
my $made = 0;
sub make_logs {
    my (@options) = @_;
    my $dir = "$work/log" . $made++;
    mkdir $dir or die;
    my ($out, $err, $rc) = run($writer, @options, $dir, @files);
    die "logwrite: $err" if $rc;
    return ($dir, map { [split ' '] } split /\n/, $out);
}

sub logs_of { my ($dir, $stream) = @_; return sort glob "$dir/$stream-*" }
sub base { my ($path) = @_; return $path =~ s{.*/}{}r }

my ($dir, @ids) = make_logs('-r', 4);

subtest 'whole files' => sub {
    is_deeply([trap('-d', $dir, 'verify')],
        [sprintf("ok: 9 files, 4 sessions, %d messages, %d of them stored (%d bytes)\n",
            scalar @raw, scalar @raw, length join '', @raw), '', 0], 'verify finds nothing wrong');
    for my $stream ('session', 'message') {
        my @zcat = run('zcat', logs_of($dir, $stream));
        is($zcat[2], 0, "zcat is content with the $stream stream");
        is_deeply([trap('-d', $dir, 'cat', '--stream', $stream)], \@zcat, 'and cat prints the same');
    }
    my ($all) = trap('cat', $dir);
    my @types = map { decode_json($_)->{type} } split /\n/, $all;
    is("@types", "session session session session" . ' message' x @raw, 'cat prints both streams');
    is_deeply([map { decode_json($_)->{seq} } split /\n/, $all], [1 .. 4, 1 .. @raw],
        'in the order of their numbers');
    is(run('zcat', logs_of($dir, 'mail')), 0, 'zcat is content with the mail stream');
};

subtest 'messages come back to the byte' => sub {
    for my $i (0 .. $#raw) {
        my @got = trap('-d', $dir, 'mail', $ids[$i][1]);
        ok($got[0] eq $raw[$i] && $got[1] eq '' && $got[2] == 0, "message $i by its identifier");
    }
    my ($one) = trap('-d', $dir, 'mail', '--eml', $ids[3][1]);
    is($one, $raw[3], '--eml is the same');
    my ($two) = trap('-d', $dir, 'mail', $ids[2][1], $ids[0][1]);
    is($two, $raw[2] . $raw[0], 'several, in the order asked for');
};

subtest 'Python reads the mail stream and what mail --mbox writes' => sub {
    my $script = "$work/read_mbox.py";
    spew($script, <<'PYTHON');
import mailbox, re, sys
box = mailbox.mbox(sys.argv[1], create=False)
for key in box.keys():
    raw = box.get_bytes(key)
    size = re.search(rb'^X-Trap-Size: (\d+)\r\n', raw, re.M)
    if size:
        raw = raw[size.end():]
    raw = re.sub(rb'^>(>*From )', rb'\1', raw, flags=re.M)
    print(box[key]['X-Trap-Id'] or '-', raw[:int(size.group(1)) if size else None].hex() or '-')
PYTHON
    my $n = 0;
    for my $file (logs_of($dir, 'mail')) {
        my ($plain) = run('zcat', $file);
        spew("$work/mbox", $plain);
        my ($out, $err) = run('python3', $script, "$work/mbox");
        is($err, '', base($file) . ' is a mailbox');
        for (split /\n/, $out) {
            my ($id, $hex) = split ' ';
            my $want = unpack 'H*', $raw[$n];
            ok($id eq $ids[$n][1] && ($hex eq '-' ? '' : $hex) eq $want, "with message $n to the byte");
            $n++;
        }
    }
    is($n, scalar @raw, 'all are there');
    spew("$work/mbox", (trap('-d', $dir, 'mail', '--mbox'))[0]);
    my ($out) = run('python3', $script, "$work/mbox");
    is(scalar(my @lines = split /\n/, $out), scalar @raw, 'mail --mbox gives all messages');
    unlike(slurp("$work/mbox"), qr/X-Trap-/, 'without the trace header');
    spew("$work/mbox", (trap('-d', $dir, 'mail', '--mbox', '--trace'))[0]);
    ($out) = run('python3', $script, "$work/mbox");
    is_deeply([map { (split ' ')[0] } split /\n/, $out], [map { $_->[1] } @ids], 'with it on demand');
    my ($stored) = run('zcat', logs_of($dir, 'mail'));
    is(slurp("$work/mbox"), $stored, 'and then it is what was stored');
};

subtest 'many messages into folders' => sub {
    my @got = trap('-d', $dir, 'mail', '--maildir', "$work/maildir");
    is_deeply(\@got, ['', '', 0], 'a maildir is made');
    is(scalar(glob_count("$work/maildir/tmp/*")), 0, 'nothing is left in tmp');
    for my $i (0 .. $#raw) {
        my ($file) = glob "$work/maildir/new/*.$ids[$i][1].*";
        ok($file && slurp($file) eq $raw[$i], "message $i is in it");
    }
    @got = trap('-d', $dir, 'mail', '--eml', "$work/eml", '--field', "subject=$files[3]");
    is_deeply(\@got, ['', '', 0], 'a folder of files is made');
    is_deeply([glob "$work/eml/*"], ["$work/eml/$ids[3][1].eml"], 'of the chosen message');
    is(slurp("$work/eml/$ids[3][1].eml"), $raw[3], 'to the byte');
    trap('-d', $dir, 'mail', '--maildir', "$work/traced", '--trace', $ids[0][1]);
    like(slurp((glob "$work/traced/new/*")[0]), qr/\AReturn-Path: .*^X-Trap-Size: \d+\r\nSubject: plain/ms,
        'the trace header stands before the message on demand');
};
sub glob_count { my ($pattern) = @_; my @found = glob $pattern; return scalar @found }

subtest 'records are chosen by time and field' => sub {
    my $count = sub {
        my ($out, $err, $rc) = trap('-d', $dir, 'cat', '--stream', 'message', @_);
        is("$err$rc", '0', "cat @_");
        return scalar(my @lines = split /\n/, $out);
    };
    is($count->('--since', '2025-11-22T10:30:03Z'), @raw - 3, 'since');
    is($count->('--until', '2025-11-22T10:30:03Z'), 3, 'until');
    is($count->('--since', '2025-11-22T10:30:02', '--until', '2025-11-22T11:30:05+01:00'), 3, 'both');
    is($count->('--since', '2025-11-23'), 0, 'nothing that late');
    is($count->('--until', '2025-11-22'), 0, 'nor that early');
    is($count->('--since', '1h'), 0, 'nor in the last hour');
    is($count->('--field', 'size=0'), 1, 'a number');
    is($count->('--field', 'rcpt_to=other@example.com'), scalar @raw, 'an element of a list');
    is($count->('--field', "subject=$files[1]", '--field', 'size=1'), 0, 'two fields');
    is($count->('--field', "session_id=$ids[3][0]"), 3, 'an identifier');
    is($count->('--where', 'size = 0'), 1, 'an expression');
    is($count->('--where', 'size = 0 or rcpt_to ~ "^other@"'), scalar @raw, 'a longer one');
    is($count->('--where', 'type prefix mess', '--field', 'size=0'), 1, 'with a field');
    is($count->('--where', 'ts >= 2025-11-22T10:30:03Z', '--until', '2025-11-22T10:30:05Z'), 2,
        'with a time');
};

subtest 'show' => sub {
    my ($out, $err, $rc) = trap('-d', $dir, 'show', $ids[3][0]);
    is("$err$rc", '0', 'a session is shown');
    like($out, qr/^client_ip +192\.0\.2\.7\n/m, 'with its facts');
    like($out, qr/^duration_us +1\.234567 s\n/m, 'times in seconds');
    like($out, qr/^id +\Q$ids[$_][1]\E\n/m, "its message $_") for 3 .. 5;
    like($out, qr/^    0\.010000 C EHLO caf\\xe9\.example\\x1b\[2J\n/m, 'the dialogue, made safe');
    like($out, qr/^    0\.010100 S 250-mx\.example\.net\n {15}250 SIZE\n/m, 'replies of several lines');
    like($out, qr/^    0\.030000 C \(4321 bytes of message data\)\n/m, 'bodies left out');
    unlike($out, qr/[^\n\x20-\x7e\x80-\xff]/, 'and no control character');
    is((trap('-d', $dir, 'show', $ids[4][1]))[0], $out, 'a message leads to its session');
    ($out, $err, $rc) = trap('-d', $dir, 'show', '019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c11');
    is("$out$rc", '1', 'an unknown identifier is trouble');
};

subtest 'files that are being written' => sub {
    my ($live, @live_ids) = make_logs('-k', '-r', 4);
    is(glob_count("$live/*.part"), 3, 'the last are .part');
    my @got = trap('-d', $live, 'verify');
    is($got[2], 0, 'verify is content') or diag $got[0];
    is_deeply([trap('-d', $live, 'mail', $live_ids[-1][1])], [$raw[-1], '', 0], 'the last message is there');
    my ($part) = glob "$live/message-*.part";
    my $whole = slurp($part);
    my %seen;
    for my $len (0 .. length $whole) {
        next if $len % 7 && $len < length($whole) - 40;
        spew("$work/growing.jsonl.gz.part", substr $whole, 0, $len);
        my ($out, $err, $rc) = trap('cat', "$work/growing.jsonl.gz.part");
        $seen{"$err$rc"}++;
        $seen{'half a line'}++ if $out ne '' && $out !~ /\}\n\z/;
        $seen{lines} = $out =~ tr/\n//;
    }
    is_deeply([sort keys %seen], ['0', 'lines'], 'at every length cat prints whole records without complaint');
    is($seen{lines}, 2, 'and at the end all');
};

# Give verify a damaged copy; returns its output.
sub verify_after {
    my ($what, $options, $damage) = @_;
    my ($copy, @copy_ids) = make_logs(@$options);
    $damage->($copy, \@copy_ids);
    my ($out, $err, $rc) = trap('-d', $copy, 'verify');
    is($err, '', "$what: nothing on standard error");
    like($out, $rc ? qr/^\d+ errors?\n\z/m : qr/^ok: .*\n\z/m, 'the last line sums up');
    return ($out, $rc, $copy, \@copy_ids);
}

sub change {
    my ($path, $edit) = @_;
    my $text;
    gunzip($path => \$text, MultiStream => 1) or die $GunzipError;
    local $_ = $text;
    $edit->();
    gzip(\"$_" => $path) or die $GzipError;
}

subtest 'verify finds' => sub {
    my ($out, $rc);
    for my $stream ('session', 'message', 'mail') {
        my $file;
        ($out, $rc) = verify_after("a flipped byte in $stream", ['-r', 4], sub {
            $file = (logs_of($_[0], $stream))[1];
            my $bytes = slurp($file);
            substr($bytes, length($bytes) - 6, 1) ^= "\x40";
            spew($file, $bytes);
        });
        is($rc, 1, 'is an error');
        like($out, qr/^\Q${\base($file)}\E: .*member at byte \d+: this gzip member is damaged$/m,
            'told by file and member');
    }
    for my $stream ('session', 'message', 'mail') {
        ($out, $rc) = verify_after("a missing file of $stream", ['-r', 4],
            sub { unlink((logs_of($_[0], $stream))[1]) });
        is($rc, 1, 'is an error');
        like($out, $stream eq 'mail' ? qr/record .*: its mail file is not there$/m
            : qr/: line 1: record [0-9a-f-]+: seq \d+ to \d+ are missing before it$/m, 'told');
    }
    ($out, $rc) = verify_after('the oldest files gone', ['-r', 4],
        sub { unlink map { (logs_of($_[0], $_))[0] } qw(session message mail) });
    is($rc, 0, 'is none') or diag $out;
    ($out, $rc) = verify_after('the oldest mail file gone', ['-r', 4],
        sub { unlink((logs_of($_[0], 'mail'))[0]) });
    is($rc, 0, 'is none') or diag $out;
    like($out, qr/, 4 removed with old files$/m, 'but is counted');
    ($out, $rc) = verify_after('the oldest message file gone', ['-r', 4],
        sub { unlink((logs_of($_[0], 'message'))[0]) });
    is($rc, 0, 'is none') or diag $out;
    like($out, qr/^ok: .*, 4 records removed with old files$/m, 'but is counted, without a line for each');
    unlike($out, qr/^info:/m, 'as what it is');
    ($out, $rc) = verify_after('a file that is there twice', ['-r', 4], sub {
        my ($first) = logs_of($_[0], 'session');
        copy($first, $first =~ s/000001/000009/r);
    });
    is($rc, 1, 'is an error');
    like($out, qr/: seq 1 comes after 4$/m, 'its numbers repeat');
    like($out, qr/: its id is there twice$/m, 'and its identifiers');
    for my $stream ('session', 'mail') {
        ($out, $rc) = verify_after("a finished $stream file that is cut", [], sub {
            my ($file) = logs_of($_[0], $stream);
            truncate $file, (-s $file) - 5;
        });
        is($rc, 1, 'is an error');
        like($out, qr/: the file ends in the middle of a (?:record|message)$/m, 'told');
    }
    ($out, $rc) = verify_after('another byte in a raw message', [], sub {
        change((logs_of($_[0], 'message'))[0], sub { s/"sha256":"./"sha256":"x/ });
    });
    is($rc, 1, 'is an error');
    like($out, qr/: line 1: record \S+: its sha256 is not that of the raw message$/m, 'told');
    ($out, $rc) = verify_after('a wrong place', [], sub {
        change((logs_of($_[0], 'message'))[0], sub { s/"mail_member_skip":0/"mail_member_skip":1/ });
    });
    like($out, qr/: its mail_member does not lead to its mail_offset$/m, 'is told');
    ($out, $rc) = verify_after('an accepted message without bytes', [], sub {
        change((logs_of($_[0], 'message'))[0], sub { s/,"mail_file":"[^"]*"// });
    });
    like($out, qr/: line 1: record \S+: it was accepted and has no raw bytes$/m, 'is told');
    for my $bad ('{"v":1}', 'x', '', '{"v":1,"type":"session","id":"x","seq":1,"ts":"2025-11-22"}') {
        ($out, $rc) = verify_after("the line '$bad'", [], sub {
            change((logs_of($_[0], 'session'))[0], sub { s/\n/\n$bad\n/ });
        });
        like($out, qr/: line 2, offset \d+, .*: this line is no record/m, 'is told by line and offset');
    }
    ($out, $rc) = verify_after('a record whose rest is no JSON', [], sub {
        change((logs_of($_[0], 'session'))[0], sub { s/"tls_version":/"tls_version"/ });
    });
    is($rc, 1, 'is an error');
};

subtest 'a raw message without a record is no error' => sub {
    my ($out, $rc, $copy) = verify_after('an orphan', ['-o', '-r', 4], sub { });
    is($rc, 0, 'verify is content');
    like($out, qr/^info: mail-\S+: offset \d+: message \S+ has no record$/m, 'it is told');
    like($out, qr/^ok: .*, 1 stored without a record$/m, 'and counted');
};

subtest 'one damaged member costs no more than itself' => sub {
    my ($copy, @copy_ids) = make_logs('-r', 4);
    my ($mail) = (logs_of($copy, 'mail'))[1];
    my $bytes = slurp($mail);
    my $second = index $bytes, "\x1f\x8b\x08\x04\0\0\0\0\0\x03\x14\0ST", 1;
    cmp_ok($second, '>', 0, 'a mail file of more than a MiB has two members');
    substr($bytes, 60, 8) = "\xff" x 8;
    spew($mail, $bytes);
    my ($out, $err, $rc) = trap('-d', $copy, 'mail', $copy_ids[4][1]);
    is($rc, 1, 'a message of the first is lost');
    like($err, qr/message \Q$copy_ids[4][1]\E: the gzip member is damaged/, 'and that is said');
    is_deeply([trap('-d', $copy, 'mail', $copy_ids[7][1])], [$raw[7], '', 0],
        'one of the second is not');
};

subtest 'wrong usage' => sub {
    for my $case ([], ['nothing'], ['cat', '--stream', 'mail'], ['cat', '--since', 'tomorrow'],
        ['cat', '--where', 'size', '--where', 'size'], ['cat', '--field', 'x=y'], ['cat', '--field', 'helo'], ['mail'], ['mail', '--maildir'],
        ['mail', '--since', '1h', $ids[0][1]], ['show'], ['verify', 'a', 'b'], ['fields', 'x'], ['-x']) {
        my ($out, $err, $rc) = trap(@$case);
        is($rc, 2, "'@$case' exits 2");
        like($err, qr/^usage:/m, 'and tells how');
    }
    like((trap('cat', '--where', 'size = 0 and tls_verson = x'))[1],
        qr/^smtptrap: --where: column 14: .* tls_version\n  size = 0 and tls_verson = x\n {15}\^\n/,
        'a fault in an expression is shown where it is');
    my ($out, $err, $rc) = trap('-V');
    like($out, qr/^smtptrap [0-9.]+\n\z/, '-V tells the version');
    ($out, $err, $rc) = trap('-h');
    ok($rc == 0 && $out =~ /^usage:/, '-h helps');
    ($out, $err, $rc) = trap('-d', "$work/nowhere", 'cat');
    ok($rc == 1 && $err =~ m{nowhere: No such file}, 'no log directory is trouble');
    ($out, $err, $rc) = trap('-d', $dir, 'mail', $ids[0][0]);
    ok($rc == 1 && $err =~ /no message/, 'a session is no message');
};

subtest 'the log directory comes from the configuration' => sub {
    spew("$work/good.conf", qq(hostname "mx.example.net"\nlisten { address 127.0.0.1 port 2525 }\n)
        . qq(log { directory "$dir" }\n));
    my @got = trap('-f', "$work/good.conf", 'verify');
    is($got[2], 0, 'that -f names') or diag @got;
    spew("$work/bad.conf", "log { directry \"x\" }\n");
    @got = trap('-f', "$work/bad.conf", 'verify');
    is($got[2], 1, 'a wrong one is trouble');
    like($got[1], qr/bad\.conf:1:/, 'told by file and line');
};

subtest 'fields are those of lib/record.def' => sub {
    my $source = $ENV{TRAP_SOURCE} // '.';
    my @names = slurp("$source/lib/record.def") =~ /^FIELD\(\w+, "(\w+)"/mg;
    my ($out) = trap('fields');
    is_deeply([map { (split /\t/)[0] } split /\n/, $out], \@names, 'all, in order');
    my $page = slurp("$build/doc/smtptrap-records.5");
    my @missing = grep { $page !~ /^\.It Va \Q$_\E$/m } @names;
    is("@missing", '', 'and all are in smtptrap-records(5)');
    for my $def ('oddity', 'tls_failure') {
        my @listed = slurp("$source/lib/$def.def") =~ /^\U$def\E\(\w+, "(\w+)"/mg;
        @missing = grep { $page !~ /^\.It Li \Q$_\E$/m } @listed;
        ok(@listed > 10 && !@missing, "and all of lib/$def.def") or diag "@missing";
    }
};

done_testing();
