#!/usr/bin/perl
# outage.t: with the servers down from the start a trap and its shipper go on, the shipper within a
# bounded memory; when they are back, all records reach the stream, each once.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Trap qw(wait_for);
use Trap::Load;
use Trap::Nats;
use Trap::Shipper;

my $why = Trap::Nats::missing();
plan skip_all => $why if $why;
use constant PATIENCE => 240;
use constant IN_FLIGHT => 500;
use constant MEMORY_KIB => 48 * 1024; # peak; all records of this test have several times as much

my $nats = Trap::Nats->new;
my $trap = Trap->new(tls => 0, conf => {sensor => 'outage',
    log => {'rotate-size' => '1m', durability => 'none'}, workers => {'spare-min' => 8}});
my $ship = Trap::Shipper->new(nats => $nats, logs => $trap->logs, sensor => 'outage',
    conf => {'in-flight' => IN_FLIGHT, 'retry-max' => '500ms'});
is(($ship->run('--setup'))[2], 0, 'the stream is made');
$nats->kill('KILL');

sub load { Trap::Load->new($trap, clients => 8, sessions => 60, messages => 20) }
$ship->start;
my $load = load();
$load->finish;
my $all = $load->records;
ok(wait_for(PATIENCE, sub { $ship->log_text =~ /cannot connect to any server/ }), 'the shipper says what is wrong');
my @said = $ship->log_text =~ /cannot connect/g;
cmp_ok(scalar @said, '<', 50, 'not at each try');
my $peak = $ship->peak_kib;

$nats->start;
$nats->wait_ready;
my $second = load();
$second->finish;
$all += $second->records;
ok(wait_for(PATIENCE, sub { $nats->messages($ship->stream) >= $all }), 'when the server is back all records reach the stream')
    or diag $nats->messages($ship->stream), " of $all\n", $ship->log_text;
my $after = $ship->peak_kib;
SKIP: {
    skip 'AddressSanitizer has its own memory', 2 if Trap::sanitized();
    cmp_ok($peak, '<', MEMORY_KIB, 'memory is bounded while the server is down');
    cmp_ok($after, '<', MEMORY_KIB, 'and while it catches up');
    note "peak $peak KiB, then $after KiB";
}
is($ship->stop, 0, 'the shipper leaves in order') or diag $ship->log_text;
my %count = $nats->ids($ship->stream);
is(scalar keys %count, $all, 'each record is there');
is(scalar(grep { $_ > 1 } values %count), 0, 'once');
$trap->done;
done_testing;
