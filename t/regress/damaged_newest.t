#!/usr/bin/perl
# damaged_newest.t: when the newest file of a stream was damaged or empty at start, records were
# numbered from 1 again, as others were that are still there.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::File qw(slurp spew);

sub session {
    my ($trap) = @_;
    my $c = $trap->client;
    $c->cmd('EHLO x.test');
    $c->quit;
    return $trap->session_of($c);
}

my $trap = Trap->new(tls => 0);
$trap->expect(qr/ logger: log file session-\S+: last sequence number: damaged$/);
session($trap) for 1 .. 3;
$trap->stop;
$trap->start;
session($trap) for 1 .. 3;
$trap->stop;
my ($newest) = reverse sort glob $trap->logs . '/session-*';
my $whole = slurp($newest);

# name, what the newest file is, the number that the next record has: file 1 has 1 to 3
my @cases = (
    ['empty', '', 4],
    ['no log', 'something else', 4],
    ['damaged', substr($whole, 0, -12) . "\xff" x 12, 7],
);
for (@cases) {
    my ($name, $bytes, $next) = @$_;
    spew($newest, $bytes);
    $trap->start;
    is(session($trap)->{seq}, $next, "$name: counting goes on behind what can be read");
    $trap->stop;
    unlink grep { $_ gt $newest } glob $trap->logs . '/session-*';
}
$trap->done;
done_testing;
