package Trap::Suites;

# Suites.pm: clients that offer one cipher suite of one version each, over all that the trap's
# priority string stands for, and whether its records say what the clients saw.
#
#   my @beyond = matrix($trap, clients => ['openssl', 'nss'], versions => ['TLSv1.2']);
#   groups($trap);
#
# $trap needs two listeners, the second with TLS from the first byte.  matrix() makes a test of each
# suite, version and client where the client has that suite in that version, and returns
# "NUMBER VERSION" of those that no client has.  What is served is asked of the library
# (t/tools/suites), what a client has of that client: nothing of it is typed in here.
use strict;
use warnings;
use Exporter qw(import);
use File::Temp;
use JSON::PP;
use POSIX ();
use Test::More;
use Trap::File qw(slurp);
use Trap::Process;

our @EXPORT_OK = qw(matrix groups);

use constant AT_ONCE => 4;
my @VERSIONS = qw(SSLv3 TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3);
my %RANK = map { ($VERSIONS[$_] => $_) } 0 .. $#VERSIONS;

# Names of the IANA registry for the suites that Debian's OpenSSL has no name for.
my %IANA = (
    '0004' => 'TLS_RSA_WITH_RC4_128_MD5', '0005' => 'TLS_RSA_WITH_RC4_128_SHA',
    '000a' => 'TLS_RSA_WITH_3DES_EDE_CBC_SHA', '0016' => 'TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA',
    c007 => 'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA', c008 => 'TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA',
    c011 => 'TLS_ECDHE_RSA_WITH_RC4_128_SHA', c012 => 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA',
    c07a => 'TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256', c07b => 'TLS_RSA_WITH_CAMELLIA_256_GCM_SHA384',
    c07c => 'TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256',
    c07d => 'TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384',
    c086 => 'TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256',
    c087 => 'TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384',
    c08a => 'TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256',
    c08b => 'TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384',
);

# ---- what is served ----

# ([suites], [groups]) of the priority string.
sub served {
    my ($out, $err, $status) = Trap::Process::run("$ENV{TRAP_BUILD}/t/tools/suites");
    die "t/tools/suites: $err" if $status != 0;
    my (@suites, @groups);
    for (split /\n/, $out) {
        my ($what, @field) = split / /;
        push @groups, lc $field[0] if $what eq 'group';
        next if $what ne 'suite';
        my %suite;
        @suite{qw(number lowest highest kx cipher mac)} = @field;
        push @suites, \%suite;
    }
    return (\@suites, \@groups);
}

sub has_version {
    my ($suite, $version) = @_;
    return $RANK{$suite->{lowest}} <= $RANK{$version} && $RANK{$version} <= $RANK{$suite->{highest}};
}

# ---- OpenSSL: says its own name of the suite, and the group ----

my $ALL = 'ALL:COMPLEMENTOFALL:@SECLEVEL=0';
my $ALL13 = join ':', map { "TLS_$_" } qw(AES_128_GCM_SHA256 AES_256_GCM_SHA384
    CHACHA20_POLY1305_SHA256 AES_128_CCM_SHA256 AES_128_CCM_8_SHA256);
my %OPENSSL_OPTION = ('TLSv1.0' => '-tls1', 'TLSv1.1' => '-tls1_1', 'TLSv1.2' => '-tls1_2',
    'TLSv1.3' => '-tls1_3');

# {number => [IANA name, OpenSSL's name]} of the suites it has in a version.
sub openssl_suites {
    my ($version) = @_;
    my $option = $OPENSSL_OPTION{$version};
    my ($out) = openssl('ciphers', '-V', '-stdname', '-s', $option, '-ciphersuites', $ALL13, $ALL);
    my %of;
    while ($out =~ /^\s*0x(..),0x(..) - (\S+)\s+- (\S+)\s+(\S+)/mg) {
        $of{lc "$1$2"} = [$3, $4] if ($5 eq 'TLSv1.3') == ($version eq 'TLSv1.3');
    }
    return \%of;
}

sub openssl { return Trap::Process::run_client(ref $_[0] ? shift : (), 'openssl', @_) }

my %CURVE = (prime256v1 => 'secp256r1', prime192v1 => 'secp192r1');

# The same of all versions, and the IANA names of all suites.
sub all_names {
    my %of = map { ($_ => openssl_suites($_)) } keys %OPENSSL_OPTION;
    $of{IANA} = {%IANA, map { my $v = $_; map { ($_ => $v->{$_}[0]) } keys %$v } values %of};
    return \%of;
}

# What it said about a connection: version, its name of the suite, the group.
sub openssl_saw {
    my ($said) = @_;
    my ($version) = $said =~ /^Protocol version: (\S+)/m;
    my ($cipher) = $said =~ /^Ciphersuite: (\S+)/m;
    my ($key) = $said =~ /^Server Temp Key: (.*)/m;
    my ($curve) = ($key // '') =~ /^(?:ECDH, )?([^,]+)/;
    my $group = !defined $key ? undef : $key eq 'DH, 2048 bits' ? 'ffdhe2048'
        : $CURVE{$curve} // lc $curve;
    return {version => ($version // '') eq 'TLSv1' ? 'TLSv1.0' : $version, cipher => $cipher,
        group => $group};
}

sub openssl_connect {
    my ($o, $version, $cipher, @more) = @_;
    my ($out, $err, $status) = openssl(\"EHLO $o->{helo}\r\nQUIT\r\n", 's_client', '-connect',
        "$o->{address}:$o->{port}", '-starttls', 'smtp', '-brief', '-ign_eof', $OPENSSL_OPTION{$version},
        $version eq 'TLSv1.3' ? ('-ciphersuites', $cipher) : ('-cipher', "$cipher:\@SECLEVEL=0"), @more);
    return {status => $status, said => "$out$err", saw => openssl_saw("$out$err")};
}

# ---- NSS: takes numbers, and describes the suite in words ----

my %NSS_VERSION = (SSLv3 => 'ssl3', map { ("TLSv1.$_" => "tls1.$_") } 0 .. 3);
my %NSS_CIPHER = (RC4_128 => '128-bit RC4', '3DES_EDE_CBC' => '112-bit 3DES',
    CHACHA20_POLY1305 => '256-bit CHACHA20POLY1305',
    map { ("AES_${_}_CBC" => "$_-bit AES", "AES_${_}_GCM" => "$_-bit AES-GCM",
        "CAMELLIA_${_}_CBC" => "$_-bit CAMELLIA") } 128, 256);
my %NSS_MAC = (MD5 => '128-bit MD5', SHA => '160-bit SHA1', SHA256 => '256-bit SHA256',
    SHA384 => '384-bit SHA384');
my %NSS_KX = (x25519 => '255-bit ECDHE', ffdhe2048 => '2048-bit DHE');

# The words that NSS must have for a suite, by its IANA name, and a group.
sub nss_words {
    my ($iana, $group) = @_;
    my ($kx, $cipher, $mac) = $iana =~ /^TLS_(?:(\w+)_WITH_)?(\w+?)_(MD5|SHA\d*)$/ or return 'no such name';
    $mac = $cipher =~ /GCM|POLY/ ? '128-bit AEAD' : $NSS_MAC{$mac};
    my $auth = !defined $kx ? '256-bit TLS 1.3' : $kx =~ /ECDSA/ ? '256-bit ECDSA' : '2048-bit RSA';
    my $exchange = !defined $group ? '2048-bit RSA' : $NSS_KX{$group} // "unknown to the test: $group";
    $exchange =~ s/ECDHE$/TLS 1.3/ if !defined $kx;
    return "$NSS_CIPHER{$cipher} with $mac MAC, $auth, $exchange";
}

# tstclnt says so itself, before it connects, where NSS has not that suite (in that version).
my $NSS_HAS_NOT = qr/SSL_ERROR_(?:UNKNOWN_CIPHER_SUITE|SSL_DISABLED)/;

sub nss_connect {
    my ($o, $version, $number) = @_;
    my ($out, $err, $status) = Trap::Process::run_client(\"EHLO $o->{helo}\r\nQUIT\r\n", 'tstclnt', '-D',
        '-o', '-v', '-h', $o->{address}, '-p', $o->{port_implicit}, '-V', "$NSS_VERSION{$version}:$NSS_VERSION{$version}",
        '-c', ":$number");
    my $said = "$out$err";
    return {has_not => 1} if $said =~ $NSS_HAS_NOT;
    my ($minor, $cipher) = $said =~ /SSL version 3\.(\d) using (.* MAC)$/m;
    my ($auth, $exchange) = $said =~ /Server Auth: (.*), Key Exchange: (.*)$/m;
    return {status => $status, said => $said, saw => {version => defined $minor ? $VERSIONS[$minor] : undef,
        words => join ', ', map { $_ // '?' } $cipher, $auth, $exchange}};
}

# ---- gnutls-cli: for what neither of them has ----

sub gnutls_connect {
    my ($o, $version, $suite) = @_;
    my $priority = join ':+', 'NONE', 'VERS-' . $version =~ s/v//r, 'CTYPE-X509', 'COMP-NULL', 'GROUP-ALL',
        'SIGN-ALL', @$suite{qw(kx cipher mac)};
    my ($out, $err, $status) = Trap::Process::run_client(\"EHLO $o->{helo}\r\nQUIT\r\n", 'gnutls-cli',
        '--starttls-proto=smtp', '--insecure', '-p', $o->{port}, "--priority=$priority", $o->{address});
    my ($words) = $out =~ /^- Description: (.*)$/m;
    my ($of, $kx, $cipher) = ($words // '') =~ /^\((\S+?)-X\.509\)-\((\S+?)\)(?:-\(\S+\))?-\((\S+)\)$/;
    $kx //= '';
    my $group = $kx =~ s/^(?:ECDHE|DHE)-// ? lc $kx : undef;
    return {status => $status, said => "$out$err", saw => {version => ($of // '') =~ s/^TLS/TLSv/r,
        words => $cipher, group => $group}};
}

# ---- the matrix ----

# Do the jobs, some at once; each is a sub that returns a structure, which goes to its {got}.
sub together {
    my (@jobs) = @_;
    my @file;
    my @pids = map {
        my $mine = $_;
        push @file, File::Temp->new;
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            my %got = map { ($_ => $jobs[$_]{do}->()) } grep { $_ % AT_ONCE == $mine } 0 .. $#jobs;
            print {$file[$mine]} encode_json(\%got);
            $file[$mine]->flush;
            POSIX::_exit(0);
        }
        $pid;
    } 0 .. AT_ONCE - 1;
    for my $n (0 .. $#pids) {
        waitpid $pids[$n], 0;
        die "a client's process left with $?\n" if $?;
        my $got = decode_json(slurp($file[$n]->filename));
        $jobs[$_]{got} = $got->{$_} for keys %$got;
    }
}

sub target {
    my ($trap, $helo) = @_;
    return {address => $trap->address, port => $trap->port(0), port_implicit => $trap->port(1), helo => $helo};
}

my %CLIENT = (
    openssl => sub {
        my ($o, $version, $suite, $names) = @_;
        my $name = $names->{$version}{$suite->{number}} or return {has_not => 1};
        my $got = openssl_connect($o, $version, $name->[1]);
        $got->{saw}{cipher} = $name->[0] if ($got->{saw}{cipher} // '') eq $name->[1];
        return $got;
    },
    nss => sub { nss_connect($_[0], $_[1], $_[2]{number}) },
    gnutls => sub { gnutls_connect(@_) },
);

# What a client must have seen, by the record; version and cipher are those that were offered.
my %SEEN_BY = (
    openssl => sub { my ($r) = @_; +{version => $r->{tls_version}, cipher => $r->{tls_cipher}, group => $r->{tls_group}} },
    nss => sub { my ($r) = @_; +{version => $r->{tls_version}, words => nss_words($r->{tls_cipher} // '', $r->{tls_group})} },
    gnutls => sub { my ($r, $suite) = @_; +{version => $r->{tls_version}, words => $suite->{cipher}, group => $r->{tls_group}} },
);

sub check_cell {
    my ($job, $iana, $record) = @_;
    my $title = "$job->{client}, $job->{version}, $job->{suite}{number} $iana";
    my $got = $job->{got};
    my $wanted = {status => 0, saw => $SEEN_BY{$job->{client}}->($record, $job->{suite}),
        record => ['negotiated', $job->{version}, $iana]};
    is_deeply({status => $got->{status}, saw => $got->{saw},
        record => [@$record{qw(tls_outcome tls_version tls_cipher)}]}, $wanted,
        "$title: accepted, and recorded as the client saw it") or diag $got->{said}, explain $record;
}

# Test each suite that the client has; returns its jobs.
sub run_client {
    my ($trap, $client, $names, @cells) = @_;
    my @jobs = map {
        my ($version, $suite) = @$_;
        my $helo = "$client-$suite->{number}-$version";
        {client => $client, version => $version, suite => $suite, helo => $helo,
            do => sub { $CLIENT{$client}->(target($trap, $helo), $version, $suite, $names) }};
    } @cells;
    together(@jobs);
    my %mine = map { ($_->{helo} => 1) } my @done = grep { !$_->{got}{has_not} } @jobs;
    my %record = map { ($_->{helo} => $_) } eval { $trap->wait_count('session', scalar @done, undef,
        sub { $mine{$_[0]{helo} // ''} }) }, grep { $mine{$_->{helo} // ''} } $trap->records('session');
    for my $job (@done) {
        my $number = $job->{suite}{number};
        check_cell($job, $names->{IANA}{$number} // 'without a name', $record{$job->{helo}} // {});
    }
    my %count;
    $count{$_->{version}}++ for @done;
    note "$client: ", join ', ', map { "$count{$_} suites in $_" } sort keys %count;
    return @jobs;
}

sub matrix {
    my ($trap, %o) = @_;
    my ($suites) = served();
    my $names = all_names();
    my @cells = map { my $v = $_; map { [$v, $_] } grep { has_version($_, $v) } @$suites } @{$o{versions}};
    my %had;
    for my $client (@{$o{clients}}) {
        $had{"$_->{suite}{number} $_->{version}"} = 1 for grep { !$_->{got}{has_not} }
            run_client($trap, $client, $names, @cells);
    }
    my @beyond = grep { !$had{"$_->[1]{number} $_->[0]"} } @cells;
    note scalar(@cells), ' of suites and versions, ', scalar(@beyond), ' of them beyond: ', join ' ', @{$o{clients}};
    run_client($trap, 'gnutls', $names, @beyond) if $o{rest};
    return sort map { "$_->[1]{number} $_->[0]" } @beyond;
}

# ---- groups ----

my %OPENSSL_GROUP = (secp192r1 => 'prime192v1', secp256r1 => 'P-256', secp384r1 => 'P-384', secp521r1 => 'P-521',
    x25519 => 'X25519', x448 => 'X448');

# OpenSSL with each group of the priority string alone; returns "GROUP VERSION" of those it has not.
sub groups {
    my ($trap) = @_;
    my ($suites, $groups) = served();
    my @jobs;
    for my $version ('TLSv1.2', 'TLSv1.3') {
        for my $group (@$groups) {
            my $helo = "group-$group-$version";
            my $cipher = $version eq 'TLSv1.3' ? 'TLS_AES_128_GCM_SHA256'
                : $group =~ /^ffdhe/ ? 'DHE-RSA-AES128-SHA' : 'ECDHE-RSA-AES128-SHA';
            push @jobs, {title => "$version with the group $group", version => $version, group => $group, helo => $helo,
                do => sub { openssl_connect(target($trap, $helo), $version, $cipher,
                    $version eq 'TLSv1.2' && $group =~ /^ffdhe/ ? () : ('-groups', $OPENSSL_GROUP{$group} // $group)) }};
        }
    }
    together(@jobs);
    my @beyond = grep { $_->{got}{said} =~ /no suitable groups/ } @jobs;
    my %beyond = map { ($_->{helo} => 1) } @beyond;
    for my $job (grep { !$beyond{$_->{helo}} } @jobs) {
        my $record = eval { $trap->wait_record('session', sub { ($_[0]{helo} // '') eq $job->{helo} }, $job->{title}) } // {};
        is_deeply([@{$job->{got}{saw}}{qw(version group)}, @$record{qw(tls_version tls_group)}],
            [$job->{version}, $job->{group}, $job->{version}, $job->{group}], "OpenSSL, $job->{title}: recorded as it saw it")
            or diag $job->{got}{said}, explain $record;
    }
    return sort map { "$_->{group} $_->{version}" } @beyond;
}

1;
