package Trap::Tamper;

# Tamper.pm: a relay between a real client and the trap that alters the client's TLS records.
#
#   my $relay = Trap::Tamper->new(address => ..., port => ..., alter => sub {
#       my ($record, $n) = @_;    # one record of the client, header and all; the n-th, from 0
#       return $record;           # what to pass on instead: bytes, one or several
#   });
#   system('openssl', 's_client', '-connect', $relay->at);
#
# In place of bytes alter may give \'close', \'reset' (to the trap; the client's side is closed too)
# or \'stall' (nothing is passed on any more, until the trap closes).  `served` instead of alter:
# the same for what has come when the server's first bytes have; it gets nothing.  With local
# it comes to the trap from that address.  The relay is a child process, takes one client, and ends with it.
use strict;
use warnings;
use Carp qw(croak);
use IO::Select;
use IO::Socket::IP;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY);

use constant SECONDS => 60;

sub new {
    my ($class, %o) = @_;
    my $listener = IO::Socket::IP->new(LocalHost => $o{address}, LocalPort => 0, Listen => 1)
        or croak "listen: $@";
    my $self = bless {%o, relay_port => $listener->sockport}, $class;
    $self->{pid} = fork // croak "fork: $!";
    return $self if $self->{pid};
    alarm SECONDS;
    local $SIG{PIPE} = 'IGNORE';
    my $client = $listener->accept;
    eval { $self->_relay($client); 1 } or warn $@;
    POSIX::_exit(0);
}

sub port { $_[0]{relay_port} }
sub at { "$_[0]{address}:$_[0]{relay_port}" }
sub wait { waitpid $_[0]{pid}, 0 }

# Whole records off the front.
sub _records {
    my ($buffer) = @_;
    my @records;
    while (length $$buffer >= 5) {
        my $length = 5 + unpack 'x3 n', $$buffer;
        last if length $$buffer < $length;
        push @records, substr $$buffer, 0, $length, '';
    }
    return @records;
}

sub _write {
    my ($to, $bytes) = @_;
    my $at = 0;
    while ($at < length $bytes) {
        $at += syswrite($to, $bytes, length($bytes) - $at, $at) // return;
    }
}

# Do what alter asked for; false: all is over.
sub _pass {
    my ($server, $what) = @_;
    if (!ref $what) {
        _write($server, $what);
        return 1;
    }
    setsockopt $server, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if $$what eq 'reset';
    if ($$what eq 'stall') {
        1 while sysread $server, my $rest, 65536;
    }
    return 0;
}

sub _relay {
    my ($self, $client) = @_;
    my $server = IO::Socket::IP->new(PeerHost => $self->{address}, PeerPort => $self->{port},
        $self->{local} ? (LocalHost => $self->{local}) : ())
        or die "connect: $@\n";
    setsockopt $_, IPPROTO_TCP, TCP_NODELAY, 1 for $client, $server;
    my $select = IO::Select->new($client, $server);
    my ($buffer, $n) = ('', 0);
    while (my @ready = $select->can_read(SECONDS)) {
        for my $from (@ready) {
            my $got = sysread $from, my $bytes, 65536;
            return if !$got;
            if ($from == $server) {
                if ($self->{served}) {
                    _pass($server, $self->{served}->()) or return;
                }
                _write($client, $bytes);
                next;
            }
            $buffer .= $bytes;
            for my $record (_records(\$buffer)) {
                for my $what ($self->{alter} ? $self->{alter}->($record, $n++) : $record) {
                    _pass($server, $what) or return;
                }
            }
        }
    }
}

1;
