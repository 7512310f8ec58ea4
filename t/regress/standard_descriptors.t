#!/usr/bin/perl
# standard_descriptors.t: started with standard descriptors closed, smtptrapd had its sockets in their
# place, in all processes.
use strict;
use warnings;
use POSIX ();
use Test::More;
use Trap;

my $trap = Trap->new(before_exec => sub { POSIX::close($_) for 0 .. 2 });
my $c = $trap->client;
$c->cmd('EHLO x.test');
is($c->send_message(data => "Subject: x\r\n\r\nx\r\n"), 250, 'a trap without standard descriptors takes mail');
$c->quit;

SKIP: {
    my @pids = ($trap->pid, Trap::Process::children($trap->pid));
    skip 'only root sees the descriptors of others', 1 if !readlink '/proc/' . $trap->pid . '/fd/0';
    my %held = map { (readlink "/proc/$_->[0]/fd/$_->[1]") // '' => 1 }
        map { my $pid = $_; map { [$pid, $_] } 0 .. 2 } @pids;
    delete $held{''}; # a worker that left meanwhile
    is(join(' ', sort keys %held), '/dev/null', 'and no process has a socket or a file in their place');
}

$trap->done;
done_testing;
