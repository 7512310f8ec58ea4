#!/usr/bin/perl
# starttls.t: the step from clear to TLS: nothing of before survives it, and what clients try to carry
# across is recorded.
use strict;
use warnings;
use IO::Socket::SSL;
use Test::More;
use Trap;

my $trap = Trap->new(conf => {limits => {errors => 100}});

# ---- as it should be ----
my $c = $trap->client;
like(join('|', $c->cmd('EHLO clear.example')->lines), qr/\bSTARTTLS\b/, 'STARTTLS is offered');
is($c->cmd('STARTTLS now'), 501, 'STARTTLS with an argument gets 501');
$c->cmd('MAIL FROM:<clear@b.test>');
$c->cmd('RCPT TO:<clear@trap.test>');
$c->starttls(SSL_hostname => 'sni.trap.test');
ok(!$c->readable(0.2), 'there is no second banner');
is($c->cmd('MAIL FROM:<a@b.test>'), 503, 'the greeting of before is forgotten');
is($c->cmd('DATA'), 503, 'and the envelope');
unlike(join('|', $c->cmd('EHLO secret.example')->lines), qr/\bSTARTTLS\b/, 'STARTTLS is not offered again');
is($c->cmd('STARTTLS')->text, "503 5.5.1 TLS is active already\r\n", 'a second STARTTLS gets 503');
is($c->send_message(data => "Subject: x\r\n\r\nx\r\n"), 250, 'a message over TLS is accepted');
$c->quit;
my $s = $trap->session_of($c);
is_deeply([@$s{qw(tls_outcome tls_version helo tls_sni tls_implicit tls_resumed)}],
    ['negotiated', 'TLSv1.3', 'secret.example', 'sni.trap.test', JSON::PP::false, JSON::PP::false],
    'the record has the outcome, the version, the name asked for');
like($s->{tls_cipher}, qr/^TLS_(?:AES|CHACHA20)_\w+$/, 'and the cipher');
like($s->{tls_group}, qr/^\S+$/, 'and the group');
cmp_ok($s->{handshake_us}, '>', 0, 'and how long the handshake took');
is($s->{hello_format}, 'TLS', 'and what the hello looked like');
ok(!$s->{tls_injected}, 'nothing was injected');
my ($m) = $trap->messages_of($s);
is_deeply([@$m{qw(mail_from tls_outcome tls_version tls_cipher tls_sni helo)}],
    ['a@client.test', 'negotiated', 'TLSv1.3', $s->{tls_cipher}, 'sni.trap.test', 'secret.example'],
    'the message record has the same');
is_deeply([grep { $_->{dir} eq 'e' && $_->{text} =~ /TLS/ } @{$s->{dialogue}}] , [
    grep { $_->{dir} eq 'e' } @{$s->{dialogue}}], 'the dialogue shows where TLS began');
is(scalar(grep { $_->{dir} eq 'e' } @{$s->{dialogue}}), 1, 'once');

# ---- injection ----
my @injections = (
    ["STARTTLS\r\nRSET\r\n", 'a command'],
    ["STARTTLS\r\nMAIL FROM:<evil\@b.test>\r\nRCPT TO:<victim\@trap.test>\r\n", 'an envelope'],
    ["STARTTLS\r\nRS", 'a part of a command'],
    ["STARTTLS\r\n\r\n", 'an empty line'],
);
for my $case (@injections) {
    my ($bytes, $title) = @$case;
    my $c = $trap->client;
    $c->cmd('EHLO x');
    $c->send($bytes);
    is($c->reply, 220, "$title behind STARTTLS: STARTTLS is answered");
    my $up = eval { $c->tls; 1 };
    ok($up, "$title behind STARTTLS: the handshake succeeds") or diag $@;
    ok(!$c->readable(0.2), "$title behind STARTTLS: is not answered");
    $c->send("ET\r\n");
    is($c->reply, 500, "$title behind STARTTLS: nor joined with what comes over TLS");
    $c->cmd('EHLO x');
    is($c->cmd('RCPT TO:<c@trap.test>'), 503, "$title behind STARTTLS: and did nothing");
    $c->quit;
    my $s = $trap->session_of($c);
    ok($s->{tls_injected}, "$title behind STARTTLS: is flagged");
    ok((grep { $_ eq 'tls_injected' } @{$s->{oddities}}), "$title behind STARTTLS: and named");
    is($s->{tls_outcome}, 'negotiated', "$title behind STARTTLS: the outcome is that of the handshake");
}

# ---- failures ----
my @failures = (
    ['no TLS but SMTP', sub { $_[0]->send("EHLO again\r\n") }, 'not_tls'],
    ['HTTP', sub { $_[0]->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }, 'not_tls'],
    ['the end of the connection', sub { $_[0]->close }, 'client_closed'],
    ['half a hello and the end', sub { $_[0]->send("\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03"); $_[0]->close }, 'client_closed'],
    ['silence', sub {}, 'timeout'],
    ['an alert', sub { $_[0]->send("\x15\x03\x01\x00\x02\x02\x28") }, 'client_alert'],
    ['nothing but export ciphers', sub { $_[0]->send("\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x01" . "\x55" x 32 . "\x00\x00\x02\x00\x03\x01\x00") }, 'no_shared_cipher'],
);
# Only who says nothing may meet this deadline: others could, on a machine that is slow.
my $hasty = Trap->new(conf => {limits => {'handshake-timeout' => '2s'}});
my @clients;
for my $case (@failures) {
    my $c = ($case->[2] eq 'timeout' ? $hasty : $trap)->client;
    $c->cmd('EHLO x');
    is($c->cmd('STARTTLS'), 220, "$case->[0] instead of a handshake: STARTTLS gets 220");
    $case->[1]->($c);
    push @clients, $c;
}
for my $case (@failures) {
    my $c = shift @clients;
    my $s = ($case->[2] eq 'timeout' ? $hasty : $trap)->session_of($c);
    is_deeply([@$s{qw(tls_outcome tls_failure)}], ['failed', $case->[2]],
        "$case->[0] instead of a handshake: is recorded") or diag explain $s;
    my $rest = $c->socket && defined fileno $c->socket ? $c->drain : '';
    unlike($rest, qr/^\d{3}[ -]/m, "$case->[0] instead of a handshake: nothing is said in clear after it");
}

# A client that refuses our certificate.
$c = $trap->client;
$c->cmd('EHLO x');
ok(!eval { $c->starttls(SSL_verify_mode => SSL_VERIFY_PEER, SSL_ca_file => undef, SSL_ca_path => undef,
    SSL_verifycn_scheme => 'none') }, 'a client that wants a certificate it knows fails');
$c->close;
$s = $trap->session_of($c);
is_deeply([@$s{qw(tls_outcome tls_failure)}], ['failed', 'client_alert'], 'and its alert is recorded') or diag explain $s;
like($s->{tls_alert} // '', qr/^received \d+ (?:unknown_ca|bad_certificate|certificate_unknown)$/, 'with its name');

# ---- resumption ----
sub resumptions {
    my ($of) = @_;
    my $context = IO::Socket::SSL::SSL_Context->new(SSL_verify_mode => SSL_VERIFY_NONE,
        SSL_session_cache_size => 10, SSL_version => 'TLSv1_2') or die;
    my @resumed;
    for (1 .. 3) {
        my $client = $of->client;
        $client->cmd('EHLO x');
        $client->starttls(SSL_reuse_ctx => $context, SSL_session_key => 'trap');
        $client->cmd('EHLO x');
        $client->quit;
        push @resumed, $of->session_of($client)->{tls_resumed} ? 1 : 0;
    }
    return "@resumed";
}
is(resumptions($trap), '0 1 1', 'sessions are resumed, whichever worker serves them');
my $without = Trap->new(conf => {tls => {tickets => 'no'}});
is(resumptions($without), '0 0 0', 'but not without tickets');
$without->done;

# ---- client certificates ----
my ($pair) = Trap::Cert::pairs();
$c = $trap->client;
$c->cmd('EHLO x');
$c->starttls(SSL_cert_file => $pair->[0], SSL_key_file => $pair->[1]);
$c->cmd('EHLO x');
$c->quit;
$s = $trap->session_of($c);
is($s->{client_cert_subject}, 'CN=mx.trap.test', 'the subject of a client certificate is recorded');
is($s->{client_cert_verify}, 'self_signed', 'and what is wrong with it');
like($s->{client_cert_sha256}, qr/^[0-9a-f]{64}$/, 'and its digest');
my ($out) = Trap::Process::run('openssl', 'x509', '-in', $pair->[0], '-noout', '-fingerprint', '-sha256');
is($s->{client_cert_sha256}, lc(($out =~ /=(\S+)/)[0] =~ s/://gr), 'which is that of the certificate');
is($s->{tls_outcome}, 'negotiated', 'and the handshake succeeded');

# ---- not to be had ----
my $none = Trap->new(tls => 0);
$c = $none->client;
unlike(join('|', $c->cmd('EHLO x')->lines), qr/STARTTLS/, 'without a certificate STARTTLS is not offered');
is($c->cmd('STARTTLS'), 502, 'and not there');
$c->quit;
is($none->session_of($c)->{tls_outcome}, 'not_offered', 'and so it is recorded');

my $off = Trap->new(listeners => [{tls => 'off'}]);
$c = $off->client;
unlike(join('|', $c->cmd('EHLO x')->lines), qr/STARTTLS/, 'on a listener with tls off it is not offered');
$c->quit;
is($off->session_of($c)->{tls_outcome}, 'not_offered', 'and so it is recorded');
$_->done for $trap, $hasty, $none, $off;
done_testing;
