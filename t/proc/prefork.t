#!/usr/bin/perl
# prefork.t: workers: forked ahead, as many as are needed, replaced when they die, and never forked
# in a loop.
use strict;
use warnings;
use IO::Select;
use IO::Socket::IP;
use Test::More;
use Time::HiRes qw(sleep time);
use Trap qw(wait_for);

# Connect this many clients at once; each says QUIT when it has its banner if $quit, or waits until
# all have one.  Returns how many got one, and what went wrong.
sub burst {
    my ($trap, $clients, $quit) = @_;
    my (%open, @wrong);
    my $banners = 0;
    for my $n (0 .. $clients - 1) {
        my $s = IO::Socket::IP->new(PeerHost => $trap->address, PeerPort => $trap->port,
            LocalHost => sprintf('127.4.%d.%d', $n / 250, 1 + $n % 250), Blocking => 0);
        if ($s) { $open{fileno $s} = $s } else { push @wrong, "connect: $@" }
    }
    my %all = %open;
    my $end = time + 120;
    my $select = IO::Select->new(values %open);
    while ($select->count && time < $end) {
        for my $s ($select->can_read(1)) {
            my $n = sysread $s, my $text, 1000;
            next if !defined $n && $!{EAGAIN};
            $select->remove($s);
            if ($n && $text =~ /^220 /) {
                $banners++;
                syswrite $s, "QUIT\r\n" if $quit;
            } else {
                push @wrong, $n ? $text : defined $n ? 'closed' : "$!";
            }
        }
    }
    if (!$quit) { syswrite $_, "QUIT\r\n" for values %all }
    return ($banners, join ' ', @wrong);
}

# ---- a burst ----
{
    my $trap = Trap->new(conf => {workers => {'spare-min' => 8, 'spare-max' => 16, max => 600}});
    is(scalar $trap->processes->workers, 8, 'there are spare-min workers at the start');
    my $began = time;
    my ($banners, $wrong) = burst($trap, 500);
    note sprintf '500 banners in %.1f s', time - $began;
    is($banners, 500, 'of 500 simultaneous connections on 8 workers each gets its banner');
    is($wrong, '', 'and none is refused or reset');
    my @sessions = $trap->wait_count('session', 500);
    is(scalar @sessions, 500, 'each leaves a record');
    my %by_end;
    $by_end{$_->{end_reason}}++ for @sessions;
    is_deeply(\%by_end, {quit => 500}, 'that says how it ended');
    $trap->done;
}
{
    my $trap = Trap->new(conf => {workers => {'spare-min' => 8, 'spare-max' => 10, max => 40}});
    my ($banners, $wrong) = burst($trap, 500, 1);
    is($banners, 500, 'with 40 workers at most, 500 are served one after the other');
    is($wrong, '', 'and none is refused or reset');
    cmp_ok($trap->table->{forks}, '<=', 60, 'workers are used again, not forked anew');
    ok(wait_for(60, sub { $trap->processes->workers <= 10 }), 'workers above spare-max leave');
    cmp_ok(scalar $trap->processes->workers, '>=', 8, 'but not those below spare-min');
    $trap->done;
}

# ---- a worker that is killed ----
{
    my $trap = Trap->new(conf => {workers => {'spare-min' => 2, 'spare-max' => 4, max => 8}});
    $trap->expect(qr/ master: worker \d+ \(pid \d+\) was killed by signal 9 \(Killed\) in a session$/);
    my $victim = $trap->client(local => '127.5.5.5');
    my $other = $trap->client;
    $victim->cmd('EHLO victim.example');
    $victim->cmd('MAIL FROM:<a@b.test>');
    $victim->cmd('RCPT TO:<c@trap.test>');
    my $pid = $trap->worker_of($victim);
    ok($pid, 'status tells which worker serves a client');
    isnt($pid, $trap->worker_of($other), 'two clients have two workers');
    kill 'KILL', $pid;
    ok($victim->closed, 'when its worker is killed, the client is cut off');
    my $s = $trap->session_of($victim);
    is_deeply([@$s{qw(end_reason helo phase client_ip commands recipients_accepted)}],
        ['worker_died', 'victim.example', 'rcpt', '127.5.5.5', 3, 1],
        'its record says worker_died and how far it was');
    is($s->{listener}, $trap->address . ':' . $trap->port, 'and the listener');
    ok($s->{duration_us} > 0, 'and how long it lasted');
    is($other->cmd('EHLO other.example'), 250, 'the other session goes on');
    ok(wait_for(60, sub { $trap->processes->workers >= 3 }), 'the dead worker is replaced');
    is($trap->client->quit, 221, 'and new clients are served');
    my @died = grep { $_->{end_reason} eq 'worker_died' } $trap->wait_count('session', 2);
    is(scalar @died, 1, 'there is one record of it');
    is($other->quit, 221, 'to the end');
    $trap->done;
}

# Killed before it said anything: while it waits for a PROXY header.
{
    my $trap = Trap->new(listeners => [{'proxy-from' => '127.0.0.0/8'}],
        conf => {workers => {'spare-min' => 1, 'spare-max' => 1, max => 1}});
    $trap->expect(qr/ master: worker \d+ \(pid \d+\) was killed by signal 9 \(Killed\) in a session$/);
    my $before = $trap->client(before => "PROXY TCP4 192.0.2.1 192.0.2.2 1000 25\r\n");
    $before->quit;
    my $c = $trap->client(banner => 0);
    ok(wait_for(60, sub { $trap->worker_of($c) }), 'a client that has said nothing yet is in the table');
    kill 'KILL', $trap->worker_of($c) // die "it has no worker\n";
    my $s = $trap->session_of($c);
    is_deeply([@$s{qw(end_reason phase)}], ['worker_died', 'connect'],
        'a session that was killed before its first byte has a record of its own');
    $trap->done;
}

# ---- sessions a worker ----
{
    my $trap = Trap->new(conf => {workers => {'spare-min' => 1, 'spare-max' => 1, max => 1, sessions => 3}});
    my @pids;
    for (1 .. 7) {
        my $c = $trap->client;
        push @pids, $trap->worker_of($c);
        $c->quit;
    }
    is_deeply([map { $pids[$_] == $pids[$_ - 1] ? 'same' : 'other' } 1 .. 6],
        [qw(same same other same same other)], 'a worker leaves after three sessions, another follows');
    my $first = $trap->client;
    my $second = $trap->client(banner => 0);
    ok(!$second->readable(0.3), 'with one worker, a second client waits');
    $first->quit;
    is($second->reply, 220, 'until the first is gone');
    $second->quit;
    $trap->done;
}

# ---- workers that cannot start ----
SKIP: {
    skip 'AddressSanitizer does not live in a small address space', 1 if Trap::sanitized();
    # The address space allows for the master and the logger, and not for a worker's message store.
    my $trap = Trap->new(start => 0, wrap => ['prlimit', '--as=' . 700 * 1024 * 1024],
        conf => {limits => {'message-size' => '1g'}, workers => {'spare-min' => 4}});
    $trap->expect(qr/ master: worker \d+ \(pid \d+\) left with status 1$/,
        qr/ worker \d+: message store of 1073741824 bytes: mmap: Cannot allocate memory$/,
        qr/ master: a worker died while it started: no other is forked for [\d.]+ s$/);
    $trap->spawn;
    ok($trap->wait_log(qr/no other is forked for 2\.0 s/), 'workers that die at their start are waited with, longer each time');
    my ($until) = $trap->log_text =~ /\A(.*?)no other is forked for 2\.0 s/s;
    my $deaths = () = $until =~ /left with status 1$/mg;
    cmp_ok($deaths, '<=', 12, 'and not forked in a loop');
    ok(!$trap->gone, 'the master lives');
    ok(!(grep { /^READY=1$/m } $trap->notified), 'and does not say that it is ready');
    $trap->done;
}
done_testing;
