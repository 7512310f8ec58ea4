#!/usr/bin/perl
# proxy.t: the PROXY protocol, versions 1 and 2, from addresses that are trusted to speak it.
use strict;
use warnings;
use Socket qw(inet_aton inet_pton AF_INET6);
use Test::More;
use Trap;

my $trap = Trap->new(listeners => [{'proxy-from' => ['127.7.0.0/16', '::1']}, {tls => 'implicit', 'proxy-from' => '127.7.0.0/16'}]);
my $SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
sub v2 {
    my ($command, $family, $addresses) = @_;
    return $SIGNATURE . pack('C C n', 0x20 | $command, $family, length $addresses) . $addresses;
}
my $v4 = inet_aton('192.0.2.7') . inet_aton('192.0.2.25') . pack 'n n', 4711, 25;
my $v6 = inet_pton(AF_INET6, '2001:db8::7') . inet_pton(AF_INET6, '2001:db8::25') . pack 'n n', 4711, 25;

my @good = (
    # title, header, client_ip, client_port, local_ip, local_port
    ['version 1, TCP4', "PROXY TCP4 192.0.2.7 192.0.2.25 4711 25\r\n", '192.0.2.7', 4711, '192.0.2.25', 25],
    ['version 1, TCP6', "PROXY TCP6 2001:db8::7 2001:db8::25 4711 25\r\n", '2001:db8::7', 4711, '2001:db8::25', 25],
    ['version 2, IPv4', v2(1, 0x11, $v4), '192.0.2.7', 4711, '192.0.2.25', 25],
    ['version 2, IPv6', v2(1, 0x21, $v6), '2001:db8::7', 4711, '2001:db8::25', 25],
    ['version 2 with more behind the addresses', v2(1, 0x11, $v4 . "\x04\x00\x03abc"), '192.0.2.7', 4711, '192.0.2.25', 25],
);
for my $case (@good) {
    my ($title, $header, $ip, $port, $local_ip, $local_port) = @$case;
    my $c = $trap->client(local => '127.7.0.1', before => $header);
    is($c->banner, 220, "$title: the banner comes behind the header");
    $c->cmd('EHLO x');
    is($c->send_message(data => "x\r\n"), 250, "$title: the session is served");
    $c->quit;
    my $s = $trap->wait_record('session', sub { $_[0]{proxy_ip} && $_[0]{client_ip} eq $ip && $_[0]{end_reason} eq 'quit'
        && !$_[0]{seen}++ }, $title);
    is_deeply([@$s{qw(client_ip client_port local_ip local_port proxy_ip early_talk)}],
        [$ip, $port, $local_ip, $local_port, '127.7.0.1', JSON::PP::false], "$title: the record has the addresses of the header");
    my ($m) = $trap->messages_of($s);
    is_deeply([@$m{qw(client_ip client_port proxy_ip)}], [$ip, $port, '127.7.0.1'], "$title: the message record too");
}
like(($trap->mails)[0]{trace}, qr/\(\[192\.0\.2\.7\]:4711\)/, 'the trace header names the client, not the proxy');

# In pieces, and with TLS at once.
my $c = $trap->client(local => '127.7.0.1', banner => 0);
for my $byte (split //, "PROXY TCP4 192.0.2.8 192.0.2.25 4712 25\r\n") { $c->send($byte); select undef, undef, undef, 0.001 }
is($c->reply, 220, 'a header that comes byte by byte is taken');
$c->quit;
$c = $trap->client(local => '127.7.0.1', listener => 1, banner => 0);
$c->send(v2(1, 0x11, inet_aton('192.0.2.9') . inet_aton('192.0.2.25') . pack 'n n', 4713, 465));
$c->tls;
is($c->reply, 220, 'TLS begins behind the header');
$c->quit;
my $s = $trap->wait_record('session', sub { $_[0]{client_ip} eq '192.0.2.9' });
is_deeply([@$s{qw(tls_outcome local_port)}], ['negotiated', 465], 'and is recorded');

# Said to be of nobody: the proxy's own.
for my $local ("PROXY UNKNOWN\r\n", v2(0, 0, '')) {
    my $c = $trap->client(local => '127.7.0.2', before => $local);
    is($c->banner, 220, 'a header without addresses is taken');
    $c->quit;
    my $s = $trap->session_of($c);
    ok(!exists $s->{proxy_ip}, 'and the client is the proxy');
}

# ---- wrong ----
my @bad = (
    ['no header', "EHLO x\r\n"], ['an unknown protocol', "PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n"],
    ['an address that is none', "PROXY TCP4 192.0.2.777 192.0.2.25 1 25\r\n"],
    ['a port that is none', "PROXY TCP4 192.0.2.7 192.0.2.25 65536 25\r\n"],
    ['a line without end', 'PROXY TCP4 ' . '1' x 200],
    ['version 3', $SIGNATURE . pack('C C n', 0x31, 0x11, 12) . $v4],
    ['a length that is too short', $SIGNATURE . pack('C C n', 0x21, 0x11, 4) . $v4],
    ['silence', ''], ['half a header', 'PROXY TCP4 192.0'],
);
my $hasty = Trap->new(tls => 0, listeners => [{'proxy-from' => '127.7.0.0/16'}], conf => {limits => {'command-timeout' => '2s'}});
my @clients = map { $hasty->client(local => '127.7.0.3', before => $_->[1], banner => 0) } @bad;
for my $case (@bad) {
    my $c = shift @clients;
    unlike($c->drain, qr/^220/, "$case->[0]: is refused");
    my $s = $hasty->session_of($c);
    is_deeply([@$s{qw(end_reason phase)}], ['rejected', 'connect'], "$case->[0]: and recorded");
}
$hasty->done;

# From elsewhere it is not understood.
$c = $trap->client(local => '127.8.0.1', before => "PROXY TCP4 192.0.2.7 192.0.2.25 4711 25\r\n");
is($c->banner, 220, 'a client from elsewhere gets its banner');
is($c->reply, 500, 'and its header is an unknown command');
$c->quit;
$s = $trap->session_of($c);
is($s->{client_ip}, '127.8.0.1', 'it does not change who the client is');
$trap->done;
done_testing;
