#!/usr/bin/perl
# chaos.t: 100,000 records of a trap under load reach a stream of three servers, each exactly once,
# while the shipper is killed eight times, the stream's leader twice and the whole cluster once,
# and logs are rotated.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Trap qw(wait_for);
use Trap::Load;
use Trap::Nats;
use Trap::Shipper;

my $why = Trap::Nats::missing();
plan skip_all => $why if $why;

use constant PATIENCE => 240;     # seconds for anything, on a machine that does much else
use constant STEP => 7000;        # records that reach the stream between two blows
my ($CLIENTS, $SESSIONS, $MESSAGES) = (16, 298, 20);

my $began = time;
my $nats = Trap::Nats->new(nodes => 3);
my $trap = Trap->new(tls => 0, conf => {sensor => 'chaos',
    log => {'rotate-size' => '2m', durability => 'none'},
    workers => {'spare-min' => $CLIENTS, 'spare-max' => 2 * $CLIENTS}});
my $ship = Trap::Shipper->new(nats => $nats, logs => $trap->logs, sensor => 'chaos');
my ($out, $err, $status) = $ship->run('--setup');
is($status, 0, 'the stream is made') or diag $out, $err;

my $load = Trap::Load->new($trap, clients => $CLIENTS, sessions => $SESSIONS,
    messages => $MESSAGES, pause => 0.08);
my $all = $load->records;
cmp_ok($all, '>=', 100_000, 'there are 100,000 records');
$ship->start;

# ---- blows ----

# Wait until so many more records are in the stream than at the last call, or all.
my $seen = 0;
sub wait_step {
    my $now = $seen;
    wait_for(PATIENCE, sub {
        $now = $nats->messages($ship->stream);
        return $now >= $seen + STEP || $now >= $all;
    }) or die "the stream does not grow beyond $now\n", $ship->log_text;
    $seen = $now;
}

sub kill_shipper { $ship->kill; $ship->start }
sub rotate { $trap->rotate }

sub kill_leader {
    my $leader = $nats->leader($ship->stream);
    $nats->kill('KILL', $leader);
    wait_for(PATIENCE, sub { ((($nats->stream($ship->stream) // {})->{cluster} // {})->{leader} // "n$leader")
        ne "n$leader" }) or die 'no new leader';
    $nats->start($leader);
}

sub kill_cluster {
    $nats->kill('KILL');
    sleep 5; # the outage itself, not a wait for something
    $nats->start;
    $nats->wait_ready;
}

my @blows = (\&kill_shipper, \&rotate, \&kill_leader, \&kill_shipper, \&kill_shipper, \&rotate,
    \&kill_cluster, \&kill_shipper, \&kill_shipper, \&rotate, \&kill_leader, \&kill_shipper,
    \&kill_shipper, \&kill_shipper);
for my $blow (@blows) {
    wait_step() if $blow != \&rotate;
    $blow->();
}
cmp_ok($seen, '<', $all, 'the last blow came while records were on their way');

# ---- what came through ----

$load->finish;
is($trap->stop, 0, 'the trap leaves with status 0');
ok(wait_for(PATIENCE, sub { $nats->messages($ship->stream) >= $all }), 'as many records as there are reach the stream')
    or diag $nats->messages($ship->stream), " of $all\n", $ship->log_text;
is($ship->stop, 0, 'the shipper leaves in order') or diag $ship->log_text;

# The identifiers in the logs, each with its type: what Nats-Msg-Id is made of.
sub logged {
    my %id;
    for my $stream (qw(session message)) {
        open my $f, '-|', 'zcat', glob($trap->logs . "/$stream-*.jsonl.gz") or die "zcat: $!";
        while (<$f>) {
            /^\{"v":\d+,"type":"(\w+)","id":"([0-9a-f-]{36})"/ or die "no record: $_";
            $id{"$2-$1"}++;
        }
        close $f or die 'zcat failed';
    }
    return %id;
}

my %logged = logged();
is(scalar keys %logged, $all, 'the logs have as many records as were made');
my %stored = $nats->ids($ship->stream);
my @missing = grep { !$stored{$_} } keys %logged;
my @foreign = grep { !$logged{$_} } keys %stored;
my @twice = grep { $stored{$_} > 1 } keys %stored;
is(scalar @missing, 0, 'none is missing') or diag "@missing[0 .. ($#missing < 5 ? $#missing : 5)]";
is(scalar @twice, 0, 'none is there twice') or diag "@twice[0 .. ($#twice < 5 ? $#twice : 5)]";
is(scalar @foreign, 0, 'and no other');

# The checkpoint is behind the last record: nothing is sent again, so the stream sees no publish.
my $sent = sub { $nats->api('STREAM.INFO.' . $ship->stream)->{state}{last_seq} };
my $last = $sent->();
($out, $err, $status) = $ship->run('--once');
is($status, 0, 'the shipper starts from its checkpoint') or diag $out, $err;
is($sent->(), $last, 'and has nothing to add');
note sprintf 'took %.0f s', time - $began;
done_testing;
