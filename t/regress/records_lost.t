#!/usr/bin/perl
# records_lost.t: while nothing could be written, records of sessions beyond what memory holds were lost,
# and only a counter told it.
use strict;
use warnings;
use Test::More;
use Trap qw(wait_for);

use constant SESSIONS => 60; # of some 30 KiB each: twice what is kept

my $begin = qr/ logger: session log: \d+ bytes of records wait to be written: those that come now are lost$/m;
my $end = qr/ logger: session log: (\d+) records were lost$/m;
my $trap = Trap->new(tls => 0, conf => {limits => {'line-length' => 2048}});
$trap->expect($begin, $end, qr/ logger: session log: Permission denied: messages are refused until this works again$/,
    qr/ logger: the log directory can be written again: messages are accepted$/);

sub session {
    my $c = $trap->client;
    $c->cmd('NOOP ' . 'x' x 1000) for 1 .. 30;
    return $c->quit;
}

chmod 0500, $trap->logs or die "chmod: $!";
my $served = grep { session() == 221 } 1 .. SESSIONS;
is($served, SESSIONS, 'without a log directory that can be written clients are served');
ok($trap->wait_log($begin), 'when memory holds no more of their records, the log says so');
chmod 0755, $trap->logs or die "chmod: $!";
ok($trap->wait_log($end), 'when the others were written, it says how many were lost');
my ($lost) = $trap->log_text =~ $end;
# A worker may have handed over its last record only then.
is(scalar($trap->wait_count('session', SESSIONS - $lost)), SESSIONS - $lost, 'and that is right');
is(scalar(() = $trap->log_text =~ /$begin|$end/g), 2, 'each is said once');
$trap->stop;
$trap->done;
done_testing;
