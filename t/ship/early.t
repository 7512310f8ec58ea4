#!/usr/bin/perl
# early.t: on a new connection the first record goes alone; the others follow its acknowledgement.
# After a leader that acknowledges nothing in time more go, and after an acknowledgement one again.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;
use Trap qw(wait_for);
use Trap::FakeNats;
use Trap::Nats;
use Trap::ShipLogs qw(ids_of_logs make_logs);
use Trap::Shipper;

my $why = Trap::Nats::missing();
plan skip_all => $why if $why;
# Seconds: in which nothing more must come; that the test may be held up; for anything.
use constant {QUIET => 0.3, ACK_SECONDS => 10, PATIENCE => 120};

my $logs = make_logs(tempdir(CLEANUP => 1), 600, '-r', 200);
my @ids = ids_of_logs($logs);
my $fake = Trap::FakeNats->new;
my $ship = Trap::Shipper->new(logs => $logs, servers => [$fake->url],
    conf => {'in-flight' => 500, 'retry-min' => '10ms', 'retry-max' => '50ms'},
    nats_conf => {'ack-timeout' => ACK_SECONDS . 's'});
$ship->start;

my $came = $fake->wait_published(1, PATIENCE);
is(scalar @$came, 1, 'a record comes');
$fake->serve(QUIET);
is(scalar @{$fake->wait_published(1)}, 1, 'and no other before it is acknowledged');
my $first = $came->[0]{id};

$came = $fake->wait_published(64, PATIENCE);
cmp_ok($fake->connections, '>=', 2, 'when the acknowledgement does not come the connection is made anew');
is(scalar @$came, 64, 'then more come');
is($came->[0]{id}, $first, 'from the one that was not acknowledged on');
$fake->serve(QUIET);
is(scalar @{$fake->wait_published(64)}, 64, 'and no others');

$fake->acknowledge($came->[0]);
$came = $fake->wait_published(500);
cmp_ok(scalar @$came, '>=', 500, 'after one acknowledgement as many come as may be on their way');
is($came->[1]{id} eq $first, '', 'each once');

$fake->last($fake->number);
$fake->drop;
$came = $fake->wait_published(1);
$fake->serve(QUIET);
is(scalar @{$fake->wait_published(1)}, 1, 'on the next connection one comes alone again');
my $count = 0;
$fake->serve(PATIENCE, sub {
    my @now = @{$fake->wait_published(0, 0)};
    $fake->acknowledge(@now[$count .. $#now]) if @now > $count;
    $count = @now;
    return $count >= @ids - 1;
});
is($count, @ids - 1, 'all that was not acknowledged comes');
like($ship->log_text, qr/a record was not taken: Timeout/i, 'what held them up is said');
is($ship->stop, 0, 'the shipper leaves in order') or diag $ship->log_text;
done_testing;
