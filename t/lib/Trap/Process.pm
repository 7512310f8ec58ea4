package Trap::Process;

# Process.pm: the processes of one smtptrapd, told apart by the order of their birth: the logger
# first, then the key holders, the dialer and the first resolver, then workers, as master_roles.c,
# master_dns.c and master_pool.c fork them.
use strict;
use warnings;
use Exporter qw(import);
use IPC::Open3;
use Symbol qw(gensym);
use Time::HiRes qw(sleep time);

use constant STOP_SECONDS => 60;

our @EXPORT_OK = qw(run_client);

# Fields of /proc/PID/stat behind the name: state, ppid, pgrp; the last is the start in ticks.
sub _stat {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/stat" or return;
    my @field = split ' ', (<$f> // return) =~ s/^.*\) //sr;
    return {pid => $pid, state => $field[0], parent => $field[1], group => $field[2],
        start => $field[19]};
}

sub _all {
    opendir my $d, '/proc' or return;
    return grep { defined } map { _stat($_) } grep { /^\d+$/ } readdir $d;
}

sub group_lives {
    my ($group) = @_;
    return scalar grep { $_->{group} == $group && $_->{state} ne 'Z' } _all();
}

# The living children of a process, the oldest first.
sub children {
    my ($parent) = @_;
    return map { $_->{pid} } sort { $a->{start} <=> $b->{start} || $a->{pid} <=> $b->{pid} }
        grep { $_->{parent} == $parent && $_->{state} ne 'Z' } _all();
}

# Stop these processes, and wait until they stand; returns those that do, as others may have ended.
sub halt {
    my @pids = @_;
    kill 'STOP', @pids;
    my $end = time + STOP_SECONDS;
    while (time < $end) {
        my %state = map { $_ => (_stat($_) // {state => 'Z'})->{state} } @pids;
        return grep { $state{$_} eq 'T' } @pids if !grep { !/^[TZ]$/ } values %state;
        sleep 0.01;
    }
    die "not stopped: @pids\n";
}

sub new {
    my ($class, $master, $tls, $keyholders, $dns) = @_;
    my @born = children($master);
    my $logger = shift @born;
    my @keyholders = $tls ? splice @born, 0, $keyholders : ();
    return bless {master => $master, logger => $logger, keyholders => \@keyholders,
        dns => [$dns ? splice @born, 0, 2 : ()]}, $class;
}

sub master { $_[0]{master} }
sub logger { $_[0]{logger} }
sub keyholders { @{$_[0]{keyholders}} }

sub dialer { $_[0]{dns}[0] }
sub resolver { $_[0]{dns}[1] } # the first one

sub workers {
    my ($self) = @_;
    my %other = map { $_ => 1 } $self->logger, $self->keyholders, @{$self->{dns}};
    return grep { !$other{$_} } children($self->master);
}

# Kilobytes of memory that are this process's alone.
sub private_kib {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/smaps_rollup" or return;
    my $sum = 0;
    while (<$f>) { $sum += $1 if /^Private_\w+:\s+(\d+) kB/ }
    return $sum;
}

# Where a program is, or undef.
sub program {
    my ($name) = @_;
    my ($found) = grep { -x && !-d } map { "$_/$name" } split(/:/, $ENV{PATH}), '/usr/sbin', '/sbin';
    return $found;
}

# Run a program to its end: (standard output, standard error, wait status).
sub run {
    my (@command) = @_;
    my $input = ref $command[0] ? ${shift @command} : '';
    my $err = gensym;
    require File::Temp;
    my ($in, $e) = (File::Temp->new, File::Temp->new);
    print $in $input;
    $in->flush;
    seek $in, 0, 0;
    open my $stdin, '<&', $in or die "dup: $!";
    my $pid = open3('<&' . fileno $stdin, my $out, '>&' . fileno $e, @command);
    binmode $out;
    my $text = do { local $/; <$out> } // '';
    waitpid $pid, 0;
    my $status = $?;
    seek $e, 0, 0;
    my $errors = do { local $/; <$e> } // '';
    return ($text, $errors, $status);
}

# The same with a client of a trap, which has a minute and says QUIT if nothing else is given,
# and no settings of OpenSSL but its own.
sub run_client {
    my @input = ref $_[0] ? shift : (\"QUIT\r\n");
    local $ENV{OPENSSL_CONF} = '/dev/null';
    return run(@input, 'timeout', 60, @_);
}

1;
