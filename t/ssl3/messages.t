#!/usr/bin/perl
# messages.t: with the private library the trap speaks SSL 3.0: NSS delivers messages with RC4, 3DES
# and AES, by STARTTLS and from the first byte, and both records say so; RC4 and 3DES with TLS 1.0 too;
# and a hello in the form of SSLv2 that offers SSL 3.0 is answered.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Hello qw(hello sslv2);
use Trap::Relay;

my %CIPHER = ('0004' => 'TLS_RSA_WITH_RC4_128_MD5', '0005' => 'TLS_RSA_WITH_RC4_128_SHA',
    '000a' => 'TLS_RSA_WITH_3DES_EDE_CBC_SHA', '0016' => 'TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA',
    '0035' => 'TLS_RSA_WITH_AES_256_CBC_SHA');
my %OPTION = (SSLv3 => 'ssl3', 'TLSv1.0' => 'tls1.0');

my $trap = Trap->new(listeners => [{}, {tls => 'implicit'}], conf => {tls => {minimum => 'ssl3'}});
like($trap->log_text, qr/ ready: .* TLS: SSLv3 TLSv1\.0 TLSv1\.1 TLSv1\.2 TLSv1\.3; /,
    'SSLv3 is among the versions in the line `ready`');
unlike($trap->log_text, qr/ has no /, 'and nothing is missing');

# NSS with one version and suite delivers a message to (address, port): its output, its status.
sub deliver {
    my ($address, $port, $version, $number, $name) = @_;
    my $input = "EHLO $name\r\nMAIL FROM:<nss\@client.test>\r\nRCPT TO:<trap\@trap.test>\r\nDATA\r\n"
        . "Subject: $name\r\n\r\nhello\r\n.\r\nQUIT\r\n";
    my ($out, $err, $status) = Trap::Process::run_client(\$input, 'tstclnt', '-D', '-o', '-v', '-h', $address,
        '-p', $port, '-V', "$OPTION{$version}:$OPTION{$version}", '-c', ":$number");
    return ("$out$err", $status);
}

sub check {
    my ($version, $number, $implicit) = @_;
    my $name = lc "$version-$number-" . ($implicit ? 'implicit' : 'starttls');
    my $relay = $implicit ? undef : Trap::Relay->new($trap);
    my ($said, $status) = deliver($implicit ? ($trap->address, $trap->port(1)) : ($relay->address, $relay->port),
        $version, $number, $name);
    ok(!$relay || $relay->done, "$name: STARTTLS is answered");
    is($status, 0, "$name: NSS is content") or diag $said;
    my $minor = $version eq 'SSLv3' ? 0 : 1;
    like($said, qr/SSL version 3\.$minor using /, "$name: and says that it is $version");
    my $s = eval { $trap->wait_record('session', sub { ($_[0]{helo} // '') eq $name }, $name) } // {};
    my @tls = ($version, $CIPHER{$number});
    is_deeply([@$s{qw(tls_outcome tls_version tls_cipher tls_implicit)}, $s->{hello_versions}],
        ['negotiated', @tls, $implicit ? JSON::PP::true : JSON::PP::false, [$version]],
        "$name: the session record has version and cipher") or diag explain $s;
    my ($m) = $trap->messages_of($s);
    is_deeply([@$m{qw(verdict tls_outcome tls_version tls_cipher subject)}], ['accepted', 'negotiated', @tls, $name],
        "$name: and the message record") or diag explain $m;
    my ($mail) = grep { $_->{id} eq ($m->{id} // '') } $trap->mails;
    like($mail->{trace} // '', qr/\(version=\Q$version\E cipher=\Q$CIPHER{$number}\E\)/, "$name: and the trace header");
}

check('SSLv3', $_, 0) for sort keys %CIPHER;
check('SSLv3', '0005', 1);
check('TLSv1.0', $_, 0) for '0004', '0005', '000a';

# A hello by hand, which has to be answered by a ServerHello of SSL 3.0 with one of its suites.
sub check_hello {
    my ($title, $hello, $format) = @_;
    my $c = $trap->client;
    $c->cmd('EHLO hello.test');
    $c->cmd('STARTTLS');
    $c->send($hello->{bytes});
    my $answer = '';
    $answer .= $c->receive // last while length $answer < 49;
    my ($type, $record, $message, $version, $session) = unpack 'C n x2 C x3 n x32 C/a', $answer;
    is_deeply([$type, $record, $message, $version], [22, 0x0300, 2, 0x0300], "$title: is answered by a ServerHello of SSL 3.0");
    is(unpack('n', substr $answer, 44 + length $session), 0x000a, "$title: with the suite that it offered");
    $c->close;
    my $s = $trap->session_of($c);
    is_deeply([@$s{qw(tls_outcome tls_failure hello_format hello_highest)}], ['failed', 'client_closed', $format, 'SSLv3'],
        "$title: and recorded, as is that the client left") or diag explain $s;
}
check_hello('a hello in the form of SSLv2 that offers SSL 3.0 alone', sslv2(version => 0x0300, ciphers => [0x00000a]), 'SSLv2');
check_hello('a hello of SSL 3.0', hello(record_version => 0x0300, version => 0x0300, ciphers => [0x000a], extensions => undef),
    'SSLv3');

$trap->done;
done_testing;
