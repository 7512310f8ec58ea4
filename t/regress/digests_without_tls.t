#!/usr/bin/perl
# digests_without_tls.t: without certificates the TLS library was not started, and message records
# lacked their digests.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Test::More;
use Trap;

my $trap = Trap->new(tls => 0);
my $c = $trap->client;
my $data = "Subject: x\r\n\r\nbody\r\n";
$c->cmd('EHLO client.example');
$c->send_message(data => $data);
$c->quit;
my ($m) = $trap->messages_of($trap->session_of($c));
is_deeply([@$m{qw(sha256 body_sha256)}], [sha256_hex($data), sha256_hex("body\r\n")],
    'a trap without TLS records the digests of a message');
$trap->done;
done_testing;
