#!/usr/bin/perl
# arms_change.t: what an experiment keeps over a restart, what SIGHUP may change, and what is refused.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Experiment;
use Trap::File qw(spew);

my $x = Trap::Experiment->new(weights => {legacy => 50, tls12 => 30, none => 20}, profiles => "profile modern { }\n");
my $trap = $x->trap;

# The arms that the trap gives these addresses.
sub arms_of {
    my @clients = map { $trap->client(local => $_) } @_;
    $_->quit for @clients;
    return map { $trap->session_of($_)->{arm} } @clients;
}
my @addresses = map { "127.12.0.$_" } 1 .. 30;
my @before = arms_of(@addresses);
is_deeply(\@before, [map { $x->arms->of($_) } @addresses], 'arms are those of the formula');
is($trap->restart, 0, 'the trap is started anew');
is_deeply([arms_of(@addresses)], \@before, 'and addresses keep their arms');

# ---- SIGHUP ----
# Reload what $x says now; workers of before may still take some clients.
sub reload {
    $x->write_conf;
    $trap->notified;
    my %old = map { $_ => 1 } $trap->processes->workers;
    $trap->hup;
    $trap->wait_notify(qr/^READY=1/m);
    Trap::wait_for(60, sub { !grep { $old{$_} } $trap->processes->workers });
}
$trap->expect(qr/ master: reload: \S+ is in force for new sessions$/);
$x->{weights} = {legacy => 10, none => 20, modern => 70};
reload();
my @after = arms_of(@addresses);
is_deeply(\@after, [map { $x->arms->of($_) } @addresses], 'SIGHUP takes other weights and arms');
isnt("@after", "@before", 'which move addresses');
is($x->openssl('modern', Trap::Experiment::old(), '-tls1')->{session}{tls_failure}, 'no_shared_version',
    'a profile that was there from the start serves its new arm');
$x->{key} = 'another key, another experiment';
reload();
is_deeply([arms_of(@addresses)], [map { $x->arms->of($_) } @addresses], 'SIGHUP takes another key');
$x->{weights} = {tls12 => 1};
reload();
is($x->openssl('tls12')->{session}{tls_version}, 'TLSv1.2', 'an arm that was taken out may come back');
$x->{profiles} = "profile modern { }\nprofile tls12 { client-certificate off offer yes }\n";
reload();
unlike($x->openssl('tls12')->{said}, qr/CertificateRequest/, 'SIGHUP takes another client-certificate');
$x->{profiles} = "profile modern { }\nprofile tls12 { offer no }\n";
reload();
my $c = $trap->client(local => $x->arms->address('tls12'));
unlike(join('|', $c->cmd('EHLO x')->lines), qr/STARTTLS/, 'and another offer');
$c->quit;

# ---- what needs a restart ----
my $stays = qr/ master: reload: tls, its profiles or the certificates of an identity changed, which needs a restart: the old configuration stays$/;
$trap->expect($stays);
$x->{profiles} = "profile modern { }\nprofile tls12 { offer no }\n";
for my $case (['a profile that was not there', {rsa => 1}, ''],
    ['another version', {modern => 1}, "profile modern { minimum tls1.3 }\n"],
    ['other ciphers', {modern => 1}, "profile modern { ciphers all }\n"],
    ['other tickets', {modern => 1}, "profile modern { tickets no }\n"],
    ['other certificates', {modern => 1}, 'profile modern { certificate "' . $trap->dir . '/tls/rsa.pem" key "'
        . $trap->dir . "/tls/rsa.key\" }\n"]) {
    my ($title, $weights, $profiles) = @$case;
    my @lines = grep { $_ =~ $stays } split /\n/, $trap->log_text;
    @$x{qw(weights profiles)} = ($weights, $profiles);
    $x->write_conf;
    $trap->notified;
    $trap->hup;
    $trap->wait_notify(qr/^READY=1/m);
    is(scalar(grep { $_ =~ $stays } split /\n/, $trap->log_text), @lines + 1, "$title: refused until a restart");
}
is_deeply([arms_of('127.12.1.1')], ['tls12'], 'and the old arms stay');
$trap->done;

# ---- refused at the start ----
sub refused {
    my ($title, $expected, %o) = @_;
    my $x = Trap::Experiment->new(weights => {legacy => 1}, start => 0, %o);
    $o{before}->($x) if $o{before};
    $x->trap->spawn;
    my $status = $x->trap->wait_gone(30);
    ok($status, "$title: the trap does not start");
    like($x->trap->log_text, $expected, "$title: and says why");
}
refused('a certificate that has not expired', qr/profile expired: the certificate \S+\/ecdsa\.pem has not expired/,
    before => sub {
        my ($x) = @_;
        my $dir = $x->trap->dir;
        $x->{expired} = "profile expired { certificate \"$dir/tls/ecdsa.pem\" key \"$dir/tls/ecdsa.key\" }\n";
        $x->write_conf;
    });
refused('no RSA key for rsa', qr/profile rsa: there is no certificate with a key of its type/, before => sub {
    my ($x) = @_;
    my $dir = $x->trap->dir;
    $x->{profiles} = "profile rsa { certificate \"$dir/tls/ecdsa.pem\" key \"$dir/tls/ecdsa.key\" }\n";
    $x->write_conf;
});
refused('one key for two', qr/the key \S+ecdsa\.key cannot belong to both certificates \S+ and \S+rsa\.pem/, before => sub {
    my ($x) = @_;
    my $dir = $x->trap->dir;
    $x->{profiles} = "profile p { certificate \"$dir/tls/rsa.pem\" key \"$dir/tls/ecdsa.key\" }\n";
    $x->write_conf;
});

# ---- smtptrapd -n ----
my $wrong = Trap::Experiment->new(weights => {legacy => 1}, start => 0);
my $dir = $wrong->trap->dir;
spew("$dir/wrong.conf", <<"EOT");
listen { address 127.0.0.1  port 25 }
tls {
	certificate "$dir/tls/ecdsa.pem"  key "$dir/tls/ecdsa.key"
	profile slow { }
	profile slow { }
	experiment {
		arm lgacy { weight 1 }
		arm modern { weight 0 }
		arm rsa { weight 99999999 }
		arm rsa { weight 1 }
	}
}
EOT
my ($out, $err, $status) = Trap::Process::run("$Trap::BUILD/smtptrapd", '-n', '-f', "$dir/wrong.conf");
isnt($status, 0, 'smtptrapd -n refuses a wrong experiment');
is($err =~ s/\Q$dir\E\///gr, <<'EOT', 'and names each fault with file and line in one run');
wrong.conf:8:23: weight must be 1 to 1000000, near "0"
wrong.conf:9:20: weight must be 1 to 1000000, near "99999999"
wrong.conf:10:7: this arm is here twice, first at wrong.conf:9, near "rsa"
wrong.conf:6:2: experiment needs key, near "experiment"
wrong.conf:5:10: this profile is here twice, first at wrong.conf:4, near "slow"
wrong.conf:7:7: the arm lgacy names a profile that is not there, near "lgacy" (did you mean "legacy"?)
smtptrapd: wrong.conf: 6 errors
EOT
done_testing;
