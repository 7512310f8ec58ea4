#!/usr/bin/perl
# logger_many_files.t: with more than a handful of files in its directory the logger was killed by its
# sandbox: the C library's qsort() asks for the size of memory before it sorts more than 1 KiB.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Trap;

my $trap = Trap->new;
for my $round (1 .. 6) {
    my $c = $trap->client;
    $c->cmd('EHLO x');
    is($c->send_message(data => "message $round\r\n"), 250, 'a message is accepted') or last;
    $c->quit;
    $trap->session_of($c);
    $trap->rotate;
    my $end = time + 10;
    sleep 0.02 while time < $end && grep { /part$/ } map { $trap->log->files($_) } qw(session message mail);
}
is($trap->log->files('mail'), 6, 'each round has left its files');
is($trap->client->quit, 221, 'and the logger lives');
$trap->done;
done_testing;
