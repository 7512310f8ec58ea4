#!/usr/bin/perl
# clients.t: real clients, each pinned to each TLS version that it can: that version is recorded.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::File qw(spew);
use Trap::Process qw(run_client);

my %program = map { ($_ => Trap::Process::program($_)) }
    qw(openssl gnutls-cli curl swaks msmtp python3 tstclnt);
my @VERSIONS = qw(1.0 1.1 1.2 1.3);
my $message = "Subject: a client\r\n\r\nhello\r\n";
my $dir = File::Temp::tempdir(CLEANUP => 1);
my $file = "$dir/message";
spew($file, $message);

# Old versions need what OpenSSL calls security level 0.
my $OLD = 'DEFAULT:@SECLEVEL=0';

sub perl_client {
    my ($address, $port, $version) = @_;
    my $c = Trap::Client->new(address => $address, port => $port);
    $c->cmd('EHLO perl.client');
    $c->starttls(SSL_version => 'TLSv1' . {'1.0' => '', 1.1 => '_1', 1.2 => '_2', 1.3 => '_3'}->{$version},
        SSL_cipher_list => $OLD);
    $c->cmd('EHLO perl.client');
    my $r = $c->send_message(data => $message);
    $c->quit;
    return ($r->text, '', $r == 250 ? 0 : 1);
}

# Each runs with (address, port, version) and gives (output, errors, status).
my @clients = (
    {name => 'openssl s_client', program => 'openssl', run => sub {
        my ($address, $port, $version) = @_;
        run_client(\"EHLO openssl.client\r\nQUIT\r\n", $program{openssl}, 's_client', '-connect', "$address:$port",
            '-starttls', 'smtp', '-quiet', '-cipher', $OLD, '-tls1' . {'1.0' => '', 1.1 => '_1', 1.2 => '_2', 1.3 => '_3'}->{$version});
    }},
    {name => 'gnutls-cli', program => 'gnutls-cli', run => sub {
        my ($address, $port, $version) = @_;
        run_client(\"EHLO gnutls.client\r\nQUIT\r\n", $program{'gnutls-cli'}, '--starttls-proto=smtp', '--insecure', '-p', $port,
            "--priority=NORMAL:-VERS-ALL:+VERS-TLS$version:%COMPAT", $address);
    }},
    {name => 'curl', program => 'curl', message => 1, run => sub {
        my ($address, $port, $version) = @_;
        run_client($program{curl}, '-sS', '--insecure', '--ssl-reqd', "--tlsv$version", '--tls-max', $version,
            '--ciphers', 'DEFAULT@SECLEVEL=0', '--mail-from', 'curl@client.test', '--mail-rcpt', 'trap@trap.test',
            '--upload-file', $file, "smtp://$address:$port/client.test");
    }},
    {name => 'swaks', program => 'swaks', message => 1, run => sub {
        my ($address, $port, $version) = @_;
        run_client($program{swaks}, '--server', $address, '--port', $port, '-tls', '--tls-protocol', 'tlsv' . $version =~ s/\./_/r =~ s/_0//r,
            '--tls-cipher', $OLD, '--from', 'swaks@client.test', '--to', 'trap@trap.test', '--suppress-data');
    }},
    {name => 'msmtp', program => 'msmtp', message => 1, run => sub {
        my ($address, $port, $version) = @_;
        run_client(\$message, $program{msmtp}, '--file=/dev/null', "--host=$address", "--port=$port", '--tls=on',
            '--tls-certcheck=off', "--tls-priorities=NORMAL:-VERS-ALL:+VERS-TLS$version:%COMPAT",
            '--from=msmtp@client.test', 'trap@trap.test');
    }},
    {name => 'Perl IO::Socket::SSL', message => 1, run => \&perl_client},
    {name => 'Python smtplib', program => 'python3', message => 1, run => sub {
        run_client($program{python3}, "$Trap::SOURCE/t/lib/smtplib_client.py", @_);
    }},
    # It knows no STARTTLS.
    {name => 'NSS tstclnt', program => 'tstclnt', implicit => 1, run => sub {
        my ($address, $port, $version) = @_;
        run_client(\"EHLO nss.client\r\nQUIT\r\n", $program{tstclnt}, '-D', '-o', '-h', $address, '-p', $port, '-V', "tls$version:tls$version");
    }},
);

# A listener a case, so that records tell them apart.
my (@cases, @listeners);
for my $client (@clients) {
    for my $version (@VERSIONS) {
        push @cases, {client => $client, version => $version, listener => scalar @listeners};
        push @listeners, {name => "$client->{name} $version", $client->{implicit} ? (tls => 'implicit') : ()};
    }
}
my $trap = Trap->new(listeners => \@listeners);
for my $case (@cases) {
    my $program = $case->{client}{program};
    next if $program && !$program{$program};
    my ($address, $port) = ($trap->address($case->{listener}), $trap->port($case->{listener}));
    my ($out, $err, $status) = eval { $case->{client}{run}->($address, $port, $case->{version}) };
    $case->{said} = $@ ? $@ : $status ? "status $status: $out$err" : '';
}
for my $case (@cases) {
    my ($client, $version) = @$case{qw(client version)};
    my $title = "$client->{name}, TLS $version";
    SKIP: {
        skip "$title: there is no $client->{program}", 1 if $client->{program} && !$program{$client->{program}};
        is($case->{said}, '', "$title: the client is content");
        my $s = eval { $trap->wait_record('session', sub { $_[0]{listener} eq "$client->{name} $version" }, $title) }
            // {};
        is_deeply([@$s{qw(tls_outcome tls_version)}], ['negotiated', "TLSv$version"], "$title: the session record says so")
            or diag explain $s;
        like($s->{tls_cipher} // '', qr/^TLS_\w+$/, "$title: the cipher has its IANA name");
        is($s->{tls_implicit} ? 1 : 0, $client->{implicit} // 0, "$title: and how TLS began is recorded");
        next if !$client->{message};
        my ($m) = $trap->messages_of($s);
        is_deeply([@$m{qw(verdict tls_version tls_cipher)}], ['accepted', "TLSv$version", $s->{tls_cipher}],
            "$title: the message record says the same");
        my ($mail) = grep { $_->{id} eq ($m->{id} // '') } $trap->mails;
        like($mail->{trace} // '', qr/ with ESMTPS id .*\r\n\t\(version=TLSv\Q$version\E cipher=\Q$s->{tls_cipher}\E\);/,
            "$title: and so does the trace header");
    }
}
$trap->done;
done_testing;
