package Trap::FakeNats;

# FakeNats.pm: a NATS server of one test that acknowledges only what it is told to, for what real
# servers do too seldom.  It tells the number of a subject's last record, which the test sets.
#
#   my $fake = Trap::FakeNats->new;
#   $fake->url;
#   my $came = $fake->wait_published(5);   # [{id, reply}...] on this connection
#   $fake->acknowledge($came->[0]);
#   $fake->last(17);                       # from now on the number of the last record; undef: no leader
#   $fake->drop;                           # close the connection; the next one is taken
#
# It serves one client at a time, from the test's own process, while one of its calls waits.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);
use Trap;

sub new {
    my ($class, %o) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => $Trap::ADDRESS, Listen => 5, ReuseAddr => 1)
        or die "listen: $!";
    return bless {stream => 'SMTPTRAP', connections => 0, published => [], last => 0, asked => 0,
        listener => $listener, %o}, $class;
}

sub url { my ($self) = @_; return "nats://$Trap::ADDRESS:" . $self->{listener}->sockport }
sub connections { $_[0]{connections} }

sub drop {
    my ($self) = @_;
    delete $self->{client};
    $self->{sids} = {}; # of the prefix that stands before the last * of the subject
    $self->{published} = [];
    $self->{input} = '';
}

# The client may be gone.
sub _write {
    my ($self, $text) = @_;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $self->{client}, $text if $self->{client};
}

sub _accept {
    my ($self) = @_;
    $self->drop;
    $self->{client} = $self->{listener}->accept or die "accept: $!";
    $self->{connections}++;
    $self->_write("INFO {\"server_id\":\"fake\",\"version\":\"2.9.10\",\"headers\":true,"
        . "\"max_payload\":1048576,\"proto\":1}\r\n");
}

# One command of the client, or a part of one: false if there is no whole one.
sub _take {
    my ($self) = @_;
    my ($line) = $self->{input} =~ /^(.*?)\r\n/s or return 0;
    my $len = 2 + length $line;
    if (my ($reply, $head, $all) = $line =~ /^HPUB \S+ (\S+) (\d+) (\d+)$/) {
        return 0 if length $self->{input} < $len + $all + 2;
        my ($id) = substr($self->{input}, $len, $head) =~ /^Nats-Msg-Id: *(.*)\r$/m;
        defined $id ? push @{$self->{published}}, {id => $id, reply => $reply} : $self->_tell_last($reply);
        $len += $all + 2;
    }
    $self->{sids}{$1} = $2 if $line =~ /^SUB (\S+)\* +(\d+)$/;
    $self->_write("PONG\r\n") if $line eq 'PING';
    substr $self->{input}, 0, $len, '';
    return 1;
}

sub _send {
    my ($self, $to, $text, $head) = @_;
    my ($prefix) = $to =~ /^(.*\.)/;
    my $sizes = defined $head ? length($head) . ' ' . length($head . $text) : length $text;
    $head //= '';
    $self->_write(($head ? 'HMSG' : 'MSG') . " $to $self->{sids}{$prefix} $sizes\r\n$head$text\r\n");
}

# Answer a publish on a condition that does not hold.
sub _tell_last {
    my ($self, $reply) = @_;
    $self->{asked}++;
    return $self->_send($reply, '', "NATS/1.0 503\r\n\r\n") if !defined $self->{last};
    $self->_send($reply, "{\"error\":{\"code\":400,\"err_code\":10071,\"description\":\"wrong last sequence: "
        . "$self->{last}\"},\"stream\":\"$self->{stream}\",\"seq\":0}");
}

sub last { my ($self, $number) = @_; $self->{last} = $number }
sub asked { $_[0]{asked} } # how often the number was asked for

sub _read {
    my ($self) = @_;
    return $self->drop if !sysread $self->{client}, $self->{input}, 1 << 16, length $self->{input};
    1 while $self->_take;
}

# Serve for so many seconds, or until the condition holds.
sub serve {
    my ($self, $seconds, $until) = @_;
    my $end = time + $seconds;
    while (time < $end && !($until && $until->())) {
        my $select = IO::Select->new($self->{listener}, $self->{client} // ());
        $_ == $self->{listener} ? $self->_accept : $self->_read for $select->can_read(0.05);
    }
}

# Wait until so many came on a connection; all that came by then.
sub wait_published {
    my ($self, $count, $seconds) = @_;
    $self->serve($seconds // 30, sub { @{$self->{published}} >= $count });
    return [@{$self->{published}}];
}

my $number = 0;
sub number { $number } # of the last that was acknowledged
sub acknowledge {
    my ($self, @these) = @_;
    $self->_send($_->{reply}, "{\"stream\":\"$self->{stream}\",\"seq\":" . ++$number . '}') for @these;
}

1;
