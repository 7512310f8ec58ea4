#!/usr/bin/perl
# logger_killed_while_waited_for.t: a worker that waited for the logger's answer waited a minute more
# when the logger was killed, and the master died of SIGPIPE when it told the dead logger of a death.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Trap;

my $trap = Trap->new;
$trap->expect(qr/ master: the logger is gone \(signal 9\): every client gets 421/,
    qr/ master: the logger did not finish in order$/, qr/ worker \d+: a session record could not be handed to the logger$/);
my $idle = $trap->client;
my $c = $trap->client;
$c->cmd('EHLO x');
$c->cmd('MAIL FROM:<a@b.test>');
$c->cmd('RCPT TO:<c@trap.test>');
$c->cmd('DATA');
Trap::Process::halt($trap->processes->logger);
$c->send("x\r\n.\r\n");
ok(!$c->readable(0.5), 'no message is acknowledged before it is stored');
my $began = time;
kill 'KILL', $trap->processes->logger;
my $r = $c->reply;
like($r ? $r->code : 'closed', qr/^(?:4\d\d|closed)$/, 'when the logger is killed, the message is refused for now');
is($idle->reply // 'closed', 421, 'others get 421');
my $status = $trap->wait_gone;
cmp_ok(time - $began, '<', 30, 'nobody waits for the dead');
is($status, 256, 'and the trap leaves with status 1');
is(join("\n", $trap->unexpected), '', 'saying what is expected of it');
done_testing;
