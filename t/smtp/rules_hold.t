#!/usr/bin/perl
# rules_hold.t: rules that hold clients up, delay and slow: for as long as they say, for nobody else,
# and not beyond the end of the trap or of the session.
use strict;
use warnings;
use IO::Select;
use Test::More;
use Time::HiRes qw(time);
use Trap;

use constant {TARPITTED => 200, PATIENCE => 120}; # seconds for what has no deadline of its own

my $rules = <<'END';
rules {
	@connect set ip 127.9.2.1 with delay 1500ms
	@helo set ip 127.9.2.2 with delay 1s
	@mail set ip 127.9.2.2 with delay 1s
	@message accept ip 127.9.2.2 with delay 1s
	@connect set ip 127.9.2.3 with slow 100
	@rcpt reject ip 127.9.2.4 with slow 40 delay 500ms
	@connect set ip 127.9.2.5 with delay 10m
	@connect set ip 127.9.2.6 with slow 1
	@helo set ip 127.9.2.7 with delay 10m
	@connect set ip 127.9.3.0/24 with slow 2
	@connect set ip 127.9.2.8 with slow 4
	@connect set ip 127.9.2.9 with slow 100
}
END

sub trap {
    my (%conf) = @_;
    my $trap = Trap->new(start => 0, conf => \%conf);
    $trap->write_conf($trap->conf_text . $rules);
    $trap->start;
    return $trap;
}

# Seconds that the code takes.
sub takes {
    my ($sub) = @_;
    my $begin = time;
    $sub->();
    return time - $begin;
}

my $trap = trap();
my $hasty = trap(limits => {'session-timeout' => '6s'});

# ---- delay ----

my ($c, $time, $next);
for (1 .. 10) { # until the machine did not hold it up
    $time = takes(sub { $c = $trap->client(local => '127.9.2.1') });
    cmp_ok($time, '>=', 1.5, 'the greeting comes after the delay');
    $next = takes(sub { $c->cmd('EHLO x') });
    $c->quit;
    last if $time < 4 && $next < 1;
}
cmp_ok($time, '<', 4, 'and not much later');
cmp_ok($next, '<', 1, 'the next reply is not delayed');
cmp_ok($trap->session_of($c)->{duration_us}, '>=', 1_500_000, 'the record has the time');

$c = $trap->client(local => '127.9.2.2');
cmp_ok(takes(sub { $c->cmd('EHLO x') }), '>=', 1, 'a delayed reply to EHLO');
$time = takes(sub { $c->send("MAIL FROM:<a\@b.test>\r\nRCPT TO:<c\@d.test>\r\n"); $c->reply; $c->reply });
cmp_ok($time, '>=', 1, 'within a pipelined group');
is($c->cmd('DATA'), 354, 'DATA');
cmp_ok(takes(sub { is($c->cmd("x\r\n."), 250, 'the message is accepted') }), '>=', 1, 'after a delay');
$c->quit;
is(($trap->messages_of($trap->session_of($c)))[0]{verdict}, 'accepted', 'and its record says so');

$time = takes(sub {
    $c = $hasty->client(local => '127.9.2.5', banner => 0, seconds => 2 * PATIENCE);
    $c->reply;
});
cmp_ok($time, '<', PATIENCE, 'a delay ends with the session');
is($hasty->session_of($c)->{end_reason}, 'timeout', 'which is a time-out');

$c = $trap->client(local => '127.9.2.5', banner => 0, seconds => 2 * PATIENCE);
$time = takes(sub { shutdown $c->socket, 1; $c->drain });
cmp_ok($time, '<', PATIENCE, 'a client that has closed its side is not held up');
is($trap->session_of($c)->{end_reason}, 'client_closed', 'which is why its session ends');

# ---- slow ----

my $bytes;
$time = takes(sub { $c = $trap->client(local => '127.9.2.3'); $bytes = length $c->banner->text });
cmp_ok($time, '>=', $bytes / 100 * 0.9, "$bytes bytes of a greeting, 100 a second");
my $r;
$time = takes(sub { $r = $c->cmd('EHLO x') });
cmp_ok($time, '>=', length($r->text) / 100 * 0.9, 'and all further replies');
$c->quit;
is($trap->session_of($c)->{end_reason}, 'quit', 'the record is as of any session');

$c = $trap->client(local => '127.9.2.4');
$c->cmd($_) for 'EHLO x', 'MAIL FROM:<a@b.test>';
$time = takes(sub { $r = $c->cmd('RCPT TO:<c@d.test>') });
is($r, 550, 'slow from a later phase on');
cmp_ok($time, '>=', 0.5 + length($r->text) / 40 * 0.9, 'with that reply, after its delay');
$c->quit;

$c = $trap->client(local => '127.9.2.9');
$c->cmd('EHLO x');
$c->starttls;
$time = takes(sub { $r = $c->cmd('EHLO x') });
cmp_ok($time, '>=', length($r->text) / 100 * 0.9, 'and over TLS');
$c->quit;
is($trap->session_of($c)->{tls_outcome}, 'negotiated', 'whose handshake is not slowed');

$c = $hasty->client(local => '127.9.2.8', seconds => PATIENCE);
cmp_ok(length($c->banner->text) / 4, '>', 5, 'a greeting that takes nearly the session\'s time');
is($c->cmd('NOOP'), 250, 'leaves the client its own');
$c->close;
is($hasty->session_of($c)->{end_reason}, 'client_closed', 'and is no time-out');
$hasty->done;

# ---- the tarpit ----

$trap->done;
$trap = trap(workers => {'spare-min' => 16, 'spare-max' => 64, max => 260});
my @held = map { $trap->client(local => "127.9.3.$_", banner => 0) } 1 .. TARPITTED;
my $select = IO::Select->new(map { $_->socket } @held);
my (%spoke, $end);
$end = time + PATIENCE;
while (keys %spoke < TARPITTED && time < $end) {
    for my $socket ($select->can_read(1)) {
        sysread $socket, my $some, 1;
        $spoke{fileno $socket} = 1;
        $select->remove($socket);
    }
}
is(scalar keys %spoke, TARPITTED, TARPITTED . ' clients are in the tarpit');
my @times = sort { $a <=> $b } map {
    takes(sub {
        my $c = $trap->client(local => '127.9.4.1');
        $c->cmd($_) for 'EHLO x', 'MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', 'DATA', "x\r\n.";
        $c->quit;
    })
} 1 .. 20;
cmp_ok($times[10], '<', 20, sprintf 'others are served meanwhile, in %.3f s', $times[10]);
my $held = grep { my $slot = $_; ($slot->{client_ip} // '') =~ /^127\.9\.3\./ } @{$trap->table->{slots}};
is($held, TARPITTED, 'and all of them are still in it');
$_->close for @held;

# ---- the end ----

my $delayed = $trap->client(local => '127.9.2.7', seconds => 2 * PATIENCE);
$delayed->send("EHLO x\r\n");
my $slow = $trap->client(local => '127.9.2.6', banner => 0);
ok(Trap::wait_for(PATIENCE, sub { 2 == grep { ($_->{client_ip} // '') =~ /^127\.9\.2\.[67]$/ } @{$trap->table->{slots}} }),
    'one is delayed, one slow');
$time = takes(sub { $trap->signal('TERM'); $trap->wait_gone });
cmp_ok($time, '<', 60, 'SIGTERM ends delays and slowness');
like($delayed->drain, qr/^421 4\.3\.2 .*shutting down\r\n\z/m, 'with 421');
for my $client ($delayed, $slow) {
    is($trap->session_of($client)->{end_reason}, 'shutdown', 'the record says what it was');
}
is(join("\n", $trap->unexpected), '', 'the trap says nothing about itself that was not expected');
done_testing;
