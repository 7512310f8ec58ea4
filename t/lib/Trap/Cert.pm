package Trap::Cert;

# Cert.pm: the certificates of the tests: made once in a build folder, used by all.
use strict;
use warnings;
use Fcntl qw(:flock);
use File::Path qw(make_path);

sub folder { "$ENV{TRAP_BUILD}/t/certs" }

sub _make {
    my ($name, @key) = @_;
    my $base = folder() . "/$name";
    return if -s "$base.pem" && -s "$base.key";
    my @command = ('openssl', 'req', '-x509', '-nodes', '-days', 3650, '-subj', '/CN=mx.trap.test',
        '-addext', 'subjectAltName=DNS:mx.trap.test,DNS:localhost', @key,
        '-keyout', "$base.key.new", '-out', "$base.pem.new");
    system("@command >/dev/null 2>&1") == 0 or die "openssl req failed for $name\n";
    chmod 0644, "$base.key.new", "$base.pem.new";
    rename "$base.$_.new", "$base.$_" or die "rename $base.$_: $!" for qw(pem key);
}

# [certificate, key] of the ECDSA and of the RSA certificate, then that of a client by client().
sub pairs {
    make_path(folder());
    open my $lock, '>', folder() . '/lock' or die folder() . "/lock: $!";
    flock $lock, LOCK_EX or die "flock: $!";
    _make('ecdsa', qw(-newkey ec -pkeyopt ec_paramgen_curve:P-256));
    _make('rsa', qw(-newkey rsa:2048));
    return map { [folder() . "/$_.pem", folder() . "/$_.key"] } qw(ecdsa rsa);
}

1;
