#!/usr/bin/perl
# check.t: smtptrapd -n finds what a restart would fail at, certificates and keys included; and what
# cannot start says what to do.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;
use Trap;
use Trap::Cert;
use Trap::Process;

my $dir = tempdir(CLEANUP => 1);
chmod 0755, $dir;
my ($ecdsa, $rsa) = Trap::Cert::pairs();
copy($ecdsa->[0], "$dir/ecdsa.pem") && copy($ecdsa->[1], "$dir/ecdsa.key") && copy($rsa->[0], "$dir/rsa.pem")
    && copy($rsa->[1], "$dir/rsa.key") or die "copy: $!\n";
mkdir "$dir/log" or die "$!";
open my $f, '>', "$dir/text.pem" or die "$!";
print $f "no certificate\n";
close $f or die "$!";

# Run it on this configuration; returns what it printed and its status.
sub smtptrapd {
    my ($text, $options, @prefix) = @_;
    open my $conf, '>', "$dir/conf" or die "$!";
    print $conf "run-directory \"$dir/run\"\nlog { directory \"$dir/log\" reserve 1m }\n$text\n";
    close $conf or die "$!";
    my ($out, $err, $status) = Trap::Process::run(@prefix, "$Trap::BUILD/smtptrapd", @$options, '-f', "$dir/conf");
    return ($out, $err, $status >> 8);
}

my $listen = 'listen { address ' . $Trap::ADDRESS . ' port 2525 }';
my $good = "$listen\ntls { certificate \"ecdsa.pem\" key \"ecdsa.key\" certificate \"rsa.pem\" key \"rsa.key\" }";
is_deeply([smtptrapd($good, ['-n'])], ["$dir/conf: ok\n", '', 0], 'certificates with their keys are right');
is_deeply([smtptrapd($listen, ['-n'])], ["$dir/conf: ok\n", '', 0], 'so are none');

for (
    ['a certificate that is not there', 'tls { certificate "none.pem" key "ecdsa.key" }', qr/cannot read the certificate \S+\/none\.pem: No such file/],
    ['a certificate that is none', 'tls { certificate "text.pem" key "ecdsa.key" }', qr/cannot use the certificate \S+\/text\.pem: /],
    ['a key that is not there', 'tls { certificate "ecdsa.pem" key "none.key" }', qr/cannot open the key \S+\/none\.key: No such file/],
    ['a key that is none', 'tls { certificate "ecdsa.pem" key "text.pem" }', qr/cannot use the key \S+\/text\.pem: /],
    ['the key of another certificate', 'tls { certificate "ecdsa.pem" key "rsa.key" }', qr/the key \S+\/rsa\.key does not belong to the certificate \S+\/ecdsa\.pem/],
    ['that of a profile', 'tls { certificate "ecdsa.pem" key "ecdsa.key" profile p { certificate "rsa.pem" key "none.key" }'
        . ' experiment { key "0123456789abcdef" arm p { weight 1 } } }', qr/none\.key/],
    ['that of an identity', 'tls { certificate "ecdsa.pem" key "ecdsa.key" }'
        . "\nidentity { hostname other.test certificate \"rsa.pem\" key \"ecdsa.key\" }", qr/rsa\.pem|ecdsa\.key/],
) {
    my ($name, $tls, $want) = @$_;
    my ($out, $err, $status) = smtptrapd("$listen\n$tls", ['-n']);
    is_deeply([$out, $status], ['', 1], "-n refuses $name");
    like($err, $want, 'and names it');
}
SKIP: {
    skip 'needs root', 2 if $> != 0;
    chmod 0600, "$dir/rsa.key";
    my ($out, $err, $status) = smtptrapd($good, ['-n'], qw(setpriv --reuid nobody --regid nogroup --clear-groups));
    is_deeply([$out, $status], ["$dir/conf: ok\n", 0], 'who may not read keys can check the rest');
    is($err, "smtptrapd: $dir/rsa.key: Permission denied: certificates and keys are not checked; root can\n", 'and is told so');
}

# ---- what cannot start ----

my @user = $> == 0 ? qw(setpriv --reuid nobody --regid nogroup --clear-groups) : ();
rmdir "$dir/log";
my (undef, $err, $status) = smtptrapd($listen =~ s/2525/1024/r, [], @user);
is($status, 1, 'without a log directory it does not start');
like($err, qr/log directory \Q$dir\E\/log: No such file or directory \(make it, and give it to who writes there\)$/m, 'and says what to do');
mkdir "$dir/log" or die "$!";
SKIP: {
    skip 'needs root', 3 if $> != 0;
    (undef, $err, $status) = smtptrapd($listen, [], @user);
    like($err, qr/must belong to user id (\d+), who writes there \(chown \1 \Q$dir\E\/log\)$/m, 'so where that belongs to somebody else');
    my $low = do { open my $p, '<', '/proc/sys/net/ipv4/ip_unprivileged_port_start' or die "$!"; <$p> };
    skip 'any user may have low ports here', 1 if $low <= 25;
    (undef, $err) = smtptrapd($listen =~ s/2525/25/r, [], @user);
    like($err, qr/bind: Permission denied \(ports below 1024 are for root\)$/m, 'and where the port is a low one');
    (undef, $err) = smtptrapd("log-user nosuchuser\n$listen", []);
    like($err, qr/user "nosuchuser": no such user \(systemd-sysusers makes/, 'and where a user is missing');
}
my $other = IO::Socket::INET->new(LocalAddr => $Trap::ADDRESS, Listen => 1) or die "$!";
my $taken = "listen { address $Trap::ADDRESS port " . $other->sockport . ' }';
(undef, $err, $status) = smtptrapd($taken, [], @user);
like($err, qr/the address is in use.*\n.*bind: Address already in use \(`ss -ltnp` shows who listens there\)$/m, 'and where another program listens');

# ---- help ----

my ($help) = Trap::Process::run("$Trap::BUILD/smtptrapd", '--help');
like($help, qr/\Ausage: smtptrapd .*manual: smtptrapd\(8\)/s, '--help helps');
is((Trap::Process::run("$Trap::BUILD/smtptrapd", '-h'))[0], $help, 'so does -h');
my ($version) = Trap::Process::run("$Trap::BUILD/smtptrapd", '--version');
like($version, qr/^smtptrapd [0-9.]+ \(GnuTLS /, '--version tells the version');
done_testing;
