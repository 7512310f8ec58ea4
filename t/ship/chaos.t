#!/usr/bin/perl
# chaos.t: 100,000 records of a trap under load reach a stream of three servers, each exactly once,
# while the shipper is killed eight times, the stream's leader twice, all servers once for five seconds,
# and logs are rotated.
#
# TRAP_CHAOS_SIGNAL is what the servers are killed with (KILL).  With TRAP_CHAOS=replicas it tells in the
# end how the servers differ.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use Trap qw(wait_for);
use Trap::Load;
use Trap::Nats;
use Trap::Shipper;

my $why = Trap::Nats::missing();
plan skip_all => $why if $why;

use constant PATIENCE => 240;     # seconds for anything, on a machine that does much else
use constant CATCH_UP => 30;      # for a server to have what the others have, before it is helped
use constant STEP => 7000;        # records that reach the stream between two blows
my ($CLIENTS, $SESSIONS, $MESSAGES) = (16, 298, 20);
my $SIGNAL = $ENV{TRAP_CHAOS_SIGNAL} // 'KILL'; # to the servers

my $began = time;
my $nats = Trap::Nats->new(nodes => 3);
my $trap = Trap->new(tls => 0, conf => {sensor => 'chaos',
    log => {'rotate-size' => '2m', durability => 'none'},
    workers => {'spare-min' => $CLIENTS, 'spare-max' => 2 * $CLIENTS}});
my $ship = Trap::Shipper->new(nats => $nats, logs => $trap->logs, sensor => 'chaos');
my ($out, $err, $status) = $ship->run('--setup');
is($status, 0, 'the stream is made') or diag $out, $err;

my $load = Trap::Load->new($trap, clients => $CLIENTS, sessions => $SESSIONS,
    messages => $MESSAGES, pause => 0.08, free => 0.8, gate => $ship->dir . '/gate');
my $all = $load->records;
my $due = $load->records_free; # records that come without anything more being done
cmp_ok($all, '>=', 100_000, 'there are 100,000 records');
$ship->start('-v');

# ---- blows ----

# How many records the shipper has had acknowledged, as its checkpoint tells.
sub shipped {
    my ($text) = $ship->run('--status');
    my $sum = 0;
    $sum += $_ for $text =~ /(\d+) shipped/g;
    return $sum;
}

# Wait until so many more records are in the stream than at the last call, or all that are due; or all are
# acknowledged and no more come, which nats-server 2.9 can do (doc/FLEET.md).
my $seen = 0;
sub wait_step {
    my ($now, $grew_at) = ($seen, time);
    wait_for(PATIENCE, sub {
        my $before = $now;
        $now = $nats->messages($ship->stream);
        $grew_at = time if $now > $before;
        return $now >= $seen + STEP || $now >= $due || time > $grew_at + CATCH_UP && shipped() >= $due;
    }) or die "the stream does not grow beyond $now\n", $ship->log_text;
    $seen = $now;
}

sub kill_shipper { $ship->kill; $ship->start('-v') }
sub rotate { $trap->rotate }

# The servers that are behind the stream's leader; undef without a leader.
sub stragglers {
    my $cluster = ($nats->stream($ship->stream) // {})->{cluster} // {};
    my @replicas = @{$cluster->{replicas} // []};
    return if !length($cluster->{leader} // '') || @replicas != 2;
    return [map { $_->{name} =~ /^n(\d)$/ } grep { !$_->{current} } @replicas];
}

# Wait until all replicas have what the leader has, and help as an operator would.  One of nats-server 2.9
# can stay behind for ever: started again it catches up, or it has lost its share in the stream, which it
# gets anew with an empty store (doc/FLEET.md).  Where there is no leader, all are started again.
sub wait_current {
    for my $try (1 .. 6) {
        return if wait_for(CATCH_UP, sub { my $behind = stragglers(); $behind && !@$behind && $nats->is_ready });
        my @behind = @{stragglers() // []};
        my $empty = @behind == 1 && $try > 1;
        my @again = @behind ? @behind : $nats->nodes;
        note "behind: server @behind; started again", $empty ? ' with an empty store' : '', ": @again";
        for my $n (@again) {
            $nats->kill('TERM', $n);
            $nats->empty_store($n) if $empty;
            $nats->start($n);
        }
    }
    die 'the replicas do not become current: ', JSON::PP->new->canonical->encode([map { $nats->monitor($_,
        '/jsz?accounts=1&streams=1') } $nats->nodes]);
}

sub kill_leader {
    my $leader = $nats->leader($ship->stream);
    $nats->kill($SIGNAL, $leader);
    wait_for(PATIENCE, sub { ((($nats->stream($ship->stream) // {})->{cluster} // {})->{leader} // "n$leader")
        ne "n$leader" }) or die 'no new leader';
    $nats->start($leader);
    wait_current();
}

sub kill_cluster {
    $nats->kill($SIGNAL);
    sleep 5; # the outage itself, not a wait for something
    $nats->start;
    wait_current();
}

my @blows = (\&kill_shipper, \&rotate, \&kill_leader, \&kill_shipper, \&kill_shipper, \&rotate,
    \&kill_cluster, \&kill_shipper, \&kill_shipper, \&rotate, \&kill_leader, \&kill_shipper,
    \&kill_shipper, \&kill_shipper);
for my $i (0 .. $#blows) {
    my $blow = $blows[$i];
    if ($i == $#blows) { # the rest of the load, so that it comes under way whatever the others took
        $load->open_gate;
        $due = $all;
    }
    wait_step() if $blow != \&rotate;
    $blow->();
}
cmp_ok($seen, '<', $all, 'the last blow came while records were on their way');

# ---- what came through ----

$load->finish;
is($trap->stop, 0, 'the trap leaves with status 0');
ok(wait_for(PATIENCE, sub { shipped() >= $all }), 'the shipper has shipped all')
    or diag substr $ship->log_text, -2000;
is($ship->stop, 0, 'the shipper leaves in order') or diag substr $ship->log_text, -2000;

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

# Tell where a server has other records than the leader, or under other numbers: what the shipper cannot
# mend, see doc/FLEET.md.
sub tell_replicas {
    my ($stored) = @_;
    for my $n ($nats->nodes) {
        my %has = eval { $nats->numbers($ship->stream, $n) };
        note "server $n: $@" if !%has;
        my @differs = sort grep { "@{$has{$_} // []}" ne "@{$stored->{$_} // []}" } keys %{{%has, %$stored}};
        note "server $n: ", scalar @differs, ' records are not as the leader has them', map { "\n$_: leader "
            . "@{$stored->{$_} // []}, server @{$has{$_} // []}" } @differs[0 .. ($#differs < 4 ? $#differs : 4)];
    }
}

# What is not in the stream, with what is there twice or foreign tested.
sub missing {
    my ($when) = @_;
    my %stored = $nats->numbers($ship->stream);
    my @foreign = grep { !$logged{$_} } keys %stored;
    my @twice = grep { @{$stored{$_}} > 1 } keys %stored;
    is(scalar @twice, 0, "none is there twice, $when")
        or diag map { "$_: @{$stored{$_}}\n" } @twice[0 .. ($#twice < 5 ? $#twice : 5)];
    tell_replicas(\%stored) if ($ENV{TRAP_CHAOS} // '') eq 'replicas';
    is(scalar @foreign, 0, "and no other, $when");
    return grep { !$stored{$_} } keys %logged;
}

# Servers of nats-server 2.9 that were killed can lose what they acknowledged (doc/FLEET.md): then the
# logs are replayed, as an operator would.
my @missing = missing('as shipped');
note scalar @missing, ' of them were missing', map { "\n$_" } @missing[0 .. ($#missing < 9 ? $#missing : 9)];
note scalar(() = $ship->log_text =~ / is there already/g), ' were acknowledged as duplicates';
note "trouble: $_" for $ship->log_text =~ /\]: (.*); trying again/g;
if (@missing) {
    $nats->kill('TERM');
    $nats->start;
    $nats->wait_ready;
    $nats->leader($ship->stream);
    ($out, $err, $status) = $ship->run('--replay', glob($trap->logs . '/*.jsonl.gz'));
    is($status, 0, 'the logs are replayed') or diag $err;
    @missing = missing('after a replay');
}
is(scalar @missing, 0, 'none is missing');

# The checkpoint is behind the last record: nothing is sent again, so the stream sees no publish.
my $sent = sub { $nats->api('STREAM.INFO.' . $ship->stream)->{state}{last_seq} };
my $last = $sent->();
($out, $err, $status) = $ship->run('--once');
is($status, 0, 'the shipper starts from its checkpoint') or diag $out, $err;
is($sent->(), $last, 'and has nothing to add');
note sprintf 'took %.0f s', time - $began;
done_testing;
