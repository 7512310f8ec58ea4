package Trap::Background;

# Background.pm: a program that goes on beside the test, and the lines it prints.
#
#   my $p = Trap::Background->new('smtptrap', 'follow');
#   my $line = $p->line;                 # the next one, waited for; undef at the end
#   $p->signal('TERM'); is($p->end, 0);  # its wait status
#
# Standard error comes between the lines of standard output, each as it was written.  What still
# runs at the end of the test is killed.
use strict;
use warnings;
use IO::Select;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);

use constant SECONDS => 60;

sub new {
    my ($class, @command) = @_;
    pipe my $out, my $write or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $write;
        open STDERR, '>&', $write;
        exec @command or POSIX::_exit(127);
    }
    close $write;
    return bless {pid => $pid, out => $out, buffer => '', owner => $$}, $class;
}

sub pid { $_[0]{pid} }
sub signal { kill $_[1], $_[0]{pid} }

# The next line without its LF; undef at the end; dies when nothing comes.
sub line {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // SECONDS);
    while ($self->{buffer} !~ /\n/) {
        my $left = $until - time;
        die "no line in time, but: $self->{buffer}\n"
            if $left <= 0 || !IO::Select->new($self->{out})->can_read($left);
        my $n = sysread $self->{out}, $self->{buffer}, 65536, length $self->{buffer};
        return if !$n;
    }
    $self->{buffer} =~ s/^(.*)\n//;
    return $1;
}

# Read no more: the program gets EPIPE.
sub close_output { my ($self) = @_; close $self->{out} }

# Wait until it has left; the wait status, or undef if it does not leave.
sub end {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // SECONDS);
    while (waitpid($self->{pid}, WNOHANG) == 0) {
        return if time > $until;
        select undef, undef, undef, 0.02;
    }
    $self->{pid} = undef;
    return $?;
}

sub DESTROY {
    my ($self) = @_;
    return if !$self->{pid} || $$ != $self->{owner};
    local ($?, $!);
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
}

1;
