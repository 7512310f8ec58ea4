#!/usr/bin/perl
# follow.t: a trap under traffic with its logs rotated, and the shipper killed at any moment: all
# records come out, in whole lines, and few twice.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Trap qw(wait_for);
use Trap::File qw(slurp);
use Trap::ShipLogs qw(count_lines ids_of_logs);
use Trap::Shipper;

plan skip_all => 'smtptrap-ship was built without libnats' if !-x "$Trap::BUILD/smtptrap-ship";

use constant {KILLS => 8, BATCH => 20};
my $seed = $ENV{TRAP_SEED} // time;
srand $seed;
note "TRAP_SEED=$seed";

my $trap = Trap->new(tls => 0);
my $ship = Trap::Shipper->new(logs => $trap->logs, stdout => $trap->dir . '/out',
    conf => {output => 'stdout', batch => BATCH, 'in-flight' => BATCH, checkpoint => '1s'});
my $out = $ship->{stdout};

sub sessions {
    my ($n) = @_;
    for (1 .. $n) {
        my $c = $trap->client;
        $c->cmd('EHLO a.example');
        is($c->send_message(data => "Subject: x\r\n\r\nhello\r\n"), 250, 'a message is accepted') if $_ == 1;
        $c->quit;
    }
}

for my $kill (1 .. KILLS) {
    $ship->start;
    sessions(5 + int rand 30);
    kill 'USR1', $trap->pid if $kill % 2;
    sessions(5);
    sleep rand 0.3;
    $ship->kill;
}
$ship->start;
sessions(5);
$trap->done;

my %expected = map { $_ => 1 } ids_of_logs($trap->logs);
my %got;
ok(wait_for(60, sub {
    %got = count_lines($out);
    return !grep { !$got{$_} } keys %expected;
}), 'every record of the logs comes out') or diag $ship->log_text;
is($ship->stop, 0, 'at SIGTERM it leaves with 0');
%got = count_lines($out);
is(scalar(grep { !$expected{$_} } keys %got), 0, 'nothing else does, and no broken line');
my $twice = 0;
$twice += $_ - 1 for values %got;
cmp_ok($twice, '<=', KILLS * 4 * BATCH, "$twice came twice: no more than a batch and what was sent, a kill");

my $lines = slurp($out);
my ($status, $err);
($status, $err) = ($ship->run('--once'))[2, 1];
is($status, 0, 'a new start ends well');
like($err, qr/ 0 records shipped/, 'and ships nothing again');
is(slurp($out), $lines, 'not a byte');
my ($said) = $ship->run('--status');
like($said, qr/^session: 0 newer files/m, '--status says that nothing is left');
done_testing;
