package Trap::Client;

# Client.pm: a small SMTP client that says exactly what a test wants said.  Everything has a
# time-out: what does not come in time dies with what was waited for.
#
#   my $c = Trap::Client->new(address => '127.0.0.1', port => 2525, local => '127.0.0.9');
#   my $r = $c->cmd('EHLO x');       # a reply: as a string its code; ->lines, ->text
#   $c->send("NOOP\r\nQUIT\r\n"); $c->reply; $c->reply;
#   $c->starttls(SSL_version => 'TLSv1_2');
use strict;
use warnings;
use Carp qw(croak);
use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use IO::Select;
use IO::Socket::IP;
use IO::Socket::SSL;
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVTIMEO SO_SNDTIMEO IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

use constant SECONDS => 30;

# Options: address, port; local: source address; seconds: for everything; banner => 0: do not read
# it; implicit => 1 or {SSL options}: TLS at once; before: bytes to send as soon as connected.
sub new {
    my ($class, %o) = @_;
    my $self = bless {seconds => SECONDS, buffer => '', began => time, %o}, $class;
    $self->{socket} = IO::Socket::IP->new(PeerHost => $o{address}, PeerPort => $o{port},
        $o{local} ? (LocalHost => $o{local}) : (), Proto => 'tcp', Timeout => $self->{seconds})
        or die "connect to $o{address} port $o{port}: $@\n";
    $self->_arm;
    ($self->{local_address}, $self->{local_port}) =
        ($self->{socket}->sockhost, $self->{socket}->sockport);
    ($self->{peer_address}, $self->{peer_port}) = ($self->{socket}->peerhost, $self->{socket}->peerport);
    $self->send($o{before}) if defined $o{before};
    $self->tls(ref $o{implicit} ? %{$o{implicit}} : ()) if $o{implicit};
    $self->{banner_reply} = $self->reply if $o{banner} // 1;
    return $self;
}

sub local_address { $_[0]{local_address} }
sub local_port { $_[0]{local_port} }
sub peer_address { $_[0]{peer_address} }
sub peer_port { $_[0]{peer_port} }
sub began { $_[0]{began} }
sub socket { $_[0]{socket} }
sub banner { $_[0]{banner_reply} }

sub _arm {
    my ($self) = @_;
    my $time = pack 'l!l!', $self->{seconds}, 0;
    setsockopt $self->{socket}, SOL_SOCKET, $_, $time for SO_RCVTIMEO, SO_SNDTIMEO;
    setsockopt $self->{socket}, IPPROTO_TCP, TCP_NODELAY, 1;
}

# ---- bytes ----

# Send all bytes; dies when the peer does not take them, unless quiet.
sub send {
    my ($self, $bytes, %o) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $at = 0;
    while ($at < length $bytes) {
        my $n = syswrite $self->{socket}, $bytes, length($bytes) - $at, $at;
        if (!defined $n) {
            next if $! == EINTR;
            return 0 if $o{quiet};
            die "send: $!\n";
        }
        $at += $n;
    }
    return 1;
}

# What one receive gives: at most 64 KiB; '' when the peer closed; undef when it reset.
sub receive {
    my ($self) = @_;
    my ($n, $bytes);
    do { $n = sysread $self->{socket}, $bytes, 65536 } while !defined $n && $! == EINTR;
    if (!defined $n) {
        die "nothing received in $self->{seconds} s\n" if $! == EAGAIN || $! == EWOULDBLOCK;
        return;
    }
    return $n ? $bytes : '';
}

# Is something here to be read within so many seconds?
sub readable {
    my ($self, $seconds) = @_;
    return 1 if length $self->{buffer} || ($self->{tls} && $self->{socket}->pending);
    return scalar IO::Select->new($self->{socket})->can_read($seconds);
}

# ---- replies ----

# One reply, or undef when the connection ended before it.
sub reply {
    my ($self) = @_;
    my @lines;
    while (1) {
        while ($self->{buffer} !~ /\n/) {
            my $bytes = $self->receive;
            return if !defined $bytes || $bytes eq '';
            $self->{buffer} .= $bytes;
        }
        $self->{buffer} =~ s/^(.*?\n)//s;
        push @lines, $1;
        return Trap::Reply->new(@lines) if $1 !~ /^\d{3}-/;
    }
}

sub cmd {
    my ($self, $line) = @_;
    $self->send("$line\r\n");
    return $self->reply;
}

# Did the peer close, without saying more?
sub closed {
    my ($self) = @_;
    return 0 if length $self->{buffer};
    my $bytes = eval { $self->receive };
    return 0 if $@;
    return !defined $bytes || $bytes eq '';
}

# All bytes up to the peer's end.
sub drain {
    my ($self) = @_;
    my $all = $self->{buffer};
    $self->{buffer} = '';
    while (defined(my $bytes = $self->receive)) {
        last if $bytes eq '';
        $all .= $bytes;
    }
    return $all;
}

# ---- TLS ----

sub tls {
    my ($self, %o) = @_;
    IO::Socket::SSL->start_SSL($self->{socket}, SSL_verify_mode => SSL_VERIFY_NONE,
        Timeout => $self->{seconds}, %o) or die "TLS: $IO::Socket::SSL::SSL_ERROR\n";
    $self->{tls} = 1;
    return $self;
}

sub starttls {
    my ($self, %o) = @_;
    my $r = $self->cmd('STARTTLS');
    die 'STARTTLS: ' . ($r ? $r->text : 'closed') . "\n" if !$r || $r->code != 220;
    $self->{buffer} = '';
    return $self->tls(%o);
}

# ---- a message ----

# Lines with dots doubled, and the end; the message must end in CRLF.
sub dotted {
    my ($data) = @_;
    croak 'a message by DATA must end in CRLF' if $data !~ /(?:^|\r\n)\z/;
    return $data =~ s/(^|\r\n)\./$1../gr . ".\r\n";
}

# MAIL, RCPT, DATA; the last reply, or the first that refused.
sub send_message {
    my ($self, %o) = @_;
    my $r = $self->cmd('MAIL FROM:<' . ($o{from} // 'a@client.test') . '>');
    return $r if !$r || $r->code != 250;
    for my $to (@{$o{to} // ['b@trap.test']}) {
        $r = $self->cmd("RCPT TO:<$to>");
        return $r if !$r || $r->code != 250;
    }
    $r = $self->cmd('DATA');
    return $r if !$r || $r->code != 354;
    $self->send(dotted($o{data}));
    return $self->reply;
}

sub quit { my ($self) = @_; my $r = $self->cmd('QUIT'); $self->close; return $r }

sub close { my ($self) = @_; close $self->{socket} if $self->{socket} }

# Close with a reset.
sub abort {
    my ($self) = @_;
    setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    $self->close;
}

package Trap::Reply;
use overload '""' => sub { $_[0]{code} }, bool => sub { 1 }, fallback => 1;

sub new {
    my ($class, @lines) = @_;
    return bless {lines => \@lines, code => $lines[-1] =~ /^(\d{3})/ ? $1 : 0}, $class;
}
sub code { $_[0]{code} }
sub lines { map { s/\r?\n$//r } @{$_[0]{lines}} }
sub text { join '', @{$_[0]{lines}} }

# RFC 5321 4.2: the same code in each line, text of printable ASCII, at most 512 octets.
sub legal {
    my ($self) = @_;
    my @lines = @{$self->{lines}};
    for my $i (0 .. $#lines) {
        my $mark = $i == $#lines ? ' ' : '-';
        return 0 if $lines[$i] !~ /^$self->{code}\Q$mark\E[\t\x20-\x7e]*\r\n\z/;
        return 0 if length $lines[$i] > 512 || $self->{code} !~ /^[2-5][0-5]\d$/;
    }
    return 1;
}

1;
