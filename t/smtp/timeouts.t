#!/usr/bin/perl
# timeouts.t: clients that are slow or silent: each deadline cuts them off, and they hold nobody but
# their own worker.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Trap;

# Deadlines for what is silent, and for who goes on too long; each far from what the other cuts off.
use constant {CUT => 3, LONG => 5, FAR => '120s', PATIENCE => 60};
my %far = map { $_ => FAR } qw(command-timeout session-timeout handshake-timeout data-timeout);
my %more = (commands => 1000000, errors => 1000000);
my %trap = (
    silent => Trap->new(listeners => [{}, {tls => 'implicit'}],
        conf => {workers => {'spare-min' => 2, 'spare-max' => 4, max => 16}, limits => {%far, %more,
            map({ $_ => CUT . 's' } qw(command-timeout handshake-timeout data-timeout)), 'write-timeout' => '1s'}}),
    long => Trap->new(conf => {limits => {%far, %more, 'session-timeout' => LONG . 's'}}),
);

# What a slow client says before it falls silent or drips bytes; all run at once.
sub within_data { my ($c) = @_; $c->cmd('EHLO x'); $c->cmd('MAIL FROM:<a@b.test>'); $c->cmd('RCPT TO:<c@trap.test>'); $c->cmd('DATA') }
my @slow = (
    # title, trap, listener, start, bytes to drip, every so many seconds; phase, reply
    ['silence', 'silent', 0, sub {}, '', 0, 'connect', 421],
    ['silence within a command', 'silent', 0, sub { $_[0]->send('EHL') }, '', 0, 'connect', 421],
    ['a byte of a command every 0.2 s', 'silent', 0, sub {}, 'NOOP drip drip drip drip', 0.2, 'connect', 421],
    ['a command every 0.5 s', 'long', 0, sub {}, "NOOP\r\n", 0.5, 'connect', 421],
    ['silence after MAIL', 'silent', 0, sub { $_[0]->cmd('EHLO x'); $_[0]->cmd('MAIL FROM:<a@b.test>') }, '', 0, 'mail', 421],
    ['silence within data', 'silent', 0, sub { within_data($_[0]); $_[0]->send("Subject: x\r\n") }, '', 0, 'data', 421],
    ['a byte of data every 0.2 s', 'long', 0, \&within_data, 'xxxxxxxxx', 0.2, 'data', 421],
    ['silence within a chunk', 'silent', 0, sub { $_[0]->cmd('EHLO x'); $_[0]->cmd('MAIL FROM:<a@b.test>');
        $_[0]->cmd('RCPT TO:<c@trap.test>'); $_[0]->send("BDAT 100 LAST\r\nxx") }, '', 0, 'data', 421],
    ['silence within AUTH', 'silent', 0, sub { $_[0]->cmd('EHLO x'); $_[0]->cmd('AUTH LOGIN') }, '', 0, 'helo', 421],
    ['silence over TLS', 'silent', 0, sub { $_[0]->cmd('EHLO x'); $_[0]->starttls; $_[0]->cmd('EHLO x') }, '', 0, 'helo', 421],
    ['silence instead of a handshake', 'silent', 0, sub { $_[0]->cmd('EHLO x'); $_[0]->cmd('STARTTLS') }, '', 0, 'helo', undef],
    ['silence on a port with implicit TLS', 'silent', 1, sub {}, '', 0, 'connect', undef],
    ['a byte of a handshake every 0.2 s', 'silent', 1, sub {}, "\x16\x03\x01\x02\x00" . "\x01" x 30, 0.2, 'connect', undef],
);
my @clients;
for my $row (@slow) {
    my ($title, $trap, $listener, $start, $drip, $every) = @$row;
    my $c = $trap{$trap}->client(listener => $listener, banner => $listener == 0);
    $start->($c);
    push @clients, {client => $c, row => $row, next => time + $every};
}
isnt(scalar(@clients), 0, 'slow clients are there');
my $end = time + PATIENCE;
while (grep({ !$_->{over} } @clients) && time < $end) {
    for my $slow (grep { !$_->{over} } @clients) {
        my ($c, $every) = ($slow->{client}, $slow->{row}[5]);
        if ($every && time >= $slow->{next}) {
            my $at = $slow->{sent}++;
            my $drip = $slow->{row}[4];
            $c->send($drip =~ /\n/ ? $drip : substr($drip, $at % length $drip, 1), quiet => 1);
            $slow->{next} += $every;
        }
        next if !$c->readable(0);
        my $got = $c->receive;
        if (defined $got && length $got) {
            $slow->{got} .= $got;
        } else {
            $slow->{over} = 1;
        }
    }
    sleep 0.05;
}
# When, by the trap's own clock: ours stands still now and then.
for my $slow (@clients) {
    my ($title, $name, undef, undef, undef, undef, $phase, $reply) = @{$slow->{row}};
    my $trap = $trap{$name};
    my $seconds = $name eq 'long' ? LONG : CUT;
    ok($slow->{over}, "$title: is cut off");
    my ($last) = ($slow->{got} // '') =~ /([^\n]*\n)\z/;
    is($last, $reply && "421 4.4.2 mx.trap.test Timeout\r\n", "$title: with 421") if $reply;
    my $s = $trap->session_of($slow->{client});
    cmp_ok($s->{duration_us}, '>=', ($seconds - 0.1) * 1e6, "$title: not before its time");
    is_deeply([@$s{qw(end_reason phase)}], ['timeout', $phase], "$title: and so it is recorded");
    next if $reply;
    is_deeply([@$s{qw(tls_outcome tls_failure)}], ['failed', 'timeout'], "$title: as a handshake that took too long");
}
my $trap = $trap{silent};
my @messages = map { $_->records('message') } values %trap;
is(join(' ', map { $_->{verdict} } @messages), 'aborted aborted aborted', 'messages that were under way are recorded');

# A client that does not read what it asked for.
my $c = $trap->client;
$c->socket->blocking(0);
my $all = "HELP\r\n" x 2000;
{
    local $SIG{PIPE} = 'IGNORE';
    1 while defined syswrite $c->socket, $all;
}
my $s = $trap->session_of($c, PATIENCE);
is($s->{end_reason}, 'timeout', 'a client that does not read is cut off');
cmp_ok($s->{duration_us}, '<', PATIENCE * 1e6, 'long before its other deadlines');

# Others are served while slow clients are there, all of them.
my $patient = Trap->new(conf => {workers => {'spare-min' => 2, 'spare-max' => 4, max => 16}, limits => {%far}});
my @held = map { my $h = $patient->client(seconds => 2 * PATIENCE); $h->send('EHL'); $h } 1 .. 13;
for (1 .. 5) {
    my $other = $patient->client;
    is($other->quit, 221, 'others are served meanwhile');
}
is(scalar(grep { $_->readable(0) } @held), 0, 'while all slow ones are still there');
$_->close for @held;
$_->done for values %trap, $patient;
done_testing;
