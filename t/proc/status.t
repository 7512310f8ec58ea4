#!/usr/bin/perl
# status.t: smtptrap status shows the live table, escaped, and its descriptors cannot be written.
use strict;
use warnings;
use IO::Socket::UNIX;
use JSON::PP qw(decode_json);
use Socket qw(SOCK_SEQPACKET);
use Test::More;
use Trap qw(wait_for);
use Trap::Process;

my $trap = Trap->new(conf => {workers => {'spare-min' => 3, 'spare-max' => 5, max => 20}});
my @status = ("$Trap::BUILD/smtptrap", '-f', $trap->conf_file, 'status');

sub status {
    my ($out, $err, $code) = Trap::Process::run(@status, '--json');
    is($code, 0, 'status --json succeeds') or diag $err;
    return decode_json($out);
}

my $before = status();
is($before->{workers_idle}, 3, 'spare-min workers wait');
is($before->{workers_max}, 20, 'the limit is shown');
is($before->{master_pid}, $trap->pid, 'so is the master');
is($before->{sessions}, 0, 'no session yet');

my $plain = $trap->client(local => '127.8.7.6');
$plain->cmd("EHLO odd\x1b[31m\xff");
$plain->cmd('MAIL FROM:<a@b.test>');
my $tls = $trap->client;
$tls->cmd('EHLO tls.test');
$tls->starttls;
$tls->cmd('EHLO tls.test');
my $now = status();
is($now->{workers_in_session}, 2, 'two sessions are shown');
my ($row) = grep { ($_->{client_ip} // '') eq '127.8.7.6' } @{$now->{slots}};
is_deeply([@$row{qw(state phase commands errors local_ip local_port client_port)}],
    ['session', 'mail', 2, 0, $trap->address, $trap->port, $plain->local_port],
    'a row tells where a session is');
is($row->{helo}, "odd\x1b[31m\x{fffd}", 'what a client said is shown as UTF-8');
like($row->{id}, qr/^[0-9a-f-]{36}$/, 'with the identifier of its record to be');
my ($secure) = grep { ($_->{helo} // '') eq 'tls.test' } @{$now->{slots}};
like($secure->{tls_version}, qr/^TLSv1\.[23]$/, 'the TLS version of the other');
is($now->{tls_negotiated}, 1, 'and counts it');

my ($text, undef, $code) = Trap::Process::run(@status);
is($code, 0, 'status succeeds');
like($text, qr/127\.8\.7\.6:\d+ +mail .*odd\\x1b\[31m/, 'for a person, escape sequences are harmless');
unlike($text, qr/[\x00-\x09\x0b-\x1f\x7f]/, 'there is no control byte in it');

# ---- for programs that watch ----

sub check { my ($out, undef, $rc) = Trap::Process::run(@status, '--check', @_); return ($rc >> 8, $out) }
is_deeply([(check())[0]], [0], '--check: a trap that serves is OK');
like((check())[1], qr/^SMTPTRAP OK: clients are served, 2 sessions now\|sessions_now=2;;;0;20 (?:\w+=\d+c ?)+\n\z/,
    'on one line, with performance data');
my ($critical, $why) = check('--socket', $trap->dir . '/none');
is($critical, 2, '--check: one that does not answer is CRITICAL');
like($why, qr{^SMTPTRAP CRITICAL: \S+/none: No such file.*\n\z}, 'which is said');
SKIP: {
    skip 'becoming another user needs root', 2 if $> != 0;
    my $locked = $trap->dir . '/locked';
    mkdir $locked, 0700 or die "$locked: $!";
    my ($out, undef, $rc) = Trap::Process::run(qw(setpriv --reuid daemon --regid daemon --clear-groups), @status, '--check',
        '--socket', "$locked/socket");
    is($rc >> 8, 3, '--check: who may not ask does not know');
    like($out, qr/^SMTPTRAP UNKNOWN: .*Permission denied \(only those who may read the logs may ask\)$/, 'and says so');
}

$_->quit for $plain, $tls;
$trap->wait_count('session', 2);
# A worker counts its session after it has handed over the record.
ok(wait_for(60, sub { my $t = $trap->table; $t->{sessions} == 2 && $t->{workers_in_session} == 0 }),
    'afterwards they are counted');
is_deeply([@{status()}{qw(sessions workers_in_session records_session bad_frames)}], [2, 0, 2, 0], 'once each');

# Whoever asks gets the boards' descriptors: they must be good for reading only, or whoever takes
# a worker over could acknowledge messages that were not stored.
my $python = <<'END';
import mmap, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
_, fds, _, _ = socket.recv_fds(s, 64, 2)
for fd in fds:
    mmap.mmap(fd, 0, mmap.MAP_SHARED, mmap.PROT_READ)
    for how in (lambda: mmap.mmap(fd, 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE),
                lambda: os.pwrite(fd, b"x", 0), lambda: os.ftruncate(fd, 0)):
        try:
            how()
            print("possible")
        except OSError:
            print("refused")
END
my ($tried) = Trap::Process::run('python3', '-c', $python, $trap->dir . '/run/status.sock');
is($tried, "refused\n" x 6, 'neither board can be mapped for writing, written or cut');

# All workers in a session, and a disk that is full.
my $small = Trap->new(conf => {workers => {'spare-min' => 1, 'spare-max' => 1, max => 2}});
my @busy = map { $small->client } 1, 2;
@status = ("$Trap::BUILD/smtptrap", '-f', $small->conf_file, 'status');
$_->banner for @busy;
my ($warning, $all) = check();
is($warning, 1, '--check: no worker that is free is a WARNING');
like($all, qr/^SMTPTRAP WARNING: all workers serve a session: clients wait, 2 sessions now\|/, 'which is said');
$_->quit for @busy;
$small->done;
my $full = Trap->new(start => 0, conf => {log => {reserve => '1000t'}});
$full->expect(qr/messages are refused until this works again/);
$full->start;
@status = ("$Trap::BUILD/smtptrap", '-f', $full->conf_file, 'status');
my $sender = $full->client;
$sender->cmd('EHLO full.test');
is($sender->send_message(data => "Subject: x\r\n\r\nx\r\n"), 452, 'below the reserve no message is taken');
my ($refusing, $refused) = check();
is($refusing, 2, '--check: that is CRITICAL');
like($refused, qr/^SMTPTRAP CRITICAL: messages are refused: the log directory cannot be written/, 'and named');
$full->done;

@status = ("$Trap::BUILD/smtptrap", '-f', $trap->conf_file, 'status');
my (undef, $err, $missing) = Trap::Process::run(@status, '--socket', $trap->dir . '/none');
is($missing >> 8, 1, 'without a trap it fails');
like($err, qr{/none: No such file or directory \(is smtptrapd running\?\)$}, 'and names the socket');
$trap->done;
done_testing;
