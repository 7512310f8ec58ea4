#!/usr/bin/perl
# board.t: a worker can write its own slot of the status board and nothing else of it; what it lies there
# is its own figures.
use strict;
use warnings;
no warnings qw(portable); # addresses have 64 bits
use Fcntl qw(O_ACCMODE O_WRONLY O_RDWR SEEK_SET);
use JSON::PP qw(decode_json);
use POSIX qw(sysconf _SC_PAGESIZE);
use Test::More;
use Trap qw(wait_for);
use Trap::Process;

use constant {SLOT_STARTING => 1, SLOT_SESSION => 3, SLOT_BYTES => 256, TOTAL_MAX => 2**40};
my $page = sysconf(_SC_PAGESIZE);

plan skip_all => 'only root sees what processes have mapped' if $> != 0;

# Mappings of this memory: {from, size, may, offset, flags}.
sub mappings {
    my ($pid, $name) = @_;
    open my $f, '<', "/proc/$pid/smaps" or return;
    my (@found, $in);
    while (my $line = <$f>) {
        if ($line =~ /^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \d+\s*(.*)$/) {
            $in = {from => hex $1, size => hex($2) - hex $1, may => $3, offset => hex $4, name => $5};
            push @found, $in if $in->{name} =~ $name;
        } elsif ($line =~ /^VmFlags: (.*)$/) {
            $in->{flags} = {map { $_ => 1 } split ' ', $1};
        }
    }
    return @found;
}

# How descriptors of this memory are open.
sub descriptors {
    my ($pid, $name) = @_;
    my @how;
    for my $fd (glob "/proc/$pid/fd/*") {
        next if (readlink($fd) // '') !~ $name;
        open my $f, '<', $fd =~ s{/fd/}{/fdinfo/}r or next;
        push @how, map { /^flags:\s+(\d+)/ ? oct($1) & O_ACCMODE : () } <$f>;
    }
    return @how;
}

sub slots { my ($trap) = @_; return map { $_->{pid} => $_ } @{$trap->table->{slots}} }

# Do as the program of that process could, if somebody else's ran there.  False: it cannot.
sub write_as {
    my ($pid, $at, $bytes) = @_;
    open my $f, '+<:raw', "/proc/$pid/mem" or return 0;
    sysseek $f, $at, SEEK_SET;
    return (syswrite($f, $bytes) // 0) == length $bytes;
}

sub own_page { my ($pid) = @_; return (mappings($pid, qr/status board/))[0]{from} }

# ---- what is mapped ----
for my $most (0, 5) {
    my $with = $most ? 'with max-per-address' : 'without max-per-address';
    my $trap = Trap->new(conf => {workers => {'spare-min' => 3, max => 40, 'max-per-address' => $most}});
    my @clients = map { $trap->client } 1, 2;
    $_->cmd('EHLO board.test') for @clients;
    my %slot = slots($trap);
    my $processes = $trap->processes;
    my (%wrong, %seen, $checked);
    for my $pid ($processes->workers) {
        my @board = mappings($pid, qr/status board/);
        next if !$slot{$pid};
        $checked++;
        $wrong{"$pid has " . @board . ' mappings'}++ if @board != 1;
        my $own = $board[0] // next;
        $seen{$own->{offset}}++;
        $wrong{"$pid: $own->{may} $own->{size} at $own->{offset}"}++
            if $own->{may} ne 'rw-s' || $own->{size} != $page || $own->{offset} != (1 + $slot{$pid}{slot}) * $page;
    }
    cmp_ok($checked, '>=', 4, "$with: workers in sessions and idle ones are looked at");
    is_deeply(\%wrong, {}, 'each has one page of the status board, which is that of its slot');
    is_deeply([grep { $_ != 1 } values %seen], [], 'no two have the same');
    my @workers = grep { $slot{$_} } $processes->workers;
    is_deeply([map { descriptors($_, qr/status board/) } @workers], [], 'none has its descriptor');
    is_deeply([map { "$_->{name} $_->{may}" } grep { $_->{may} =~ /^r--s/ && $_->{flags}{mw} }
        map { mappings($_, qr/memfd:/) } @workers], [], 'what they can only read of shared memory can never be made writable');
    my @others = ($processes->logger, $processes->keyholders);
    is_deeply([map { mappings($_, qr/status board|crowd/) } @others], [], 'the other roles have none of it');
    my @crowd = map { "$_->{may} $_->{offset}" } map { mappings($_, qr/crowd/) } @workers;
    my @fds = map { descriptors($_, qr/crowd/) } @workers;
    if ($most) {
        is_deeply(\@crowd, [map { 'r--s 0' } @workers], 'entries of crowds can be read');
        is_deeply(\@fds, [map { O_WRONLY } @workers], 'their descriptor is for writing only, so it cannot be mapped');
    } else {
        is_deeply([@crowd, @fds], [], 'nobody has the entries of crowds');
    }
    is_deeply([grep { $_ == O_RDWR } descriptors($trap->pid, qr/crowd/)], [], 'nor has the master one that can be mapped for writing');
    $_->quit for @clients;
    $trap->done;
}

# ---- what a slot can say ----
SKIP: {
    my $trap = Trap->new(tls => 0, conf => {workers => {'spare-min' => 2, 'spare-max' => 4, max => 8}});
    $trap->expect(qr/ master: worker \d+ \(pid \d+\) was killed by signal 9 \(Killed\)/);
    my @clients = map { $trap->client(local => "127.9.0.$_") } 1 .. 3;
    $clients[$_]->cmd("EHLO client$_.test") for 0 .. 2;
    my ($liar, $honest, $starter) = map { $trap->worker_of($_) } @clients;
    my $at = own_page($liar);
    skip 'nobody may write the memory of another process here', 1 if !write_as($liar, $at, pack 'L', SLOT_SESSION);
    ok(!write_as($liar, $at + $page, 'x') && !write_as($liar, $at - $page, 'x'), 'beside its page there is nothing to write');

    my %before = slots($trap);
    ok(write_as($liar, $at, "\xff" x SLOT_BYTES), 'a worker fills its slot with ones');
    my ($json, $err, $rc) = Trap::Process::run("$Trap::BUILD/smtptrap", '-f', $trap->conf_file, 'status', '--json');
    is("$rc $err", '0 ', 'status shows the board');
    my $now = decode_json($json);
    my ($row) = grep { $_->{pid} == $honest } @{$now->{slots}};
    is_deeply([@$row{qw(state id helo client_ip commands)}], [@{$before{$honest}}{qw(state id helo client_ip commands)}],
        'the slot of another worker is as it was');
    is($now->{workers_in_session}, 2, 'the one that lies is in no state');
    cmp_ok($now->{sessions}, '<=', TOTAL_MAX + 10, 'totals have of it what one slot may say, and do not wrap');
    cmp_ok($now->{sessions}, '>=', TOTAL_MAX, 'which is shown');
    for my $command (['status'], ['metrics'], ['status', '--check']) {
        my ($out) = Trap::Process::run("$Trap::BUILD/smtptrap", '-f', $trap->conf_file, @$command);
        ok($out ne '' && $out !~ /[\x00-\x09\x0b-\x1f\x7f-\xff]/, "@$command: plain text");
    }
    is($clients[1]->cmd('NOOP'), 250, 'sessions go on');
    is($trap->client->quit, 221, 'and clients are served');

    ok(write_as($liar, $at, pack('L', SLOT_SESSION)), 'it says that it is in a session, full of nonsense');
    kill 'KILL', $liar;
    my $died = $trap->wait_record('session', sub { $_[0]{end_reason} eq 'worker_died' });
    is_deeply([@$died{qw(phase duration_us tls_outcome)}, length $died->{helo}], ['connect', 0, 'negotiated', 63],
        'its last words are a record of what can be, and its own');

    # The master has seen by now that this one was past its start.
    ok(wait_for(20, sub { my %s = slots($trap); $s{$starter} }), 'another one is there');
    sleep 2; # it looks twice a second
    ok(write_as($starter, own_page($starter), pack 'L', SLOT_STARTING), 'and says that it has not started yet');
    kill 'KILL', $starter;
    ok(wait_for(20, sub { $clients[2]->closed && !grep { $_ == $starter } $trap->processes->workers }), 'when it dies');
    is($trap->client->quit, 221, 'clients are served');
    unlike($trap->log_text, qr/died while it started/, 'and new workers are not held back');
    is($clients[1]->quit, 221, 'the session of the honest one ends well');
    ok(wait_for(20, sub { my $s = $trap->table; $s->{bad_frames} == 0 && $s->{records_session} >= 4 }), 'its record is taken');
    $trap->done;
}
done_testing;
