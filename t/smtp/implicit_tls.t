#!/usr/bin/perl
# implicit_tls.t: a listener where TLS comes first.
use strict;
use warnings;
use Test::More;
use Trap;

my $trap = Trap->new(listeners => [{}, {tls => 'implicit', name => 'submissions'}]);

my $c = $trap->client(listener => 1, implicit => {SSL_hostname => 'sni.trap.test'});
is($c->banner->text, "220 mx.trap.test ESMTP\r\n", 'the banner comes over TLS');
unlike(join('|', $c->cmd('EHLO x')->lines), qr/STARTTLS/, 'STARTTLS is not offered');
is($c->cmd('STARTTLS'), 502, 'and not there');
is($c->send_message(data => "Subject: x\r\n\r\nx\r\n"), 250, 'a message is accepted');
is($c->quit, 221, 'QUIT');
my $s = $trap->session_of($c);
is_deeply([@$s{qw(tls_outcome tls_version tls_implicit tls_sni listener local_port end_reason)}],
    ['negotiated', 'TLSv1.3', JSON::PP::true, 'sni.trap.test', 'submissions', $trap->port(1), 'quit'],
    'the session record says so');
my ($m) = $trap->messages_of($s);
is_deeply([@$m{qw(tls_outcome tls_version tls_implicit listener)}], ['negotiated', 'TLSv1.3', JSON::PP::true, 'submissions'],
    'and the message record');
like(($trap->mails)[0]{trace}, qr/ with ESMTPS id /, 'and the trace header');
cmp_ok($s->{bytes_in}, '>', 300, 'bytes_in counts what came on the socket, the handshake too');

# Clients that do not know.
my @wrong = (
    ["EHLO clear.example\r\n", 'SMTP in clear', 'not_tls'],
    ["GET / HTTP/1.0\r\n\r\n", 'HTTP', 'not_tls'],
    ["\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" . "\x01\x00\x80" x 7 . "\x55" x 16, 'a hello of SSLv2 alone', 'no_shared_version'],
    ["\0" x 100, 'zeros', 'not_tls'],
);
for my $case (@wrong) {
    my ($bytes, $title, $failure) = @$case;
    my $c = $trap->client(listener => 1, banner => 0);
    $c->send($bytes);
    my $got = $c->drain;
    unlike($got, qr/^\d{3} /m, "$title: nothing is said in clear");
    my $s = $trap->session_of($c);
    is_deeply([@$s{qw(tls_outcome tls_failure phase tls_implicit)}], ['failed', $failure, 'connect', JSON::PP::true],
        "$title: the failure is recorded") or diag explain $s;
    is($s->{bytes_in}, length $bytes, "$title: with the bytes that came");
}
$trap->done;
done_testing;
