#!/usr/bin/perl
# full.t: a log directory that fills up: 452 while there is no room, nothing that was acknowledged is
# lost, and service again as soon as there is room, without a restart.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Test::More;
use Time::HiRes qw(sleep time);

use constant MIB => 1024 * 1024;

# The file systems are mounted in a name space of our own: nothing is left behind, whatever happens.
if ($> != 0) {
    plan skip_all => 'mounting a tmpfs needs root';
} elsif (!$ENV{TRAP_UNSHARED}) {
    plan skip_all => 'unshare -m does not work here' if system('unshare -m true 2>/dev/null') != 0;
    $ENV{TRAP_UNSHARED} = 1;
    exec 'unshare', '-m', $^X, (map { "-I$_" } @INC), $0 or die "unshare: $!";
}
require Trap;
Trap->import('wait_for');
require Trap::Traffic;

my $base = File::Temp::tempdir(CLEANUP => 1);
chmod 0755, $base;

# A trap whose log directory is a file system of 64 MiB.
sub small_trap {
    my ($name, %log) = @_;
    my $dir = "$base/$name";
    mkdir $dir or die "$dir: $!";
    system('mount', '-t', 'tmpfs', '-o', 'size=64m,mode=0755', 'trap', $dir) == 0 or die "mount failed\n";
    my $trap = Trap->new(logs => $dir, conf => {log => {'rotate-size' => '8m', %log},
        limits => {messages => 100000, 'message-size' => '4m'}});
    $trap->expect(qr/ logger: .*: messages are refused until this works again$/,
        qr/ logger: the log directory can be written again: messages are accepted$/,
        qr/ logger: message log: (?:\d+ bytes of records wait to be written|\d+ records were lost)/,
        qr/ logger: log file \S+: cannot be finished yet: No space left on device$/);
    return $trap;
}

sub free_bytes {
    my ($trap) = @_;
    my ($out) = Trap::Process::run('df', '-B1', '--output=avail', $trap->logs);
    return ($out =~ /(\d+)/)[0];
}

# Take this much of the file system, or all there is.
sub ballast {
    my ($trap, $mib) = @_;
    open my $f, '>', $trap->logs . '/ballast' or die "ballast: $!";
    my $block = "\0" x MIB;
    for (1 .. $mib // 64) { last if (syswrite($f, $block) // 0) < MIB }
    if (!$mib) { 1 while syswrite $f, "\0" x 4096 }
}
sub no_ballast { my ($trap) = @_; unlink $trap->logs . '/ballast' or die "ballast: $!" }

sub is_full {
    my ($traffic) = @_;
    my $had = () = $traffic->refused;
    return wait_for(60, sub { ($traffic->refused)[$had + 10] });
}
sub is_served {
    my ($traffic) = @_;
    my $had = () = $traffic->acknowledged;
    return wait_for(60, sub { my @now = $traffic->acknowledged; @now > $had + 20 });
}

# Take all the room six times, and give it back; is it served after each?
sub is_eaten {
    my ($trap, $traffic) = @_;
    my $served = 1;
    for (1 .. 6) {
        $served &&= is_served($traffic);
        ballast($trap);
        sleep 0.3 + rand 0.5;
        no_ballast($trap);
    }
    return $served && is_served($traffic);
}

# A client that meets a full trap is told so, at MAIL or when its message finds no room, and is
# otherwise served.
sub meets_full_trap {
    my ($trap, $title) = @_;
    my $c = $trap->client;
    $c->cmd('EHLO x');
    my $line = 'x' x 998 . "\r\n";
    is($c->send_message(data => $line x 1000)->text,
        "452 4.3.1 Insufficient system storage\r\n", "$title: a message gets 452");
    is($c->cmd('NOOP'), 250, "$title: other commands are served");
    is($c->quit, 221, "$title: and QUIT");
}

# All that was acknowledged is there, once, with its bytes, and verify agrees.
sub is_complete {
    my ($trap, $title, %sent) = @_;
    my %recorded = map { $_->{id} => $_->{sha256} } grep { $_->{verdict} eq 'accepted' }
        $trap->records('message');
    my (%stored, @twice);
    for my $mail ($trap->mails) {
        push @twice, $mail->{id} if exists $stored{$mail->{id}};
        $stored{$mail->{id}} = sha256_hex($mail->{data});
    }
    cmp_ok(scalar keys %sent, '>', 50, "$title: messages were acknowledged");
    is(join(' ', grep { ($recorded{$_} // '') ne $sent{$_} } keys %sent), '',
        "$title: every acknowledged message has its record");
    is(join(' ', grep { ($stored{$_} // '') ne $sent{$_} } keys %sent), '', "$title: and its bytes");
    is("@twice", '', "$title: none is stored twice");
    for my $stream (qw(session message)) {
        my @seq = map { $_->{seq} } $trap->records($stream);
        is_deeply(\@seq, [1 .. @seq], "$title: the numbers of the $stream records have no gap");
    }
    my ($out, $err, $status) = $trap->smtptrap('verify');
    is($status, 0, "$title: smtptrap verify finds nothing wrong") or diag $out, $err;
    $trap->done;
    system('umount', $trap->logs) == 0 or diag 'umount failed';
}

# ---- filled by traffic ----
{
    my $trap = small_trap('traffic', reserve => 0);
    my $master = $trap->pid;
    my @workers = $trap->processes->workers;
    ballast($trap, 32);
    my $traffic = Trap::Traffic->new($trap, clients => 4, sizes => [50_000, 400_000]);
    ok(is_full($traffic), 'traffic: when the file system is full, messages are refused');
    my @other = grep { !/^\S+ 452 4\.3\.1 / } $traffic->refused;
    is(join('', @other), '', 'traffic: and all of them with 452');
    meets_full_trap($trap, 'traffic');
    no_ballast($trap);
    ok(is_served($traffic), 'traffic: with room again, messages are accepted again');
    ok(is_full($traffic), 'traffic: until it is full again');
    my %sent = $traffic->stop;
    is($trap->pid, $master, 'traffic: the trap was never started anew');
    is($trap->stop, 0, 'traffic: a full trap leaves in order');
    is_complete($trap, 'traffic', %sent);
}

# ---- the reserve ----
{
    my $trap = small_trap('reserve', reserve => '16m');
    ballast($trap, 32);
    my $traffic = Trap::Traffic->new($trap, clients => 4, sizes => [50_000, 400_000]);
    ok(is_full($traffic), 'reserve: messages are refused before the file system is full');
    cmp_ok(free_bytes($trap), '>=', 16 * MIB - 128 * 1024, 'reserve: the reserve is left free');
    cmp_ok(free_bytes($trap), '<', 18 * MIB, 'reserve: but not much more');
    meets_full_trap($trap, 'reserve');
    no_ballast($trap);
    ok(is_served($traffic), 'reserve: with room again, messages are accepted again');
    my %sent = $traffic->stop;
    is($trap->stop, 0, 'reserve: the trap leaves in order');
    is_complete($trap, 'reserve', %sent);
}

# ---- another eats the room in the middle of writing ----
{
    my $trap = small_trap('eaten', reserve => 0);
    my $traffic = Trap::Traffic->new($trap, clients => 4, sizes => [1000, 200_000], tls => 0.5);
    ok(is_eaten($trap, $traffic), 'eaten: six times without room, each time it goes on by itself');
    my %sent = $traffic->stop;
    like($trap->log_text, qr/No space left on device/, 'eaten: writes did fail');
    is($trap->stop, 0, 'eaten: the trap leaves in order');
    is_complete($trap, 'eaten', %sent);
}

# ---- another eats the room, while copies are stored once ----
{
    my $trap = small_trap('copies', reserve => 0, store => 'unique');
    my $traffic = Trap::Traffic->new($trap, clients => 4, sizes => [1000, 200_000], bodies => 20);
    ok(is_eaten($trap, $traffic), 'copies: six times without room, each time it goes on by itself');
    my %sent = $traffic->stop;
    is($trap->stop, 0, 'copies: the trap leaves in order');
    my ($got, $complaints) = $trap->mail_digests;
    is(join(' ', grep { ($got->{$_} // '') ne $sent{$_} } keys %sent), '', 'copies: all that was acknowledged is there');
    is($complaints, '', 'copies: no record is without its bytes');
    my %firsts;
    $firsts{$_->{sha256}}++ for grep { exists $_->{unique_from} } $trap->records('message');
    is(join(' ', grep { $firsts{$_} > 1 } keys %firsts), '', 'copies: nothing is stored twice');
    cmp_ok(scalar keys %sent, '>', 2 * keys %firsts, 'copies: though most came more than once');
    my ($out, $err, $status) = $trap->smtptrap('verify');
    is($status, 0, 'copies: smtptrap verify finds nothing wrong') or diag $out, $err;
    $trap->done;
    system('umount', $trap->logs) == 0 or diag 'umount failed';
}
done_testing;
