#!/usr/bin/perl
# unique_crash.t: kill -9 of the logger, or of all, under messages that are copies: nothing that was
# acknowledged is lost, every copy leads to its bytes, and what is on disk is known again.
use strict;
use warnings;
use List::Util qw(shuffle);
use Test::More;
use Time::HiRes qw(sleep time);
use Trap qw(wait_for);
use Trap::Traffic;

use constant ROUNDS => 12;

my $seed = $ENV{TRAP_SEED} // time ^ $$;
srand $seed;
note "TRAP_SEED=$seed";

for my $store (qw(unique unique-body)) {
    my $trap = Trap->new(conf => {log => {'rotate-size' => '64k', store => $store},
        workers => {'spare-min' => 4, 'spare-max' => 8, max => 32}});
    $trap->expect(
        qr/ master: the logger is gone \(signal 9\): every client gets 421/,
        qr/ master: the logger did not finish in order$/,
        qr/ logger: log file \S+: repaired after a crash: /,
        qr/ master: listen \S+ port \d+: the address is in use/,
        qr/ worker \d+: a session record could not be handed to the logger$/,
        qr/ worker \d+: the master is gone$/,
    );
    my $traffic = Trap::Traffic->new($trap, clients => 4, sizes => [100, 150_000], bodies => 30);
    for my $round (1 .. ROUNDS / 2) {
        my $had = () = $traffic->acknowledged;
        wait_for(60, sub { my @now = $traffic->acknowledged; @now > $had + 20 }) or die "no traffic\n";
        sleep rand 0.3;
        kill 'KILL', $round % 3 ? map { -$_ } $trap->groups : $trap->processes->logger;
        defined $trap->wait_gone or die "the trap does not leave\n";
        $trap->start;
    }
    my %sent = $traffic->stop;
    is($trap->stop, 0, "$store: the trap leaves in order at last");

    my @m = $trap->records('message');
    my %recorded = map { $_->{id} => $_->{sha256} } @m;
    is(join(' ', grep { ($recorded{$_} // '') ne $sent{$_} } keys %sent), '',
        "$store: every message that was acknowledged has its record");
    my ($got, $complaints) = $trap->mail_digests;
    is(join(' ', grep { ($got->{$_} // '') ne $sent{$_} } keys %sent), '', "$store: and its bytes");
    is($complaints, '', "$store: no record is without its bytes");
    my @copies = grep { exists $_->{copy_of} } @m;
    cmp_ok(scalar @copies, '>', @m / 3, "$store: many were copies");
    my (%firsts, $key);
    $key = $store eq 'unique' ? 'sha256' : 'body_sha256';
    $firsts{$_->{$key}}++ for grep { exists $_->{unique_from} } @m;
    is(join(' ', grep { $firsts{$_} > 1 } keys %firsts), '', "$store: nothing is stored twice, restarts or not");
    my ($out, $err, $status) = $trap->smtptrap('verify');
    is($status, 0, "$store: smtptrap verify finds nothing wrong") or diag $out, $err;
    $trap->done;
}
done_testing;
