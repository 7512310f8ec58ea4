#!/usr/bin/perl
# leader.t: before the first record of a connection the leader of the stream must answer; after trouble
# it must have what was acknowledged, and its last number must stay for three seconds.  What it has lost
# is sent again.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(time);
use Trap;
use Trap::FakeNats;
use Trap::Nats;
use Trap::ShipLogs qw(make_logs);
use Trap::Shipper;

my $why = Trap::Nats::missing();
plan skip_all => $why if $why;
use constant {CALM => 3, BEHIND => 10}; # seconds
use constant PATIENCE => 60;

my $fake = Trap::FakeNats->new(last => undef);
my $ship = Trap::Shipper->new(logs => make_logs(tempdir(CLEANUP => 1), 600, '-r', 200),
    servers => [$fake->url],
    conf => {'in-flight' => 500, 'retry-min' => '10ms', 'retry-max' => '50ms'},
    nats_conf => {'ack-timeout' => '60s'});
$ship->start;

# Wait until the question came so often again.
sub wait_asked {
    my ($times) = @_;
    my $before = $fake->asked;
    $fake->serve(PATIENCE, sub { $fake->asked >= $before + $times });
    return $fake->asked - $before;
}

# How long it takes until a record comes, in seconds.
sub wait_record {
    my $began = time;
    my $came = $fake->wait_published(1, PATIENCE);
    return @$came ? time - $began : undef;
}

cmp_ok(wait_asked(4), '>=', 4, 'a shipper asks for a leader');
is(scalar @{$fake->wait_published(0, 0)}, 0, 'without one it publishes nothing');
like($ship->log_text, qr/no leader of the stream answers: No responders/, 'and says why');

$fake->last(7);
ok(defined wait_record(), 'once one answers a record comes');
my $first = $fake->wait_published(1)->[0];
my $first_at = time;
$fake->acknowledge($first);
my @acknowledged = @{$fake->wait_published(501)}[0 .. 300];
$fake->acknowledge(@acknowledged[1 .. 300]);
cmp_ok(scalar @{$fake->wait_published(502)}, '>', 501, 'acknowledgements make room for more');

$fake->last(1); # two at least are known to have come, since 502 were sent and 500 may be on their way
$fake->drop;
$fake->serve(PATIENCE, sub { $ship->log_text =~ /was acknowledged; trying again/ });
like($ship->log_text, qr/the stream has 1 as the last record, but \d+ was acknowledged; trying again/,
    'that a leader does not have what was acknowledged is said');
cmp_ok(wait_asked(30), '>=', 30, 'it is asked again and again');
is(scalar @{$fake->wait_published(0, 0)}, 0, 'and gets nothing');

$fake->last($fake->number);
my $took = wait_record();
ok(defined $took, 'one that has it gets records');
cmp_ok($took // 0, '>=', CALM - 0.2, 'when the number has stayed for three seconds'); # the last question was before

$fake->acknowledge($fake->wait_published(1)->[0]);
$fake->last($fake->number + 5);
$fake->drop;
wait_asked(4);
$fake->last($fake->number + 6);
wait_asked(4);
my $changed = time;
$fake->last($fake->number + 7);
wait_record();
cmp_ok(time - $changed, '>=', CALM, 'a number that grows is waited for');

$fake->last(3);
$fake->drop;
my $began = time;
ok(defined wait_record(), 'a leader that never comes to it gets records in the end');
cmp_ok(time - $began, '>=', BEHIND, 'after ten seconds');
my ($again) = grep { $acknowledged[$_]{id} eq $fake->wait_published(1)->[0]{id} } 0 .. $#acknowledged;
ok(defined $again && ($again == 0 || time - $first_at > 50),
    'from the first on that was acknowledged less than a minute ago');
like($ship->log_text, qr/the stream has 3 as the last record, but \d+ was acknowledged: records are lost there/,
    'and it is said that records were lost');
my $waits = () = $ship->log_text =~ /but \d+ was acknowledged; trying again/g;
$fake->drop;
ok(defined wait_record(), 'it is the last from then on');
is(() = $ship->log_text =~ /but \d+ was acknowledged; trying again/g, $waits, 'so the next connection is not held up for it');
is(() = $ship->log_text =~ /records are lost/g, 1, 'nor is it said again');
$ship->kill;
done_testing;
