#!/usr/bin/perl
# tls_failures.t: every way in which real clients fail to do TLS, and the one reason, alert, stage and
# version that their record has; by hand only what no client that is at hand does.
use strict;
use warnings;
use IO::Socket::SSL;
use JSON::PP;
use Test::More;
use Trap;
use Trap::Hello qw(hello sslv2 record);
use Trap::Process qw(run_client);
use Trap::Tamper;

my %program = map { ($_ => Trap::Process::program($_)) }
    qw(openssl gnutls-cli curl tstclnt python3);
my $dir = File::Temp::tempdir(CLEANUP => 1);
my ($ecdsa) = Trap::Cert::pairs();

# ---- clients: each gives a subroutine that is called with (address, port) ----

sub openssl {
    my (@options) = @_;
    return openssl => sub {
        run_client($program{openssl}, 's_client', '-connect', "$_[0]:$_[1]", '-quiet', @options);
    };
}

sub gnutls_cli {
    my (@options) = @_;
    return 'gnutls-cli' => sub { run_client($program{'gnutls-cli'}, '-p', $_[1], @options, $_[0]) };
}

sub curl {
    my ($url, @options) = @_;
    return curl => sub { run_client($program{curl}, '-sS', @options, "$url://$_[0]:$_[1]/") };
}

sub nss {
    my (@options) = @_;
    return tstclnt => sub { run_client($program{tstclnt}, '-D', '-h', $_[0], '-p', $_[1], @options) };
}

# t/tools/tls_client.c.
sub altered {
    my (@options) = @_;
    return undef, sub { run_client("$Trap::BUILD/t/tools/tls_client", @options, @_) };
}

# OpenSSL through a relay that does what it is told.
sub relayed {
    my ($do, @options) = @_;
    return openssl => sub {
        my ($address, $port) = @_;
        my $relay = Trap::Tamper->new(address => $address, port => $port, %$do);
        run_client($program{openssl}, 's_client', '-connect', $relay->at, '-quiet', @options);
        $relay->wait;
    };
}

# Bytes by hand; then the end of what we send, or silence until the trap closes.
sub bytes {
    my ($bytes, %o) = @_;
    return undef, sub {
        my $c = Trap::Client->new(address => $_[0], port => $_[1], banner => 0);
        $c->send($bytes, quiet => 1);
        return $c->close if $o{close};
        $c->drain;
        $c->close;
    };
}

sub perl_ssl {
    my (%o) = @_;
    return undef, sub {
        IO::Socket::SSL->new(PeerHost => $_[0], PeerPort => $_[1], %o);
    };
}

sub python {
    my ($lines) = @_;
    return python3 => sub {
        my $text = "import socket, ssl, sys\nraw = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
            . "context = ssl.create_default_context()\n$lines\n";
        run_client(\$text, $program{python3}, '-', @_);
    };
}

# ---- certificates ----

sub make {
    my ($name, @options) = @_;
    my @key = ('-keyout', "$dir/$name.key", '-out', "$dir/$name.pem");
    system("openssl req -x509 -nodes -days 30 -subj /CN=client @options @key >/dev/null 2>&1") == 0
        or die "openssl req: $name\n";
    return ("$dir/$name.pem", "$dir/$name.key");
}

my @P256 = qw(-newkey ec -pkeyopt ec_paramgen_curve:P-256);
my ($certificate, $key) = make('client', @P256);
my ($explicit, $explicit_key) = make('explicit', @P256, '-pkeyopt', 'ec_param_enc:explicit');
my @CERT = ('-c', $certificate, '-k', $key);
my @TLS12 = ('-p', 'NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_TICKETS');
my @TLS13 = ('-p', 'NORMAL:-VERS-ALL:+VERS-TLS1.3');
# Of a Certificate of TLS 1.2: length of the list, of the first certificate, then DER.
my $EC_OID = '2a8648ce3d0201';

# ---- cases ----

my ($TLS, $SSL3, $V2) = ('TLS', 'SSLv3', 'SSLv2');

# Flip a bit in the last byte of the n-th record.
sub flip {
    my ($n) = @_;
    return {alter => sub {
        my ($record, $i) = @_;
        substr($record, -1) ^= "\x01" if $i == $n;
        return $record;
    }};
}

sub patch {
    my ($n, $offset, $bytes) = @_;
    return {alter => sub {
        my ($record, $i) = @_;
        substr $record, $offset, length $bytes, $bytes if $i == $n;
        return $record;
    }};
}

my $hello = hello(ciphers => [0xc02f], extensions => [Trap::Hello::groups(29)])->{bytes};
# As long as a hello can be: 131,110 bytes.
my $huge = hello(ciphers => [(0xc02f) x 32767], extensions => [Trap::Hello::raw(21, "\0" x 65531)])->{bytes};

# name, client, then tls_failure, tls_alert, tls_stage, tls_version, hello_highest, hello_format, and
# other fields.
my @cases = (
    # nothing in common
    ['OpenSSL with ARIA alone', [openssl('-tls1_2', '-cipher', 'ARIA128')],
        'no_shared_cipher', 'sent 40 handshake_failure', 'client_hello', undef, 'TLSv1.2', $TLS],
    ['OpenSSL without authentication', [openssl('-tls1_2', '-cipher', 'ADH@SECLEVEL=0')],
        'no_shared_cipher', 'sent 40 handshake_failure', 'client_hello', undef, 'TLSv1.2', $TLS],
    ['OpenSSL with a group that is not served, TLS 1.3', [openssl('-tls1_3', '-groups', 'ffdhe4096')],
        'no_shared_group', 'sent 40 handshake_failure', 'client_hello', 'TLSv1.3', 'TLSv1.3', $TLS],
    ['OpenSSL with a group that is not served, TLS 1.2',
        [openssl('-tls1_2', '-cipher', 'ECDHE', '-groups', 'brainpoolP256r1')],
        'no_shared_group', 'sent 40 handshake_failure', 'client_hello', undef, 'TLSv1.2', $TLS],
    ['OpenSSL with signatures that no certificate gives, TLS 1.3',
        [openssl('-tls1_3', '-sigalgs', 'ed25519')],
        'no_shared_signature', 'sent 40 handshake_failure', 'client_hello', undef, 'TLSv1.3', $TLS],
    ['OpenSSL with signatures that no certificate gives, TLS 1.2',
        [openssl('-tls1_2', '-cipher', 'ECDHE', '-sigalgs', 'ed448')],
        'no_shared_signature', 'sent 40 handshake_failure', 'client_hello', undef, 'TLSv1.2', $TLS],
    ['OpenSSL with TLS 1.1 alone', [openssl('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')],
        'no_shared_version', 'sent 70 protocol_version', 'client_hello', undef, 'TLSv1.1', $TLS,
        on => 'modern'],
    ['NSS with SSLv3 alone', [nss('-o', '-V', 'ssl3:ssl3')],
        'no_shared_version', 'sent 70 protocol_version', 'client_hello', undef, 'SSLv3', $SSL3,
        on => 'modern'],
    ['a hello of SSLv2 alone', [bytes(sslv2(ciphers => [0x010080, 0x0700c0])->{bytes})],
        'no_shared_version', 'sent 70 protocol_version', 'client_hello_v2', undef, 'SSLv2', $V2],
    ["a hello in SSLv2's form, of SSLv3", [bytes(sslv2(version => 0x0300, ciphers => [0x0a, 0x010080])->{bytes})],
        'no_shared_version', 'sent 70 protocol_version', 'client_hello_v2', undef, 'SSLv3', $V2,
        on => 'modern'],
    # the client's own no
    ['OpenSSL that verifies, TLS 1.3', [openssl('-tls1_3', '-verify_return_error')],
        'client_alert', 'received 48 unknown_ca', 'client_hello', 'TLSv1.3', 'TLSv1.3', $TLS],
    ['OpenSSL that verifies, TLS 1.2', [openssl('-tls1_2', '-verify_return_error')],
        'client_alert', 'received 48 unknown_ca', 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['OpenSSL that does not take the curve of the certificate',
        [openssl('-tls1_2', '-cipher', 'ECDHE-ECDSA-AES256-GCM-SHA384:@SECLEVEL=4')],
        'client_alert', 'received 47 illegal_parameter', 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['GnuTLS that verifies, TLS 1.3', [gnutls_cli('--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3')],
        'client_alert', 'received 42 bad_certificate', 'client_hello', 'TLSv1.3', 'TLSv1.3', $TLS],
    ['GnuTLS that verifies, TLS 1.0', [gnutls_cli('--priority=NORMAL:-VERS-ALL:+VERS-TLS1.0')],
        'client_alert', 'received 42 bad_certificate', 'client_hello', 'TLSv1.0', 'TLSv1.0', $TLS],
    ['OpenSSL that is served less than it wants', [openssl('-tls1_2')],
        'client_alert', 'received 70 protocol_version', 'client_hello', 'TLSv1.0', 'TLSv1.2', $TLS,
        on => 'old'],
    ['curl that verifies', [curl('smtps', '--tlsv1.2', '--cacert', $certificate)],
        'client_alert', 'received 48 unknown_ca', 'client_hello', 'TLSv1.3', 'TLSv1.3', $TLS],
    ['NSS that verifies', [nss('-V', 'tls1.2:tls1.2', '-Q')],
        'client_alert', 'received 48 unknown_ca', 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['Perl IO::Socket::SSL that verifies', [perl_ssl(SSL_verify_mode => SSL_VERIFY_PEER, SSL_version => 'TLSv1_2')],
        'client_alert', 'received 48 unknown_ca', 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['Python that verifies', [python('context.wrap_socket(raw, server_hostname="mx.trap.test")')],
        'client_alert', 'received 48 unknown_ca', 'client_hello', 'TLSv1.3', 'TLSv1.3', $TLS],
    ['OpenSSL that fails before its hello', [openssl('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA@SECLEVEL=4')],
        'client_alert', 'received 80 internal_error', undef, undef, undef, 'none', hello_kind => 'alert'],
    ['close_notify in place of a hello', [bytes(record(21, 0x0301, "\1\0"))],
        'client_alert', 'received 0 close_notify', undef, undef, undef, 'none', hello_kind => 'alert'],
    # gone
    ['a client that closes before its first byte', [bytes('', close => 1)],
        'client_closed', undef, undef, undef, undef, 'none', hello_kind => 'nothing'],
    ['OpenSSL cut off within its hello',
        [relayed({alter => sub { (substr($_[0], 0, 100), \'close') }}, '-tls1_2')],
        'client_closed', undef, undef, undef, 'TLSv1.2', $TLS, hello_malformed => qr/^cut /],
    ['OpenSSL cut off after the flight of the trap', [relayed({served => sub { \'close' }}, '-tls1_2')],
        'client_closed', undef, 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['OpenSSL cut off after its key exchange',
        [relayed({alter => sub { $_[1] < 3 ? $_[0] : \'close' }}, '-tls1_2', '-cert', $certificate, '-key', $key)],
        'client_closed', undef, 'client_key_exchange', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['OpenSSL whose connection is reset', [relayed({served => sub { \'reset' }}, '-tls1_2')],
        'client_closed', undef, 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS,
        tls_error => qr/Connection reset by peer/],
    ['a client that says nothing', [bytes('')],
        'timeout', undef, undef, undef, undef, 'none', hello_kind => 'nothing', end_reason => 'timeout',
        on => 'hasty'],
    ['OpenSSL that falls silent after the flight of the trap', [relayed({served => sub { \'stall' }}, '-tls1_2')],
        'timeout', undef, 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS, end_reason => 'timeout', on => 'hasty'],
    # no TLS
    ['curl with HTTP', [curl('http')],
        'not_tls', 'sent 10 unexpected_message', undef, undef, undef, 'none', hello_kind => 'http'],
    ['curl with SMTP in clear', [bytes("EHLO clear.test\r\nMAIL FROM:<>\r\n")],
        'not_tls', 'sent 10 unexpected_message', undef, undef, undef, 'none', hello_kind => 'smtp'],
    ['SSH', [bytes("SSH-2.0-OpenSSH_9.2\r\n")],
        'not_tls', 'sent 10 unexpected_message', undef, undef, undef, 'none', hello_kind => 'other'],
    # client certificates
    ['GnuTLS with a certificate that is no DER', [altered(@TLS12, @CERT, '-a', '11:6:ffff')],
        'client_certificate', 'sent 42 bad_certificate', 'certificate', 'TLSv1.2', 'TLSv1.2', $TLS, certificate => 1],
    ['GnuTLS with a certificate that is no DER, TLS 1.3', [altered(@TLS13, @CERT, '-a', '11:7:ffff')],
        'client_certificate', 'sent 42 bad_certificate', 'certificate_verify', 'TLSv1.3', 'TLSv1.3', $TLS, certificate => 1],
    ['GnuTLS with a key of an unknown algorithm', [altered(@TLS12, @CERT, '-a', "11:$EC_OID=2a8648ce3d027f")],
        'client_certificate', 'sent 42 bad_certificate', 'certificate', 'TLSv1.2', 'TLSv1.2', $TLS, certificate => 1],
    ['GnuTLS with a certificate of no bytes', [altered(@TLS12, @CERT, '-a', '11:3:000000')],
        'client_certificate', 'sent 50 decode_error', 'certificate', 'TLSv1.2', 'TLSv1.2', $TLS, certificate => 1],
    ['OpenSSL with explicit parameters of its curve', [openssl('-tls1_2', '-cert', $explicit, '-key', $explicit_key)],
        'client_certificate', 'sent 42 bad_certificate', 'certificate', 'TLSv1.2', 'TLSv1.2', $TLS, certificate => 1],
    ['GnuTLS with a proof by another key', [altered(@TLS12, @CERT, '-a', '15:-1:00')],
        'client_certificate', 'sent 51 decrypt_error', 'certificate_verify', 'TLSv1.2', 'TLSv1.2', $TLS, certificate => 1],
    ['GnuTLS with a proof by another key, TLS 1.3', [altered(@TLS13, @CERT, '-a', '15:-1:00')],
        'client_certificate', 'sent 51 decrypt_error', 'certificate_verify', 'TLSv1.3', 'TLSv1.3', $TLS, certificate => 1],
    # broken on the way
    ['OpenSSL whose Finished is damaged on the way', [relayed(flip(4), '-tls1_2')],
        'bad_record', 'sent 20 bad_record_mac', 'client_key_exchange', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['OpenSSL whose second flight is damaged on the way, TLS 1.3', [relayed(flip(2), '-tls1_3')],
        'bad_record', 'sent 20 bad_record_mac', 'client_hello', 'TLSv1.3', 'TLSv1.3', $TLS],
    ['OpenSSL with another version in a later record', [relayed(patch(1, 1, "\3\1"), '-tls1_2')],
        'bad_record', 'sent 70 protocol_version', 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['GnuTLS with a wrong Finished', [altered(@TLS12, '-a', '20:0:00000000')],
        'bad_finished', 'sent 51 decrypt_error', 'finished', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['GnuTLS with a wrong Finished, TLS 1.3', [altered(@TLS13, '-a', '20:0:00000000')],
        'bad_finished', 'sent 51 decrypt_error', 'finished', 'TLSv1.3', 'TLSv1.3', $TLS],
    ['GnuTLS with a share that is no point of the curve',
        [altered('-p', 'NORMAL:-VERS-ALL:+VERS-TLS1.2:-GROUP-ALL:+GROUP-SECP256R1', '-a', '16:5:0000000000000000')],
        'key_exchange', 'sent 47 illegal_parameter', 'client_key_exchange', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['GnuTLS with a share that is no point of the curve, TLS 1.3',
        [altered('-p', 'NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP256R1', '-a', '1:0017004104=001700410400000000000000')],
        'key_exchange', 'sent 47 illegal_parameter', 'client_hello', 'TLSv1.3', 'TLSv1.3', $TLS],
    ['OpenSSL with another message in the place of its certificate', [relayed(patch(1, 5, "\x14"), '-tls1_2')],
        'unexpected_message', 'sent 10 unexpected_message', 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['OpenSSL whose hello comes in a record of application data', [relayed(patch(0, 0, "\x17"), '-tls1_2')],
        'unexpected_message', 'sent 10 unexpected_message', undef, undef, undef, 'none', hello_kind => 'tls_record'],
    ['OpenSSL whose hello is damaged on the way', [relayed(patch(0, 43, "\xff"), '-tls1_2')],
        'unreadable_hello', 'sent 50 decode_error', 'client_hello', undef, 'TLSv1.2', $TLS,
        hello_malformed => 'overrun session_id'],
    ['a hello without a compression method', [bytes(hello(compression => '')->{bytes})],
        'unreadable_hello', 'sent 50 decode_error', 'client_hello', undef, 'TLSv1.2', $TLS],
    ['a hello with nothing but deflate', [bytes(hello(compression => "\1")->{bytes})],
        'unreadable_hello', 'sent 47 illegal_parameter', 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['a hello whose list of versions is empty', [bytes(hello(extensions => [Trap::Hello::raw(43, "\0")])->{bytes})],
        'unreadable_hello', 'sent 70 protocol_version', 'client_hello', undef, 'TLSv1.2', $TLS],
    ['a record that is too long', [bytes($hello . "\x16\3\3\xff\xff" . 'x' x 100)],
        'bad_record', 'sent 22 record_overflow', 'client_hello', 'TLSv1.2', 'TLSv1.2', $TLS],
    ['the longest hello', [bytes($huge)],
        'message_too_large', 'sent 50 decode_error', 'client_hello', undef, 'TLSv1.2', $TLS, hello_malformed => qr/^cut/],
    ["a fallback in SSLv2's form", [bytes(sslv2(version => 0x0303, ciphers => [0x002f, 0x005600])->{bytes})],
        'downgrade', 'sent 86 inappropriate_fallback', 'client_hello_v2', undef, 'TLSv1.2', $V2],
);

my %conf = (
    all => {},
    hasty => {limits => {'handshake-timeout' => '2s'}}, # for who falls silent
    modern => {tls => {minimum => 'tls1.2'}},
    old => {tls => {priority => 'NONE:+VERS-TLS1.0:+CTYPE-X509:+AES-128-CBC:+SHA1:+ECDHE-RSA:+ECDHE-ECDSA:+RSA'
        . ':+GROUP-SECP256R1:+SIGN-ALL:+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1:+COMP-NULL'}},
);

# A listener a case, so that records tell them apart.
my (%listeners, %trap);
for my $case (@cases) {
    my ($name, $client, @fields) = @$case;
    my %more = splice @fields, 6;
    my $on = delete $more{on} // 'all';
    $case = {name => $name, program => $client->[0], run => $client->[1], fields => \@fields, more => \%more,
        on => $on, listener => scalar @{$listeners{$on} //= []}};
    push @{$listeners{$on}}, {name => $name, tls => 'implicit'};
}
# All programs come from one address: what failed before must not change what is offered.
$trap{$_} = Trap->new(conf => {%{$conf{$_}}, memory => {'tls-failures' => 0}}, listeners => $listeners{$_}) for sort keys %conf;
my @NAMES = qw(tls_outcome tls_failure tls_alert tls_stage tls_version hello_highest hello_format);
my (%reasons, %hand);
for my $case (@cases) {
    my ($trap, $program) = ($trap{$case->{on}}, $case->{program});
    next if $program && !$program{$program};
    eval { $case->{run}->($trap->address($case->{listener}), $trap->port($case->{listener})); 1 }
        or diag "$case->{name}: $@";
}
for my $case (@cases) {
    my ($trap, $name, $program) = ($trap{$case->{on}}, $case->{name}, $case->{program});
    SKIP: {
        skip "$name: there is no $program", 1 if $program && !$program{$program};
        my $s = eval { $trap->wait_record('session', sub { $_[0]{listener} eq $name }, $name) } // {};
        is_deeply([@$s{@NAMES}], ['failed', @{$case->{fields}}], $name)
            or diag(JSON::PP->new->canonical->encode({map { $_ => $s->{$_} } grep { /^(?:tls|hello_[^ces]|end|client_cert)/ } keys %$s}));
        my %more = (end_reason => 'client_closed', %{$case->{more}});
        my $certificate = delete $more{certificate};
        ok(defined $s->{client_cert_sha256}, "$name: the certificate's digest") if $certificate;
        for my $field (sort keys %more) {
            my $want = $more{$field};
            ref $want ? like($s->{$field} // '', $want, "$name: $field")
                : is($s->{$field}, $want, "$name: $field");
        }
        like($s->{tls_error} // '', qr/^-\d+ \S/, "$name: the library's number and text");
        $reasons{$s->{tls_failure} // ''}++;
    }
}

# ---- what the trap does to a handshake itself ----

my $c = Trap::Client->new(address => $trap{all}->address(0), port => $trap{all}->port(0), banner => 0);
$c->send(substr $hello, 0, 20);
my $other = Trap->new(listeners => [{tls => 'implicit'}]);
$c = $other->client(banner => 0);
$c->send(substr $hello, 0, 20);
my $end = time + 20;
select undef, undef, undef, 0.02 while !$other->worker_of($c) && time < $end;
$other->stop;
my ($s) = $other->records('session');
is_deeply([@$s{qw(tls_outcome tls_failure end_reason)}], [qw(failed shutdown shutdown)],
    'a handshake that the end of the trap cut off is recorded as that');
$reasons{shutdown}++;

cmp_ok(scalar keys %reasons, '>=', 17, 'the cases show so many reasons: ' . join ' ', sort keys %reasons);
is($reasons{internal}, undef, 'none of them is internal');
$_->done for $other, map { $trap{$_} } sort keys %trap;
done_testing;
