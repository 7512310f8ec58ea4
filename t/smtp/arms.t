#!/usr/bin/perl
# arms.t: each arm of an experiment sees what its profile says, and records name both.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Experiment;
use Trap::Hello qw(hello groups sigalgs);

my %weights = (legacy => 20, modern => 20, 'no-request' => 10, expired => 10, rsa => 10,
    tls12 => 20, none => 10, again => 10);
my $x = Trap::Experiment->new(weights => \%weights, profile_of => {again => 'legacy'}, new => {
    listeners => [{name => 'mx'}, {name => 'submissions', tls => 'implicit', experiment => 'no'},
        {name => 'clear', tls => 'off'}, {name => 'control', experiment => 'no'},
        {name => 'proxied', 'proxy-from' => '127.10.0.0/16'}]});
my $trap = $x->trap;

sub names { my ($s) = @_; return [@$s{qw(arm tls_profile)}] }

# ---- records ----
for my $arm (sort keys %weights) {
    my $profile = $arm eq 'again' ? 'legacy' : $arm;
    my $c = $trap->client(local => $x->arms->address($arm));
    my $offered = join('|', $c->cmd('EHLO x')->lines) =~ /\bSTARTTLS\b/ ? 1 : 0;
    is($offered, $arm eq 'none' ? 0 : 1, "$arm: STARTTLS is " . ($arm eq 'none' ? 'not ' : '') . 'offered');
    if ($offered) {
        $c->starttls;
        $c->cmd('EHLO x');
    } else {
        is($c->cmd('STARTTLS'), 502, "$arm: nor there");
    }
    is($c->send_message(data => "Subject: x\r\n\r\nx\r\n"), 250, "$arm: a message is accepted");
    $c->quit;
    my $s = $trap->session_of($c);
    is_deeply(names($s), [$arm, $profile], "$arm: the session record names arm and profile");
    my ($m) = $trap->messages_of($s);
    is_deeply(names($m), [$arm, $profile], "$arm: and so does the message record");
    is($s->{tls_outcome}, $offered ? 'negotiated' : 'not_offered', "$arm: with the outcome");
}
my $c = $trap->client(local => $x->arms->address('modern'));
$c->cmd('EHLO x');
$c->quit;
my $s = $trap->session_of($c);
is_deeply([@$s{qw(arm tls_profile tls_outcome)}], ['modern', 'modern', 'offered_unused'],
    'who does not want TLS is of its arm too');

# ---- legacy and modern ----
my $r = $x->openssl('legacy');
is($r->{session}{tls_version}, 'TLSv1.3', 'legacy has TLS 1.3');
like($r->{said}, qr/CertificateRequest/, 'and asks for a certificate');
$r = $x->openssl('modern');
is($r->{session}{tls_version}, 'TLSv1.3', 'modern has TLS 1.3');
for my $old (['TLS 1.0', 'no_shared_version', '-tls1'], ['TLS 1.1', 'no_shared_version', '-tls1_1'],
    ['TLS 1.2 with CBC', 'no_shared_cipher', '-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA:@SECLEVEL=0'],
    ['TLS 1.2 with RSA key exchange', 'no_shared_cipher', '-tls1_2', '-cipher', 'AES128-GCM-SHA256:@SECLEVEL=0']) {
    my ($title, $failure, @options) = @$old;
    $r = $x->openssl('legacy', Trap::Experiment::old(), @options);
    is($r->{session}{tls_outcome}, 'negotiated', "legacy accepts $title") or diag $r->{said};
    $r = $x->openssl('modern', Trap::Experiment::old(), @options);
    is_deeply([@{$r->{session}}{qw(tls_outcome tls_failure arm tls_profile)}],
        ['failed', $failure, 'modern', 'modern'], "modern does not, which the record says");
}
$r = $x->openssl('modern', '-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256');
is($r->{session}{tls_outcome}, 'negotiated', 'modern accepts TLS 1.2 with AEAD and ECDHE');
my $rc4 = hello(record_version => 0x0301, version => 0x0303, ciphers => [5],
    extensions => [groups(23), sigalgs(0x0401)])->{bytes};
for my $case (['legacy', "\x16", 'a ServerHello'], ['modern', "\x15", 'an alert']) {
    my ($arm, $type, $title) = @$case;
    my $c = $trap->client(local => $x->arms->address($arm));
    $c->cmd('EHLO x');
    $c->cmd('STARTTLS');
    $c->send($rc4);
    is(substr($c->receive // '', 0, 1), $type, "RC4 gets $title from $arm");
    $c->close;
    is($trap->session_of($c)->{arm}, $arm, 'and is recorded');
}

# ---- no-request, tls12 ----
unlike($x->openssl('no-request')->{said}, qr/CertificateRequest/, 'no-request asks for no certificate');
unlike($x->openssl('no-request', '-tls1_2')->{said}, qr/CertificateRequest/, 'nor under TLS 1.2');
is($x->openssl('tls12')->{session}{tls_version}, 'TLSv1.2', 'tls12 has TLS 1.2');
# A server of TLS 1.2 does not know supported_versions, and finds no cipher of its own.
$r = $x->openssl('tls12', '-tls1_3');
is_deeply([@{$r->{session}}{qw(tls_outcome tls_failure)}], ['failed', 'no_shared_cipher'], 'and no TLS 1.3');
is($x->openssl('tls12', Trap::Experiment::old(), '-tls1')->{session}{tls_version}, 'TLSv1.0', 'but TLS 1.0');

# ---- certificates ----
sub leaf { # (key type, expired?) of the server's certificate
    my ($r) = @_;
    $r->{said} =~ /(-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n)/s or return 'none';
    my $pem = $1;
    my ($text) = Trap::Process::run(\$pem, qw(openssl x509 -noout -text));
    my ($out, $err, $status) = Trap::Process::run(\$pem, qw(openssl x509 -noout -checkend 0));
    return ($text =~ /Public Key Algorithm: (\S+)/)[0] . ($status ? ' expired' : '');
}
my @ecdsa = qw(-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256);
my @rsa = qw(-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256);
is(leaf($x->openssl('legacy', @$_[1 .. $#$_])), $_->[0], "legacy serves $_->[0]")
    for ['id-ecPublicKey'], ['id-ecPublicKey', @ecdsa], ['rsaEncryption', @rsa];
is(leaf($x->openssl('expired', @$_[1 .. $#$_])), $_->[0], "expired serves $_->[0]")
    for ['id-ecPublicKey expired'], ['id-ecPublicKey expired', @ecdsa], ['rsaEncryption expired', @rsa];
is(leaf($x->openssl('rsa')), 'rsaEncryption', 'rsa serves RSA');
$r = $x->openssl('rsa', @ecdsa);
is_deeply([@{$r->{session}}{qw(tls_outcome tls_failure)}], ['failed', 'no_shared_cipher'], 'and nothing else');
$r = $x->openssl('expired', '-verify_return_error', '-CAfile', $trap->dir . '/tls/expired-ecdsa.pem');
is_deeply([@{$r->{session}}{qw(tls_outcome tls_failure arm)}], ['failed', 'client_alert', 'expired'],
    'a client that minds says so');
like($r->{session}{tls_alert}, qr/^received 45 certificate_expired$/, 'with the alert that there is for it');

# ---- tickets ----
sub resumes { # does a ticket given under one arm resume a session under another?
    my ($from, $to, @options) = @_;
    my $file = $trap->dir . '/session.pem';
    unlink $file;
    $x->openssl($from, @options, '-sess_out', $file);
    return -s $file ? $x->openssl($to, @options, '-sess_in', $file) : undef;
}
for my $version ('-tls1_2', '-tls1_3') {
    my $r = resumes('legacy', 'legacy', $version);
    ok($r->{session}{tls_resumed}, "$version: a ticket resumes a session of its profile");
    ok(resumes('legacy', 'again', $version)->{session}{tls_resumed}, "$version: also in another arm of it");
    for my $to ('modern', 'rsa', 'expired', 'no-request', $version eq '-tls1_2' ? 'tls12' : ()) {
        $r = resumes('legacy', $to, $version);
        ok($r->{session}{tls_outcome} eq 'negotiated' && !$r->{session}{tls_resumed},
            "$version: but none of $to");
    }
}
$r = resumes('legacy', 'modern', '-tls1_2', '-cipher', 'AES128-SHA:@SECLEVEL=0');
is_deeply([@{$r->{session}}{qw(tls_outcome tls_failure)}], ['failed', 'no_shared_cipher'],
    'nor does a ticket bring a cipher in that the profile refuses');

# ---- who takes no part ----
my $none = $x->arms->address('none');
$r = $x->openssl('none', {ip => $none, listener => 1, implicit => 1});
is_deeply([@{$r->{session}}{qw(listener tls_outcome)}, exists $r->{session}{arm}, exists $r->{session}{tls_profile}],
    ['submissions', 'negotiated', '', ''], 'a listener with "experiment no" serves all alike, without arm and profile');
$r = $x->openssl('none', {ip => $none, listener => 3});
is_deeply([@{$r->{session}}{qw(listener tls_outcome)}, exists $r->{session}{arm}],
    ['control', 'negotiated', ''], 'also one with STARTTLS');
$c = $trap->client(local => $x->arms->address('legacy'), listener => 2);
$c->quit;
ok(!exists $trap->session_of($c)->{arm}, 'a listener with "tls off" takes no part');

# ---- behind a proxy ----
my ($inner) = grep { $x->arms->of($_) eq 'none' } map { "192.0.2.$_" } 1 .. 254;
$c = $trap->client(local => '127.10.0.1', listener => 4, before => "PROXY TCP4 $inner 192.0.2.25 4711 25\r\n");
unlike(join('|', $c->cmd('EHLO x')->lines), qr/STARTTLS/, 'behind a proxy the address in its header decides');
$c->quit;
$s = $trap->wait_record('session', sub { $_[0]{client_ip} eq $inner });
is_deeply(names($s), ['none', 'none'], 'and is recorded');
$trap->done;

# ---- TLS from the first byte ----
$x = Trap::Experiment->new(weights => {tls12 => 1, legacy => 1}, new => {listeners => [{tls => 'implicit'}]});
$r = $x->openssl('tls12', {implicit => 1});
is_deeply([@{$r->{session}}{qw(arm tls_profile tls_version)}], ['tls12', 'tls12', 'TLSv1.2'],
    'a listener with TLS from the first byte takes part where no arm is without TLS');
$x->trap->done;
done_testing;
