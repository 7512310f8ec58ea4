#!/usr/bin/perl
# mail_client.t: NATS's own client for JavaScript reads the objects that smtptrap-ship makes: bytes,
# digests, links and headers.  The client comes from npm; without it the test is skipped.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use JSON::PP qw(decode_json);
use Test::More;
use Trap;
use Trap::Nats;
use Trap::Npm;
use Trap::Process;
use Trap::Shipper;

use constant {FROM => 't/nats-js', CHUNK => 128 * 1024};
my $why = Trap::Nats::missing() // Trap::Npm::prepare(FROM);
if ($why) {
    diag "SKIPPED: no client reads the objects: $why";
    plan skip_all => $why;
}

my $nats = Trap::Nats->new;
my $trap = Trap->new(tls => 0, conf => {sensor => 'mx1', log => {store => 'unique'}});
my $line = join('', map { chr(33 + $_ % 94) } 1 .. 998) . "\r\n";
my %data = (
    'a small message' => "Subject: x\r\n\r\n.\r\nx\r\n",
    'an empty one' => '',
    'one of several chunks' => "Subject: y\r\n\r\n" . $line x 500,
    'one of a chunk' => substr($line x 132, -CHUNK),
);
my $c = $trap->client;
$c->cmd('EHLO mail.test');
sub give { my ($data) = @_; return ($c->send_message(data => $data)->text =~ /Queued as (\S+)/)[0] }
my %id = map { $_ => give($data{$_}) } sort keys %data;
my $of = 'one of several chunks';
my $copy = give($data{$of});
$c->quit;
$trap->done;

my $ship = Trap::Shipper->new(nats => $nats, logs => $trap->logs, mail => {bucket => 'mail'});
for my $option ('--setup', '--once') {
    my ($out, $err, $status) = $ship->run($option);
    is($status, 0, "smtptrap-ship $option") or diag $err;
}
my ($out, $err, $status) = Trap::Process::run('timeout', 60, 'node', "$Trap::SOURCE/" . FROM . '/objects.mjs',
    Trap::Npm::folder(FROM), ($nats->urls)[0] =~ s{^nats://}{}r, 'mail-mx1');
is($status, 0, 'the client reads the bucket') or diag $err;
my %got = map { my $o = decode_json($_); $o->{name} => $o } split /\n/, $out;
is(scalar keys %got, keys(%data) + 1, 'it lists every object');
for my $name (sort keys %data) {
    my $o = $got{$id{$name}} // {};
    is_deeply([@$o{qw(size sha256)}], [length $data{$name}, sha256_hex($data{$name})], "$name: its bytes");
    is_deeply($o->{headers}, {sensor => ['mx1'], sha256 => [sha256_hex($data{$name})]}, "$name: its headers");
}
is_deeply([@{$got{$copy}}{qw(link sha256)}], [$id{$of}, sha256_hex($data{$of})], 'a copy leads to the bytes of the first');
done_testing;
