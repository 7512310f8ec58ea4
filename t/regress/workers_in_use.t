#!/usr/bin/perl
# workers_in_use.t: when all workers were in sessions, clients waited without a greeting, and nothing told
# the operator.
use strict;
use warnings;
use Test::More;
use Trap;

my $said = qr/ master: all 3 workers are in use, and clients wait: /;
my $trap = Trap->new(tls => 0, conf => {workers => {'spare-min' => 1, 'spare-max' => 2, max => 3}});
my @clients = map { $trap->client } 1 .. 3;
sleep 2; # the master looks each second
unlike($trap->log_text, $said, 'three clients have all workers, but as long as nobody waits nothing is said');
my @waiting = map { $trap->client(banner => 0) } 1 .. 2;
ok($trap->wait_log($said), 'when others wait, it is');
$_->quit for splice @clients;
is($_->reply, 220, 'one that waited has its turn') for @waiting;
push @waiting, $trap->client;
my $last = $trap->client(banner => 0);
sleep 2;
$_->quit for @waiting;
is($last->reply, 220, 'one that waited later, too');
is(scalar(() = $trap->log_text =~ /$said/g), 1, 'within a minute it is said once');
$last->quit;
$trap->stop;
$trap->done;
done_testing;
