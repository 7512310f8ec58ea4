#!/usr/bin/perl
# envelope_full.t: recipients as long as a line may be filled the envelope, and with it the record: what
# else belongs there had no room, so the message got 451 and no record told of it.  The names of
# a client certificate could do the same to a session's record.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Process;

use constant NAME_MAX => 64 << 10; # of a certificate, in bytes

my $trap = Trap->new(conf => {limits => {dialogue => '512k'}, tls => {tickets => 'no'}});

# As many commas as a certificate's name may have, each of which RFC 4514 escapes.
my ($pem, $key) = map { $trap->dir . "/long.$_" } qw(pem key);
my $name = join '', map { '/OU=' . ',' x 60 } 1 .. 800;
Trap::Process::run('openssl', 'req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-subj', $name, '-days', '2', '-keyout', $key, '-out', $pem);

my $c = $trap->client;
$c->cmd('EHLO envelope.test');
ok($c->starttls(SSL_cert_file => $pem, SSL_key_file => $key), 'a client with a very long name');
$c->cmd('EHLO ' . 'e' x 500);
$c->cmd('MAIL FROM:<a@b.test>');
my ($accepted, $reply) = (0);
while ($accepted < 1000) {
    $reply = $c->cmd(sprintf 'RCPT TO:<%s%04d@d.test>', 'x' x 2000, $accepted);
    last if $reply != 250;
    $accepted++;
}
cmp_ok($accepted, '>', 300, 'has room for many recipients of 2,010 bytes');
is($reply->text, "452 4.5.3 Too many recipients\r\n", 'and hears when there is none for another');
is($c->cmd('DATA'), 354, 'its message');
$c->send(join '', map { "$_: " . 'h' x 990 . "\r\n" } qw(From To Subject Message-ID Date X-Mailer));
$c->send("DKIM-Signature: v=1; d=" . 'd' x 250 . "; b=\r\n") for 1 .. 16;
is($c->cmd("\r\nbody\r\n."), 250, 'is accepted');
$c->quit;
my ($m) = $trap->wait_count('message', 1);
is(scalar @{$m->{rcpt_to}}, $accepted, 'its record has all recipients');
is(length $m->{"client_cert_$_"}, NAME_MAX, "and as much of the $_ as records hold") for qw(subject issuer);
my $s = $trap->session_of($c);
is($s->{recipients_accepted}, $accepted, 'the session has its record, too');
$trap->done;
done_testing;
