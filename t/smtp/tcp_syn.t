#!/usr/bin/perl
# tcp_syn.t: the SYN in the records is the one that was on the wire: of this kernel with its options
# turned on and off, of SYNs made bit by bit, and none where there is none to tell of.
use strict;
use warnings;
use IO::Socket::IP;
use Socket qw(IPPROTO_TCP TCP_INFO);
use Test::More;
use Trap;
use Trap::Net;
use Trap::Syn qw(opt_mss p0f_signatures);
use Trap::SynCases qw(cases);

Trap::Net::enter();
my $net = Trap::Net->new;
my $trap = Trap->new(root => 1, wrap => [$net->inside], listeners => [
    {address => Trap::Net::SERVER4, port => 25}, {address => Trap::Net::SERVER6, port => 25},
    {address => Trap::Net::SERVER4, port => 2525, 'tcp-syn' => 'no'}]);
$net->capture;

# What the client's own socket says: maximum segment sizes and options.
sub tcp_info {
    my ($socket) = @_;
    my ($options, $scales) = unpack 'x5CC', getsockopt $socket, IPPROTO_TCP, TCP_INFO;
    return {timestamps => $options & 1, sack => $options & 2, scaling => $options & 4, scale => $scales >> 4};
}

# A connection of this kernel: its client, what its socket says, its SYN as captured.
sub connection {
    my ($listener, %o) = @_;
    my $c = $trap->client(listener => $listener, %o);
    my $info = tcp_info($c->socket);
    my $syn = $net->syn_from($c->local_port);
    $c->cmd('EHLO x');
    is($c->send_message(data => "Subject: x\r\n\r\nx\r\n"), 250, 'a message is accepted') if $o{message};
    $c->quit;
    return ($c, $info, $syn);
}

sub reset_client {
    Trap::Net::sysctl($_->[0], $_->[1]) for ['ipv4/tcp_timestamps', 1], ['ipv4/tcp_sack', 1], ['ipv4/tcp_window_scaling', 1],
        ['ipv4/ip_default_ttl', 64], ['ipv6/conf/client/hop_limit', 64], ['ipv4/tcp_ecn', 0];
    Trap::Net::run("ip link set client mtu 1500 && ip route replace 10.77.0.0/24 dev client && ip -6 route replace fd77::/64 dev client proto kernel metric 256");
}

# ---- this kernel, one thing after the other ----
my @kernel = (
    # title, how it is set, what the record has
    ['as it is', sub {}],
    ['without timestamps', sub { Trap::Net::sysctl('ipv4/tcp_timestamps', 0) }, {tcp_syn_options => [qw(mss nop nop sok nop ws)]}],
    ['without SACK', sub { Trap::Net::sysctl('ipv4/tcp_sack', 0) }, {tcp_syn_options => [qw(mss nop nop ts nop ws)]}],
    ['without window scaling', sub { Trap::Net::sysctl('ipv4/tcp_window_scaling', 0) }, {tcp_syn_options => [qw(mss sok ts)]}],
    ['without any of them', sub { Trap::Net::sysctl("ipv4/$_", 0) for qw(tcp_timestamps tcp_sack tcp_window_scaling) },
        {tcp_syn_options => ['mss']}],
    ['another TTL', sub { Trap::Net::sysctl('ipv4/ip_default_ttl', 120); Trap::Net::sysctl('ipv6/conf/client/hop_limit', 120) },
        {tcp_syn_ttl => 120}, qr/^[46]:128:/],
    ['another MTU', sub { Trap::Net::run('ip link set client mtu 1300') }, {mtu => 1300}],
    ['an MSS of the route', sub { Trap::Net::run("ip route replace 10.77.0.0/24 dev client advmss 900 && ip -6 route replace fd77::/64 dev client proto kernel metric 256 advmss 900") },
        {tcp_syn_mss => 900}],
    ['a window of the route', sub { Trap::Net::run("ip route replace 10.77.0.0/24 dev client initrwnd 5 && ip -6 route replace fd77::/64 dev client proto kernel metric 256 initrwnd 5") },
        {}, qr/^[46]:64:0:\d+:mss\*5,/],
    ['with ECN', sub { Trap::Net::sysctl('ipv4/tcp_ecn', 1) }, {}, qr/:[^:]*\becn\b[^:]*:0\z/],
);
my (@captured, %ours, @checks); # the checks come last: a record takes its time
for my $case (@kernel) {
    my ($title, $set, $expected, $pattern) = @$case;
    for my $listener (0, 1) {
        my $name = $title . ', IPv' . (4, 6)[$listener];
        reset_client();
        $set->();
        my ($c, $info, $syn) = connection($listener);
        push @captured, $syn;
        push @checks, sub {
            my $s = $trap->session_of($c);
            my %want = (tcp_syn_options => [qw(mss sok ts nop ws)], tcp_syn_ttl => 64, %{$expected // {}});
            $want{tcp_syn_mss} //= ((delete $want{mtu}) // 1500) - (40, 60)[$listener];
            delete $want{mtu};
            is_deeply({map { $_ => $s->{$_} } keys %want}, \%want, "$name: the record has what was set");
            my %options = map { $_ => 1 } @{$s->{tcp_syn_options}};
            is_deeply([map({ $_ ? 1 : 0 } @options{qw(ts sok ws)}), $s->{tcp_syn_scale} // 0],
                [map({ $_ ? 1 : 0 } @$info{qw(timestamps sack scaling)}), $info->{scaling} ? $info->{scale} : 0],
                "$name: the client's socket says the same");
            like($s->{tcp_syn}, $pattern // qr/^(?:4:64:0:\d+:\S+:df,id\+:0|6:64:0:\d+:\S+:(?:flow)?:0)\z/, "$name: the signature is in order");
            $ours{$s->{client_port}} = $s->{tcp_syn};
        };
    }
}
reset_client();
$_->() for splice @checks;
my ($c) = connection(0, message => 1);
my $s = $trap->session_of($c);
my ($m) = $trap->messages_of($s);
is($m->{tcp_syn}, $s->{tcp_syn}, 'the message record has the signature too');
ok(!exists $m->{tcp_syn_mss}, 'and not the rest');

# ---- SYNs made bit by bit ----
my $port = 20000;
my @made = grep { my ($name, $keys, $signature, $change) = @$_; !$change && $signature ne 'none'
    # A SYN with ACK is refused, and these extension headers the kernel does not take.
    && $name !~ /^(?:ack-flag-zero|extensions)$/ } cases();
# Options of 255 bytes of a kind that is passed over, as many as the kernel allows.
my $long = "\xff" . pack('CCa253', 0x1e, 253, '') x 8 . pack 'CCa4', 1, 4, '';
my $shorter = "\xf7" . pack('CCa253', 0x1e, 253, '') x 7 . pack 'CCa195', 0x1e, 195, '';
push @made, ['4096 bytes', {version => 6, extensions => [[60, $long], [60, $shorter]], options => opt_mss(1000), window => 7},
        '6:64:4032:1000:7,0:mss::0'],
    ['4156 bytes', {version => 6, extensions => [[60, $long], [60, $long]]}, undef];
Trap::Net::run('ip link set client mtu 9000');
for my $case (@made) {
    my ($name, $keys, $signature) = @$case;
    my %keys = (%$keys, sport => ++$port, dport => 25);
    my $answered = $net->open_raw(%keys);
    ok($answered, "$name: it opens a connection") or next;
    my $port = $port;
    push @checks, sub {
        my $s = $trap->wait_record('session', sub { $_[0]{client_port} == $port && $_[0]{client_ip} =~ /99$/ }, $name);
        is($s->{tcp_syn}, $signature, "$name: and is recorded");
        is_deeply([@$s{qw(tcp_syn_ttl tcp_syn_window)}], [defined $signature ? ($keys{ttl} // 64, $keys{window} // 64240) : (undef, undef)],
            "$name: with its numbers");
    };
}
$_->() for splice @checks;

# ---- what p0f says of the same packets ----
SKIP: {
    my $p0f = Trap::Process::program('p0f') or skip 'p0f is not installed', 1;
    my %theirs = p0f_signatures($p0f, @captured);
    is_deeply(\%ours, \%theirs, 'p0f gives the captured SYNs of ' . @captured . ' connections the same signatures');
}

# ---- none ----
($c) = connection(2);
$s = $trap->session_of($c);
ok(!(grep { /^tcp_syn/ } keys %$s), 'with tcp-syn no there is none');
$trap->expect(qr/ master: reload: \S+ is in force for new sessions$/);
$trap->{listeners}[2]{'tcp-syn'} = 'yes';
$trap->write_conf;
$trap->notified;
$trap->hup;
ok($trap->wait_notify(qr/^READY=1/m), 'the configuration is read again');
for (1 .. 50) { ($c) = connection(2); $s = $trap->session_of($c); last if $s->{tcp_syn} }
like($s->{tcp_syn}, qr/^4:64:/, 'with tcp-syn yes there is');
$net->at_server('echo 2 >/proc/sys/net/ipv4/tcp_syncookies');
($c) = connection(0);
$s = $trap->session_of($c);
ok($s->{id} && !exists $s->{tcp_syn}, 'under SYN cookies the kernel has none');
$net->at_server('echo 1 >/proc/sys/net/ipv4/tcp_syncookies');
$trap->done;

# ---- PROXY, and sockets from systemd ----
my $proxied = Trap->new(listeners => [{'proxy-from' => '127.7.0.0/16'}]);
for my $case (["PROXY TCP4 192.0.2.7 192.0.2.25 4711 25\r\n", 0, 'behind a PROXY header there is none: it is the proxy\'s'],
    ["PROXY UNKNOWN\r\n", 1, 'where the proxy speaks for itself it is']) {
    my ($header, $there, $title) = @$case;
    my $c = $proxied->client(local => '127.7.0.1', before => $header);
    $c->cmd('EHLO x');
    is($c->send_message(data => "x\r\n"), 250, 'a message comes');
    $c->quit;
    my ($m) = $proxied->wait_count('message', $there + 1);
    $m = ($proxied->records('message'))[-1];
    my $s = $proxied->wait_record('session', sub { $_[0]{id} eq $m->{session_id} });
    is(exists $s->{tcp_syn} ? 1 : 0, $there, $title);
    is(exists $m->{tcp_syn} ? 1 : 0, $there, 'and likewise of the message');
}
$proxied->done;
SKIP: {
    my $socket = IO::Socket::IP->new(LocalHost => $Trap::ADDRESS, LocalPort => 0, Listen => 10, ReuseAddr => 1) or die "$@";
    my $passed = Trap->new(start => 0, listeners => [{port => $socket->sockport}], before_exec => sub {
        POSIX::dup2(fileno $socket, 3);
        @ENV{qw(LISTEN_FDS LISTEN_PID)} = (1, $$);
    });
    $passed->start;
    my $c = $passed->client;
    $c->quit;
    like($passed->session_of($c)->{tcp_syn}, qr/^4:64:0:65495:/, 'a socket from systemd keeps SYNs too');
    $passed->done;
}
done_testing;
