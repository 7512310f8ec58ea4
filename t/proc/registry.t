#!/usr/bin/perl
# registry.t: the names of cipher suites, extensions and signature algorithms in lib/tls_*.def are
# those that OpenSSL, GnuTLS, testssl.sh and Wireshark have, as far as these are installed.
use strict;
use warnings;
use Test::More;
use Trap;

sub read_def {
    my ($name) = @_;
    my (%iana, %other);
    open my $f, '<', "$Trap::SOURCE/lib/$name" or die "$name: $!\n";
    while (<$f>) {
        $iana{hex $1} = $2 if /^IANA\((0x\w+), "([^"]+)"\)/;
        $other{hex $1} = $2 if /^OTHER\((0x\w+), "([^"]+)", "[^"]+"\)/;
    }
    return (\%iana, \%other);
}

# The names of another, by number, are ours; those of %differs are known to be others there.
sub is_as {
    my ($whose, $ours, $theirs, $at_least, %differs) = @_;
    cmp_ok(scalar keys %$theirs, '>=', $at_least, "$whose has " . keys %$theirs);
    my @wrong = grep { ($ours->{$_} // '') ne $theirs->{$_}
        && ($differs{$theirs->{$_}} // '') ne ($ours->{$_} // '-') } sort { $a <=> $b } keys %$theirs;
    is(scalar @wrong, 0, "$whose: all are called the same here")
        or diag join "\n", map { sprintf '%04x is %s there, %s here', $_, $theirs->{$_}, $ours->{$_} // 'unknown' } @wrong;
}

sub lines {
    my (@command) = @_;
    open my $out, '-|', @command or die "$command[0]: $!\n";
    my @lines = <$out>;
    close $out;
    return @lines;
}

my ($iana, $other) = read_def('tls_cipher.def');
my %ciphers = (%$iana, %$other);

my %openssl = map { /0x(..),0x(..) - (\S+)/ ? (hex "$1$2" => $3) : () }
    lines(qw(openssl ciphers -V -stdname ALL:COMPLEMENTOFALL:@SECLEVEL=0));
is_as('OpenSSL', $iana, \%openssl, 100);

# GnuTLS has names of its own for some; the standard's are these.
my %gnutls = map { /^(TLS_\S+)\s+0x(..), 0x(..)/ ? (hex "$2$3" => $1) : () } lines(qw(gnutls-cli --list));
cmp_ok(scalar keys %gnutls, '>=', 100, 'GnuTLS has ' . keys %gnutls);
sub loose { return $_[0] =~ s/(?<=POLY1305)_SHA256$//r =~ s/_WITH|_|ARCFOUR|RC4|SHA1?$|EDE//gr }
my %known = map { $_ => 1 } keys %ciphers;
is_deeply([grep { !$known{$_} } sort keys %gnutls], [], 'GnuTLS: all of its numbers have a name here');
my @differ = map { sprintf '%04x %s %s', $_, $gnutls{$_}, $ciphers{$_} }
    grep { lc loose($gnutls{$_}) ne lc loose($ciphers{$_}) } sort { $a <=> $b } keys %gnutls;
# The registry has PSK_DHE in these two, DHE_PSK in all others.
is_deeply([grep { !/^c0a[ab] TLS_DHE_PSK_\w+ TLS_PSK_DHE_/ } @differ], [], 'and are called the same, but for how it writes RC4, 3DES and hashes');

SKIP: {
    my $file = '/etc/testssl/cipher-mapping.txt';
    open my $f, '<', $file or skip "$file is not there", 2;
    my %testssl;
    while (<$f>) {
        $testssl{hex "$1$2" . ($3 // '')} = $4 if /^\s*0x(..),0x(..)(?:,0x(..))? - \S+\s+(\w+)/;
    }
    delete $testssl{0} if ($testssl{0} // '') eq 'SSL_CK_NULL_WITH_MD5'; # 000000 of SSLv2
    is_as('testssl.sh', \%ciphers, \%testssl, 300, TLS_NULL_WITH_NULL_NULL => 'TLS_NULL_WITH_NULL_NULL',
        TLS_RSA_EXPORT1024_WITH_RC2_56_MD5 => 'TLS_RSA_EXPORT1024_WITH_RC2_CBC_56_MD5',
        SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA => 'SSL_RSA_OLDFIPS_WITH_3DES_EDE_CBC_SHA',
        SSL_RSA_FIPS_WITH_DES_CBC_SHA => 'SSL_RSA_OLDFIPS_WITH_DES_CBC_SHA');
}

SKIP: {
    skip 'tshark is not installed', 8 if !grep { -x "$_/tshark" } split /:/, $ENV{PATH};
    my %values;
    for (lines('tshark', '-G', 'values')) {
        my (undef, $field, $number, $name) = split /\t/;
        next if ($field // '') !~ /^tls\.handshake\.(ciphersuite|extension\.type|sig_hash_alg|extensions_supported_group)$/;
        chomp $name;
        $values{$1}{$number =~ /^0x/ ? hex $number : $number} = $name if $name !~ /GREASE|^ssl_31_/;
    }
    my $old = sub { map { my $n = $_; ($n => $n . '_OLD') } @_ };
    is_as('Wireshark', \%ciphers, $values{ciphersuite}, 300,
        $old->(map { "TLS_${_}_WITH_CHACHA20_POLY1305_SHA256" } qw(ECDHE_RSA ECDHE_ECDSA DHE_RSA)),
        SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA => 'SSL_RSA_OLDFIPS_WITH_3DES_EDE_CBC_SHA',
        SSL_RSA_FIPS_WITH_DES_CBC_SHA => 'SSL_RSA_OLDFIPS_WITH_DES_CBC_SHA');
    is_as('Wireshark, extensions', {map { %$_ } read_def('tls_extension.def')}, $values{'extension.type'}, 50,
        delegated_credentials => 'delegated_credential', 'Reserved (key_share)' => 'key_share_draft',
        'Reserved (ticket_early_data_info)' => 'ticket_early_data_info',
        'connection_id (deprecated)' => 'connection_id_draft', application_settings => 'application_settings_old',
        'quic_transport_parameters (drafts version)' => 'quic_transport_parameters_draft');
    my $algorithms = $values{sig_hash_alg};
    delete @$algorithms{grep { $_ >= 0xfe00 } keys %$algorithms}; # for private use: of an experiment
    is_as('Wireshark, signature algorithms', {map { %$_ } read_def('tls_signature.def')}, $algorithms, 15);
    my $groups = $values{extensions_supported_group};
    # For private use, and drafts: of the same experiment.
    delete @$groups{grep { $_ >= 0x0200 && $_ < 0xff00 } keys %$groups};
    is_as('Wireshark, groups', {map { %$_ } read_def('tls_group.def')}, $groups, 30);
}
done_testing;
