package Trap::Net;

# Net.pm: a client's network and a trap's, two network namespaces with a cable between.  The test
# itself runs in the client's.  Needs root.
#
#   Trap::Net::enter();                     # first thing: starts the test again inside; or skips
#   my $net = Trap::Net->new;               # the cable; addresses as below
#   my $trap = Trap->new(root => 1, wrap => [$net->inside], listeners => [{address => SERVER4}]);
#   $net->capture; ... my @packets = $net->captured;
#   my $reply = $net->open_raw($packet);    # a handshake of our own making
use strict;
use warnings;
use POSIX ();
use Socket qw(pack_sockaddr_in SOCK_DGRAM SOCK_RAW);
use Test::More;
use Time::HiRes qw(time);
use Trap::File qw(spew);
use Trap::Syn qw(packet);

use constant {
    CLIENT4 => '10.77.0.2', SERVER4 => '10.77.0.1', CLIENT6 => 'fd77::2', SERVER6 => 'fd77::1',
    # Nobody has these: what comes for them only this module sees.
    RAW4 => '10.77.0.99', RAW6 => 'fd77::99',
    AF_PACKET => 17, ETH_P_ALL => 3, ETH_P_IP => 0x0800, ETH_P_IPV6 => 0x86dd,
};

sub enter {
    plan skip_all => 'needs root' if $> != 0;
    if (!$ENV{TRAP_NET_INSIDE}) {
        for (qw(ip nsenter unshare)) { plan skip_all => "$_ is not installed" if !Trap::Process::program($_) }
        plan skip_all => 'no network namespace can be made'
            if system("unshare -n ip link set lo up >/dev/null 2>&1") != 0;
        $ENV{TRAP_NET_INSIDE} = 1;
        exec 'unshare', '-n', '--', $^X, (map { "-I$_" } @INC), $0 or die "unshare: $!";
    }
    run('ip link set lo up');
}

sub run { my ($command) = @_; system($command) == 0 or die "$command failed\n" }

# A process that holds the trap's namespace as long as this test lives.
sub new {
    my ($class) = @_;
    pipe my $hold_read, my $hold or die "pipe: $!";
    pipe my $ready, my $ready_write or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        close $hold;
        close $ready;
        POSIX::dup2(fileno $hold_read, 0);
        POSIX::dup2(fileno $ready_write, 1);
        exec qw(unshare -n sh -c), 'echo; exec cat >/dev/null' or POSIX::_exit(127);
    }
    close $ready_write;
    defined readline $ready or die "unshare failed\n";
    my $self = bless {pid => $pid, hold => $hold, owner => $$}, $class;
    run("ip link add client type veth peer name server netns $pid");
    run("ip link set client mtu 9000 && ip addr add @{[CLIENT4]}/24 dev client && ip addr add @{[CLIENT6]}/64 dev client nodad && ip link set client up");
    $self->at_server("ip link set lo up && ip link set server mtu 9000 && ip addr add @{[SERVER4]}/24 dev server && ip addr add @{[SERVER6]}/64 dev server nodad && ip link set server up");
    ($self->{mac}) = `ip -o link show client` =~ m{link/ether (\S+)};
    my ($server_mac) = join('', $self->at_server('ip -o link show server')) =~ m{link/ether (\S+)};
    ($self->{index}) = `ip -o link show client` =~ /^(\d+):/;
    $self->{server_mac} = pack 'H2' x 6, split /:/, $server_mac;
    $self->at_server("ip neigh add $_ lladdr $self->{mac} dev server nud permanent") for RAW4, RAW6;
    return $self;
}

sub inside { my ($self) = @_; return ('nsenter', '-t', $self->{pid}, '-n', '--') }

sub at_server {
    my ($self, $command) = @_;
    open my $f, '-|', $self->inside, 'sh', '-c', $command or die "nsenter: $!\n";
    my @out = <$f>;
    close $f or die "$command failed in the trap's network\n";
    return @out;
}

# Set what /proc/sys/net says here, the client's.
sub sysctl {
    my ($name, $value) = @_;
    spew("/proc/sys/net/$name", $value);
}

# ---- packets ----

sub capture {
    my ($self) = @_;
    socket my $s, AF_PACKET, SOCK_DGRAM, unpack('S', pack 'n', ETH_P_ALL) or die "AF_PACKET: $!";
    bind $s, $self->link_address(ETH_P_ALL) or die "bind: $!";
    $self->{socket} = $s;
}

sub link_address {
    my ($self, $protocol) = @_;
    return pack 'S n i S C C a8', AF_PACKET, $protocol, $self->{index}, 0, 0, 6, $self->{server_mac};
}

# The next packet that the check likes, or undef.
sub next_packet {
    my ($self, $likes, $seconds) = @_;
    my $end = time + ($seconds // 10);
    while ((my $left = $end - time) > 0) {
        vec(my $set = '', fileno $self->{socket}, 1) = 1;
        next if !select $set, undef, undef, $left;
        defined recv $self->{socket}, my $packet, 65536, 0 or next;
        return $packet if $likes->($packet);
    }
    return;
}

# (version, source port, destination port, sequence number, flags) of a TCP segment.
sub parse {
    my ($packet) = @_;
    my $version = unpack('C', $packet) >> 4;
    my $at = $version == 4 ? (unpack('C', $packet) & 15) * 4 : 40;
    return if ($version == 4 ? unpack 'x9C', $packet : $version == 6 ? unpack 'x6C', $packet : 0) != 6;
    my ($sport, $dport, $seq, undef, undef, $flags) = unpack "x$at n n N N C C", $packet;
    return ($version, $sport, $dport, $seq, $flags);
}

# The SYN from this port, among what is captured.
sub syn_from {
    my ($self, $port) = @_;
    return $self->next_packet(sub { my @p = parse($_[0]); @p && $p[1] == $port && ($p[4] & 0x12) == 2 });
}

sub send_packet {
    my ($self, $packet) = @_;
    my $protocol = unpack('C', $packet) >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6;
    send $self->{socket}, $packet, 0, $self->link_address($protocol) or die "send: $!";
}

# Open a connection with the SYN that packet() makes of these keys, and reset it at once.  Returns
# whether the trap's system answered.
sub open_raw {
    my ($self, %o) = @_;
    my %common = (version => $o{version} // 4, from => ($o{version} // 4) == 4 ? RAW4 : RAW6,
        to => ($o{version} // 4) == 4 ? SERVER4 : SERVER6, sport => $o{sport}, dport => $o{dport});
    $self->send_packet(packet(%o, %common));
    my $answer = $self->next_packet(sub { my @p = parse($_[0]); @p && $p[2] == $o{sport} && ($p[4] & 0x12) == 0x12 })
        or return 0;
    my @p = parse($answer);
    my $seq = (($o{seq} // 0x01020304) + 1) % 2**32;
    $self->send_packet(packet(%common, seq => $seq, ack => ($p[3] + 1) % 2**32, flags => 0x10));
    # The banner: only then has a worker taken the connection.
    $self->next_packet(sub { my @p = parse($_[0]); @p && $p[2] == $o{sport} && $p[4] & 8 }) or return 0;
    $self->send_packet(packet(%common, seq => $seq, ack => 0, flags => 4));
    return 1;
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{owner};
    local ($?, $@);
    close $self->{hold};
    waitpid $self->{pid}, 0;
}

1;
