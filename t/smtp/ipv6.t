#!/usr/bin/perl
# ipv6.t: listeners of IPv6 beside those of IPv4.
use strict;
use warnings;
use IO::Socket::IP;
use Test::More;
use Trap;

IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Listen => 1)
    or plan skip_all => 'there is no ::1 here';

my $trap = Trap->new(listeners => [{address => '::1', name => 'six'}, {name => 'four'},
    {address => '::1', tls => 'implicit'}]);
my $c = $trap->client;
is($c->banner, 220, 'a client of IPv6 is served');
$c->cmd('EHLO [IPv6:::1]');
is($c->send_message(from => 'a@[IPv6:2001:db8::1]', data => "x\r\n"), 250, 'its message is accepted');
$c->quit;
my $s = $trap->session_of($c);
is_deeply([@$s{qw(client_ip local_ip local_port listener helo)}], ['::1', '::1', $trap->port, 'six', '[IPv6:::1]'],
    'the record has its address');
is(($trap->messages_of($s))[0]{mail_from}, 'a@[IPv6:2001:db8::1]', 'and the address literal');
like(($trap->mails)[0]{trace}, qr/^Received: from \[IPv6:::1\] \(\[IPv6:::1\]:\d+\)\r$/m, 'the trace header has it as RFC 5321 says');

my $four = $trap->client(listener => 1);
is($four->quit, 221, 'a client of IPv4 is served by the same trap');
is($trap->session_of($four)->{listener}, 'four', 'and recorded with its listener');
my $tls = $trap->client(listener => 2, implicit => 1);
is($tls->quit, 221, 'TLS over IPv6');
is($trap->session_of($tls)->{tls_outcome}, 'negotiated', 'is recorded');
$trap->done;
done_testing;
