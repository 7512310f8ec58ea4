package Trap::Load;

# Load.pm: clients in processes of their own that send a known number of small messages, as fast as
# pipelining allows.
#
#   my $load = Trap::Load->new($trap, clients => 12, sessions => 100, messages => 20, pause => 0.1);
#   ...
#   $load->finish;           # waits; dies if a reply was not as it must be
#   $load->records;          # how many session and message records this makes
#
# With free => 0.8, gate => FILE the last fifth of the sessions is held back until the file is there.
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep);
use Trap::File qw(spew);

sub new {
    my ($class, $trap, %o) = @_;
    my $self = bless {clients => 8, sessions => 10, messages => 20, pause => 0, free => 1, pids => [], owner => $$, %o},
        $class;
    for my $n (1 .. $self->{clients}) {
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            my $done = eval {
                for my $session (1 .. $self->{sessions}) {
                    $self->_wait_gate if $session > $self->{sessions} * $self->{free};
                    $self->_session($trap, $n);
                    sleep $self->{pause} if $self->{pause}; # spreads the load, nobody waits for it
                }
                1;
            };
            print STDERR "# load: $@" if !$done;
            POSIX::_exit($done ? 0 : 1);
        }
        push @{$self->{pids}}, $pid;
    }
    return $self;
}

sub records { my ($self) = @_; return $self->{clients} * $self->{sessions} * (1 + $self->{messages}) }

# The records that are made before the gate opens.
sub records_free {
    my ($self) = @_;
    return $self->{clients} * int($self->{sessions} * $self->{free}) * (1 + $self->{messages});
}

sub open_gate { my ($self) = @_; spew($self->{gate}) }

sub _wait_gate {
    my ($self) = @_;
    sleep 0.02 while !-e $self->{gate} && getppid == $self->{owner};
}

sub _expect {
    my ($s, $code) = @_;
    my $line;
    do { $line = <$s> // die "the trap closed\n" } while $line =~ /^\d\d\d-/;
    $line =~ /^$code/ or die "got $line instead of $code\n";
}

sub _session {
    my ($self, $trap, $n) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => $trap->address, PeerPort => $trap->port,
        LocalAddr => "127.4.0.$n") or die "connect: $!\n";
    my $begin = "MAIL FROM:<load\@client.test>\r\nRCPT TO:<trap\@example.test>\r\nDATA\r\n";
    my $body = "Subject: load $n\r\n\r\nbody\r\n.\r\n";
    _expect($s, 220);
    syswrite $s, "EHLO load.test\r\n";
    _expect($s, 250);
    for (1 .. $self->{messages}) {
        syswrite $s, $begin;
        _expect($s, $_) for 250, 250, 354;
        syswrite $s, $body;
        _expect($s, 250);
    }
    syswrite $s, "QUIT\r\n";
    _expect($s, 221);
}


sub finish {
    my ($self) = @_;
    my $failed = 0;
    waitpid($_, 0) == $_ && $? == 0 or $failed++ for @{$self->{pids}};
    $self->{pids} = [];
    die "$failed clients failed\n" if $failed;
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{owner};
    local ($?, $@);
    kill 'KILL', @{$self->{pids}};
    waitpid $_, 0 for @{$self->{pids}};
}

1;
