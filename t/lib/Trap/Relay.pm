package Trap::Relay;

# Relay.pm: STARTTLS for a client that knows none.  A process of its own takes one connection, says
# EHLO and STARTTLS to the trap, and from then on passes on the bytes of both.
#
#   my $relay = Trap::Relay->new($trap);      # ->address, ->port for the client
#   $relay->done;                             # waits for its end
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Trap::Client;

use constant SECONDS => 30;

sub new {
    my ($class, $trap) = @_;
    my $socket = IO::Socket::INET->new(LocalAddr => $trap->address, Listen => 1, Timeout => SECONDS)
        or die "relay: $@\n";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        my $fine = eval { _serve($socket, $trap); 1 };
        warn "relay: $@" if !$fine;
        POSIX::_exit($fine ? 0 : 1);
    }
    return bless {address => $trap->address, port => $socket->sockport, pid => $pid}, $class;
}

sub address { $_[0]{address} }
sub port { $_[0]{port} }

sub done {
    my ($self) = @_;
    waitpid $self->{pid}, 0;
    return $? == 0;
}

sub _serve {
    my ($socket, $trap) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $client = $socket->accept or die "nobody came\n";
    my $c = Trap::Client->new(address => $trap->address, port => $trap->port);
    $c->cmd('EHLO relay.test');
    my $r = $c->cmd('STARTTLS');
    die 'STARTTLS: ' . ($r ? $r->text : 'closed') . "\n" if !$r || $r != 220;
    my %other = ($client => $c->socket, $c->socket => $client);
    my $select = IO::Select->new($client, $c->socket);
    while ($select->count) {
        my @ready = $select->can_read(SECONDS) or die "silence\n";
        for my $from (@ready) {
            if (sysread $from, my $bytes, 65536) {
                syswrite $other{$from}, $bytes;
                next;
            }
            $select->remove($from);
            shutdown $other{$from}, 1;
        }
    }
}

1;
