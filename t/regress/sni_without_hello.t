#!/usr/bin/perl
# sni_without_hello.t: with `log { hello none }` records of mended hellos lacked the name of the server,
# which the TLS library does not see of them.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Hello qw(hello sni);

my $trap = Trap->new(conf => {log => {hello => 'none'}});

my $c = $trap->client;
$c->cmd('EHLO mended.test');
ok(eval { $c->starttls(SSL_hostname => 'mended_name.test'); 1 }, 'a hello is mended') or diag $@;
$c->quit;
my $s = $trap->session_of($c);
is_deeply([@$s{qw(tls_outcome tls_sni tls_mended)}], ['negotiated', 'mended_name.test', ['server_name']],
    'its record has the name that was asked for');
ok(!exists $s->{ja3}, 'and nothing else of the hello');

$c = $trap->client;
$c->cmd('EHLO failed.test');
$c->cmd('STARTTLS');
$c->send(hello(ciphers => [0xfefe], extensions => [sni('failed.test')])->{bytes}, quiet => 1);
shutdown $c->socket, 1;
$c->drain;
$c->close;
$s = $trap->session_of($c);
is_deeply([@$s{qw(tls_outcome tls_sni)}], ['failed', 'failed.test'], 'so has that of a failed handshake');
$trap->done;
done_testing;
