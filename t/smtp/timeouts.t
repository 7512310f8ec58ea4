#!/usr/bin/perl
# timeouts.t: clients that are slow or silent: each deadline cuts them off, and they hold nobody but
# their own worker.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Trap;

my $trap = Trap->new(
    listeners => [{}, {tls => 'implicit'}],
    conf => {workers => {'spare-min' => 2, 'spare-max' => 4, max => 16},
        limits => {'command-timeout' => '1s', 'session-timeout' => '5s', 'handshake-timeout' => '1500ms',
            'data-timeout' => '1s', 'write-timeout' => '1s', commands => 1000000, errors => 1000000}});

# What a slow client says before it falls silent or drips bytes; all run at once.
sub within_data { my ($c) = @_; $c->cmd('EHLO x'); $c->cmd('MAIL FROM:<a@b.test>'); $c->cmd('RCPT TO:<c@trap.test>'); $c->cmd('DATA') }
my @slow = (
    # title, listener, start, bytes to drip, every so many seconds; seconds until cut, phase, reply
    ['silence', 0, sub {}, '', 0, 1, 'connect', 421],
    ['silence within a command', 0, sub { $_[0]->send('EHL') }, '', 0, 1, 'connect', 421],
    ['a byte of a command every 0.2 s', 0, sub {}, 'NOOP drip drip drip drip', 0.2, 1, 'connect', 421],
    ['a command every 0.5 s', 0, sub {}, "NOOP\r\n", 0.5, 5, 'connect', 421],
    ['silence after MAIL', 0, sub { $_[0]->cmd('EHLO x'); $_[0]->cmd('MAIL FROM:<a@b.test>') }, '', 0, 1, 'mail', 421],
    ['silence within data', 0, sub { within_data($_[0]); $_[0]->send("Subject: x\r\n") }, '', 0, 1, 'data', 421],
    ['a byte of data every 0.2 s', 0, \&within_data, 'xxxxxxxxx', 0.2, 5, 'data', 421],
    ['silence within a chunk', 0, sub { $_[0]->cmd('EHLO x'); $_[0]->cmd('MAIL FROM:<a@b.test>');
        $_[0]->cmd('RCPT TO:<c@trap.test>'); $_[0]->send("BDAT 100 LAST\r\nxx") }, '', 0, 1, 'data', 421],
    ['silence within AUTH', 0, sub { $_[0]->cmd('EHLO x'); $_[0]->cmd('AUTH LOGIN') }, '', 0, 1, 'helo', 421],
    ['silence over TLS', 0, sub { $_[0]->cmd('EHLO x'); $_[0]->starttls; $_[0]->cmd('EHLO x') }, '', 0, 1, 'helo', 421],
    ['silence instead of a handshake', 0, sub { $_[0]->cmd('EHLO x'); $_[0]->cmd('STARTTLS') }, '', 0, 1.5, 'helo', undef],
    ['silence on a port with implicit TLS', 1, sub {}, '', 0, 1.5, 'connect', undef],
    ['a byte of a handshake every 0.2 s', 1, sub {}, "\x16\x03\x01\x02\x00" . "\x01" x 30, 0.2, 1.5, 'connect', undef],
);
my @clients;
for my $row (@slow) {
    my ($title, $listener, $start, $drip, $every) = @$row;
    my $c = $trap->client(listener => $listener, banner => $listener == 0);
    $start->($c);
    push @clients, {client => $c, row => $row, began => time, next => time + $every};
}
isnt(scalar(@clients), 0, 'slow clients are there');
# Others are served meanwhile, at once.
my $slowest = 0;
my $end = time + 12;
while (grep({ !$_->{over} } @clients) && time < $end) {
    my $now = time;
    my $other = $trap->client;
    $other->quit;
    $slowest = time - $now if time - $now > $slowest;
    for my $slow (grep { !$_->{over} } @clients) {
        my ($c, $every) = ($slow->{client}, $slow->{row}[4]);
        if ($every && time >= $slow->{next}) {
            my $at = $slow->{sent}++;
            my $drip = $slow->{row}[3];
            $c->send($drip =~ /\n/ ? $drip : substr($drip, $at % length $drip, 1), quiet => 1);
            $slow->{next} += $every;
        }
        next if !$c->readable(0);
        my $got = $c->receive;
        if (defined $got && length $got) {
            $slow->{got} .= $got;
        } else {
            $slow->{over} = time - $slow->{began};
        }
    }
    sleep 0.05;
}
cmp_ok($slowest, '<', 1, 'others are served meanwhile');
for my $slow (@clients) {
    my ($title, $listener, undef, undef, undef, $seconds, $phase, $reply) = @{$slow->{row}};
    cmp_ok($slow->{over} // 99, '>=', $seconds - 0.2, "$title: is not cut off before its time");
    cmp_ok($slow->{over} // 99, '<', $seconds + 1.5, "$title: but then");
    my ($last) = ($slow->{got} // '') =~ /([^\n]*\n)\z/;
    is($last, $reply && "421 4.4.2 mx.trap.test Timeout\r\n", "$title: with 421") if $reply;
    my $s = $trap->session_of($slow->{client});
    is_deeply([@$s{qw(end_reason phase)}], ['timeout', $phase], "$title: and so it is recorded");
    next if $reply;
    is_deeply([@$s{qw(tls_outcome tls_failure)}], ['failed', 'timeout'], "$title: as a handshake that took too long");
}
my @messages = $trap->records('message');
is(join(' ', map { $_->{verdict} } @messages), 'aborted aborted aborted', 'messages that were under way are recorded');

# A client that does not read what it asked for.
my $c = $trap->client;
$c->socket->blocking(0);
my $began = time;
my $all = "HELP\r\n" x 2000;
1 while defined syswrite $c->socket, $all;
my $s = $trap->session_of($c);
is($s->{end_reason}, 'timeout', 'a client that does not read is cut off');
cmp_ok($s->{duration_us}, '<', 5_500_000, 'in time');
$trap->done;
done_testing;
