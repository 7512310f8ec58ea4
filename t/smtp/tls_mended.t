#!/usr/bin/perl
# tls_mended.t: real clients that the TLS library would refuse for a detail of their hello are served,
# deliver their message, and their records tell what was overlooked.
use strict;
use warnings;
use IO::Socket::SSL;
use JSON::PP;
use Net::SSLeay;
use Test::More;
use Trap;
use Trap::File qw(spew);
use Trap::Hello qw(groups hello raw record shares sigalgs sni versions);
use Trap::Process qw(run_client);
use Trap::Tamper;

use constant SEND_FALLBACK_SCSV => 0x80; # SSL_MODE_SEND_FALLBACK_SCSV

my %program = map { ($_ => Trap::Process::program($_)) } qw(openssl gnutls-cli curl swaks python3);
my %NAMES = ('an underscore' => 'a_b.test', brackets => '[192.0.2.1]', 'a colon' => 'mx.trap.test:25',
    '8-bit characters' => "b\xfccher.test", spaces => ' mx trap ');
my $message = "Subject: mended\r\n\r\nhello\r\n";
my $dir = File::Temp::tempdir(CLEANUP => 1);
my $file = "$dir/message";
spew($file, $message);
my ($number, $next) = (0, 2);

# Listener 0 has STARTTLS, 1 has TLS from the first byte, each of the others is for one program that
# cannot be told an address to come from.
my $trap = Trap->new(listeners => [{}, {tls => 'implicit'}, map { {name => "program $_"} } 2 .. 40]);

sub local_address { sprintf '127.6.%d.%d', $number / 250, 1 + $number++ % 250 }

# Sessions that are checked when all clients are done: how to know each one, and what to test.
my @sessions;
sub of_client { my ($c) = @_; my ($ip, $port) = ($c->local_address, $c->local_port);
    return sub { $_[0]{client_ip} eq $ip && $_[0]{client_port} == $port } }
sub of_address { my ($ip) = @_; return sub { $_[0]{client_ip} eq $ip } }
sub of_program { my ($n) = @_; return sub { $_[0]{listener} eq "program $n" } }
sub later { my ($is_it, $check) = @_; push @sessions, [$is_it, $check] }

sub shown {
    my ($s) = @_;
    return JSON::PP->new->canonical->encode({map { $_ => $s->{$_} } grep { /^(?:tls_|hello_mal)/ } keys %$s});
}

sub name_of { my ($s) = @_; return $s->{tls_sni_hex} // unpack 'H*', $s->{tls_sni} // '' }

# It was done, and so much was mended.
sub check_session {
    my ($s, $title, $version, $mended, $name) = @_;
    is_deeply([@$s{qw(tls_outcome tls_version tls_mended)}], ['negotiated', $version, $mended], "$title: is served")
        or diag(shown($s));
    is(name_of($s), unpack('H*', $name), "$title: the name is recorded as sent") if defined $name;
}

sub check_message {
    my ($s, $title, $mended) = @_;
    my ($m) = $trap->messages_of($s);
    is_deeply([@$m{qw(verdict tls_version tls_mended)}], ['accepted', $s->{tls_version}, $mended],
        "$title: its message is accepted");
}

# ---- names ----

my %PERL_VERSION = ('TLSv1.0' => 'TLSv1', 'TLSv1.1' => 'TLSv1_1', 'TLSv1.2' => 'TLSv1_2', 'TLSv1.3' => 'TLSv1_3');

for my $kind (sort keys %NAMES) {
    for my $version (sort keys %PERL_VERSION) {
        my $title = "Perl IO::Socket::SSL, $version, $kind";
        my $c = $trap->client(local => local_address());
        $c->cmd('EHLO perl.test');
        my $up = eval { $c->starttls(SSL_version => $PERL_VERSION{$version}, SSL_hostname => $NAMES{$kind},
            SSL_cipher_list => 'DEFAULT:@SECLEVEL=0'); 1 };
        ok($up, "$title: the handshake is done") or diag $@;
        $c->cmd('EHLO perl.test');
        is($c->send_message(data => $message), 250, "$title: and the message delivered");
        $c->quit;
        later(of_client($c), sub {
            check_session($_[0], $title, $version, ['server_name'], $NAMES{$kind});
            check_message($_[0], $title, ['server_name']);
        });
    }
}

# Each runs with (name, version, port) and gives (output, errors, status).
my @clients = (
    ['OpenSSL', 'openssl', 0, sub {
        run_client($program{openssl}, 's_client', '-connect', $trap->address . ':' . $_[2], '-starttls', 'smtp',
            '-quiet', '-servername', $_[0], '-tls' . $_[1] =~ s/TLSv//r =~ s/\./_/r);
    }],
    ['GnuTLS', 'gnutls-cli', 0, sub {
        run_client($program{'gnutls-cli'}, '--starttls-proto=smtp', '--insecure', '-p', $_[2], "--sni-hostname=$_[0]",
            '--priority=NORMAL:-VERS-ALL:+VERS-' . $_[1] =~ s/v//r, $trap->address);
    }, 'a_b.test'],
    ['swaks', 'swaks', 1, sub {
        run_client($program{swaks}, '--server', $trap->address, '--port', $_[2], '-tls', '--tls-sni', $_[0],
            '--tls-protocol', $_[1] =~ s/TLSv/tlsv/r =~ s/\./_/r, '--from', 'a@b.test', '--to', 'trap@trap.test',
            '--suppress-data');
    }],
    ['curl', 'curl', 1, sub {
        run_client($program{curl}, '-sS', '--insecure', '--ssl-reqd', '--tls-max', $_[1] =~ s/TLSv//r, '--mail-from',
            'curl@client.test', '--mail-rcpt', 'trap@trap.test', '--upload-file', $file, '--resolve',
            "$_[0]:" . $_[2] . ':' . $trap->address, "smtp://$_[0]:" . $_[2] . '/');
    }, 'a_b.test'],
    ['Python smtplib', 'python3', 1, sub {
        run_client($program{python3}, "$Trap::SOURCE/t/lib/smtplib_client.py", $trap->address, $_[2], $_[1] =~ s/TLSv//r,
            $_[0]);
    }],
);
for my $client (@clients) {
    my ($name, $program, $delivers, $run, @only) = @$client;
    for my $sni (@only ? @only : ('a_b.test', 'mx.trap.test:25')) {
        for my $version ('TLSv1.2', 'TLSv1.3') {
            my $title = "$name, $version, $sni";
            SKIP: {
                skip "$title: there is no $program", 1 if !$program{$program};
                my $n = $next++;
                my ($out, $err, $status) = $run->($sni, $version, $trap->port($n));
                is($status, 0, "$title: the client is content") or diag $out, $err;
                later(of_program($n), sub {
                    check_session($_[0], $title, $version, ['server_name'], $sni);
                    check_message($_[0], $title, ['server_name']) if $delivers;
                });
            }
        }
    }
}

# ---- resumption: of TLS 1.3 it is declined, the hello that offers it has been changed ----

SKIP: {
    skip 'there is no openssl', 1 if !$program{openssl};
    for my $version ('1.2', '1.3') {
        my @resumed;
        for my $option (qw(-sess_out -sess_in)) {
            my $n = $next++;
            my ($out, $err, $status) = run_client($program{openssl}, 's_client', '-connect', $trap->address . ':' . $trap->port($n),
                '-starttls', 'smtp', '-quiet', '-servername', 'a_b.test', '-tls' . $version =~ s/\./_/r,
                $option, "$dir/session");
            is($status, 0, "TLS $version with $option: the client is content") or diag $out, $err;
            later(of_program($n), sub {
                check_session($_[0], "TLS $version with $option", "TLSv$version", ['server_name'], 'a_b.test');
                push @resumed, $_[0]{tls_resumed} ? 1 : 0;
                is("@resumed", $version eq '1.2' ? '0 1' : '0 0', "TLS $version: sessions resumed") if @resumed == 2;
            });
        }
    }
}

# ---- a fallback ----

for my $version ('TLSv1.0', 'TLSv1.1', 'TLSv1.2') {
    my $title = "a fallback to $version";
    my $c = $trap->client(local => local_address());
    $c->cmd('EHLO perl.test');
    my $up = eval { $c->starttls(SSL_version => $PERL_VERSION{$version}, SSL_cipher_list => 'DEFAULT:@SECLEVEL=0',
        SSL_create_ctx_callback => sub { Net::SSLeay::CTX_set_mode($_[0], SEND_FALLBACK_SCSV) }); 1 };
    ok($up, "$title: the handshake is done") or diag $@;
    $c->cmd('EHLO perl.test');
    is($c->send_message(data => $message), 250, "$title: and the message delivered");
    $c->quit;
    later(of_client($c), sub {
        check_session($_[0], $title, $version, ['fallback_scsv']);
        ok($_[0]{hello_scsv_fallback}, "$title: is in the record of the hello");
        check_message($_[0], $title, ['fallback_scsv']);
    });
}
SKIP: {
    skip 'there is no openssl', 1 if !$program{openssl};
    for my $case (['-tls1_2', 'TLSv1.2', ['fallback_scsv']], ['-tls1_3', 'TLSv1.3', undef]) {
        my $n = $next++;
        run_client($program{openssl}, 's_client', '-connect', $trap->address . ':' . $trap->port($n), '-starttls', 'smtp', '-quiet',
            '-fallback_scsv', $case->[0]);
        later(of_program($n), sub { check_session($_[0], "OpenSSL with -fallback_scsv $case->[0]", @$case[1, 2]) });
    }
}

# ---- versions of records ----

for my $case ([0x0000, ['record_version']], [0x0200, ['record_version']], [0x0500, ['record_version']],
    [0xfeff, ['record_version']], [0x0305, undef], [0x03ff, undef]) {
    my ($number, $mended) = @$case;
    for my $version ('TLSv1.0', 'TLSv1.2', 'TLSv1.3') {
        my $title = sprintf 'a hello of %s in a record of version 0x%04x', $version, $number;
        my $local = local_address();
        my $relay = Trap::Tamper->new(address => $trap->address, port => $trap->port(1), local => $local, alter => sub {
            my ($record, $n) = @_;
            substr $record, 1, 2, pack 'n', $number if $n == 0;
            return $record;
        });
        my $c = eval { Trap::Client->new(address => $trap->address, port => $relay->port,
            implicit => {SSL_version => $PERL_VERSION{$version}, SSL_cipher_list => 'DEFAULT:@SECLEVEL=0'}) };
        ok($c, "$title: the handshake is done") or diag $@;
        next if !$c;
        $c->cmd('EHLO perl.test');
        is($c->send_message(data => $message), 250, "$title: and the message delivered");
        $c->quit;
        $relay->wait;
        later(of_address($local), sub {
            check_session($_[0], $title, $version, $mended);
            is($_[0]{hello_record_version}, sprintf('0x%04x', $number), "$title: is in the record of the hello");
            check_message($_[0], $title, $mended);
        });
    }
}

# ---- hellos that no client at hand sends, up to the ServerHello ----

my @tls12 = (ciphers => [0xc02b, 0xc02f]);
my @tls13 = (ciphers => [0x1301], session_id => 's' x 32);
my @base = (groups(29), sigalgs(0x0403, 0x0804, 0x0401));
my @shares = (versions(0x0304), raw(51, pack 'n n n/a*', 36, 29, "\x09" . "\0" x 31));
my @hellos = (
    ['an empty server_name', [server_name => raw(0, '')]],
    ['an empty list of names', [server_name => raw(0, "\0\0")]],
    ['an empty name', [server_name => sni('')]],
    ['NUL in a name', [server_name => sni("a\0b")]],
    ['two server_names', [repeated_extension => sni('a.test'), sni('b.test')], 'a.test'],
    ['two bad server_names', ['server_name repeated_extension' => sni('a_b'), sni('b_c')], 'a_b'],
    ['two supported_groups', [repeated_extension => groups(29)]],
    ['broken supported_groups behind good ones', [repeated_extension => raw(10, "\0\3\0\x1d\0")]],
);
my @hellos12 = (
    ['empty signature_algorithms', ['signature_algorithms' => sigalgs(), groups(29)]],
    ['signature_algorithms without a list', ['signature_algorithms' => raw(13, ''), groups(29)]],
    ['broken supported_groups', ['supported_groups' => raw(10, "\0\3\0\x1d\0"), sigalgs(0x0403)]],
);

# The type of the handshake message that the trap answers with; 2 is ServerHello.
sub answer_to {
    my ($bytes, $check) = @_;
    my $c = $trap->client(listener => 1, banner => 0, local => local_address());
    $c->send($bytes);
    my $got = '';
    while (length $got < 6) {
        my $more = $c->receive // '';
        last if $more eq '';
        $got .= $more;
    }
    $c->close;
    later(of_client($c), $check);
    return length $got >= 6 && ord $got == 22 ? unpack 'x5 C', $got : 0;
}

for my $case (map({ [$_, 'TLSv1.2', [@tls12], @base], [$_, 'TLSv1.3', [@tls13], @base, @shares] } @hellos),
    map { [$_, 'TLSv1.2', [@tls12]] } @hellos12) {
    my ($what, $version, $o, @rest) = @$case;
    my ($mended, @extensions) = @{$what->[1]};
    my $title = "$what->[0], $version";
    my $answer = answer_to(hello(@$o, extensions => [@rest, @extensions])->{bytes}, sub {
        my ($s) = @_;
        is_deeply([@$s{qw(tls_version tls_stage tls_mended)}], [$version, 'client_hello', [split / /, $mended]],
            "$title: what was mended is recorded") or diag(shown($s));
        is(name_of($s), unpack('H*', $what->[2]), "$title: and the first name") if defined $what->[2];
    });
    is($answer, 2, "$title: is answered with a ServerHello");
}

# ---- nothing wrong, nothing mended ----

my $answer = answer_to(hello(@tls12, extensions => [@base, sni('mx.trap.test')])->{bytes}, sub {
    ok(!exists $_[0]{tls_mended}, 'nothing of a good hello is mended');
});
is($answer, 2, 'and it is answered with a ServerHello');

# ---- the records ----

my @records = $trap->wait_count('session', scalar @sessions);
for my $session (@sessions) {
    my ($is_it, $check) = @$session;
    my ($s) = grep { $is_it->($_) } @records;
    $check->($s // {});
}
$trap->done;
done_testing;
