#!/usr/bin/perl
# identity_tls.t: which certificate a client gets: by the address it reached, by the server name it
# asked for (SNI), and beside an experiment.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use MIME::Base64 qw(decode_base64);
use Test::More;
use Trap;
use Trap::Experiment;
use Trap::File qw(slurp);

my $here = sprintf '127.204.%d.%d', $$ >> 8 & 255, $$ & 255;
my %weights = map { $_ => 10 } qw(legacy modern expired rsa none);
my $x = Trap::Experiment->new(start => 0, weights => \%weights, new => {listeners => [
    {name => 'plain', experiment => 'no'}, {name => 'here', address => $here, experiment => 'no'},
    {name => 'arms'}, {name => 'arms-here', address => $here}, {name => 'tls', tls => 'implicit',
        address => $here, experiment => 'no'}]});
my $trap = $x->trap;
my $dir = $trap->dir . '/tls';

# ---- certificates ----
my %sha; # the fingerprint of each file
sub make {
    my ($name, $key, $names) = @_;
    my @key = $key eq 'rsa' ? qw(-newkey rsa:2048) : qw(-newkey ec -pkeyopt ec_paramgen_curve:P-256);
    my ($out, $err, $status) = Trap::Process::run('openssl', 'req', '-x509', '-nodes', '-days', 30,
        '-subj', "/CN=$name", $names ? ('-addext', 'subjectAltName=' . join ',', map { "DNS:$_" } @$names) : (),
        @key, '-keyout', "$dir/$name.key", '-out', "$dir/$name.pem");
    die "openssl: $err" if $status != 0;
    chmod 0644, "$dir/$name.key";
}
make('a-ecdsa', 'ec', ['a.example']);
make('a-rsa', 'rsa', ['a.example']);
make('b-ecdsa', 'ec', ['b.example']);
make('c-rsa', 'rsa', ['c.example', '*.wild.example']);
make('cn.example', 'ec');
sub leaf_sha { return $_[0] =~ /-----BEGIN CERTIFICATE-----\n(.*?)-----END/s ? sha256_hex(decode_base64($1)) : 'none' }
for my $file (glob "$dir/*.pem") {
    $sha{leaf_sha(slurp($file))} = $file =~ s/.*\/(.*)\.pem/$1/r;
}
my $base = slurp($trap->conf_file);
my $more = join '', map { qq(certificate "$dir/$_.pem" key "$dir/$_.key"\n) } qw(b-ecdsa c-rsa cn.example);
$base =~ s/(\tkey [^\n]*rsa\.key"?\n)(?!.*\tkey )/$1$more/s or die 'no certificates';
sub conf {
    my (%o) = @_;
    my @files = @{$o{files} // ['a-ecdsa', 'a-rsa']};
    return $base . "identity { name @{[$o{name} // 'here']} local $here hostname @{[$o{host} // 'a.example']}\n"
        . join('', map { qq(certificate "$dir/$_.pem" key "$dir/$_.key"\n) } @files) . "}\n";
}
$trap->write_conf(conf());
$trap->start;

# The certificate that openssl got, which is also what the record says.
my $next = 0;
sub certificate {
    my ($title, $expected, $listener, @options) = @_;
    my $ip = '127.11.' . int(++$next / 250) . '.' . ($next % 250 + 1);
    my $r = $x->openssl(undef, {ip => $ip, listener => $listener, implicit => $listener == 4}, @options);
    is($sha{leaf_sha($r->{said})} // 'unknown', $expected, $title) or diag $r->{said};
    is($sha{$r->{session}{tls_certificate} // ''} // 'none', $expected, "$title: which the record says");
    return $r;
}
my @rsa = qw(-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256 -sigalgs RSA+SHA256);
my @rsa13 = qw(-tls1_3 -sigalgs RSA-PSS+SHA256);

# ---- by SNI ----
for my $version (['TLS 1.2', '-tls1_2'], ['TLS 1.3', '-tls1_3']) {
    my ($v, $option) = @$version;
    certificate("$v: without SNI the first one", 'ecdsa', 0, $option, '-noservername');
    certificate("$v: a name of the first", 'ecdsa', 0, $option, -servername => 'mx.trap.test');
    certificate("$v: another's name, same type of key", 'b-ecdsa', 0, $option, -servername => 'b.example');
    certificate("$v: in other letters", 'b-ecdsa', 0, $option, -servername => 'B.Example');
    certificate("$v: a name that only has RSA", 'c-rsa', 0, $option, -servername => 'c.example');
    certificate("$v: a wildcard", 'c-rsa', 0, $option, -servername => 'x.wild.example');
    certificate("$v: a wildcard is one label", 'ecdsa', 0, $option, -servername => 'x.y.wild.example');
    certificate("$v: a common name, without others", 'cn.example', 0, $option, -servername => 'cn.example');
    certificate("$v: an unknown name", 'ecdsa', 0, $option, -servername => 'unknown.example');
}
my $r = certificate('a client of RSA alone', 'rsa', 0, @rsa, '-noservername');
is($r->{session}{identity}, undef, 'no identity is recorded where none holds');
certificate('a client of RSA alone, and a name without', 'rsa', 0, @rsa, -servername => 'b.example');
certificate('the same under TLS 1.3', 'rsa', 0, @rsa13, -servername => 'b.example');
certificate('a client of RSA alone, and a name with', 'c-rsa', 0, @rsa, -servername => 'c.example');
$r = $x->openssl(undef, {ip => '127.11.9.1'}, qw(-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256 -servername c.example));
is($r->{session}{tls_outcome}, 'failed', 'a client of ECDSA alone, and a name without, is refused');

# ---- by identity ----
$r = certificate("an identity's certificate", 'a-ecdsa', 1, '-noservername');
is($r->{session}{identity}, 'here', 'with its name in the record');
certificate("its RSA certificate", 'a-rsa', 1, @rsa, '-noservername');
certificate("a name of the tls block's is none of it", 'a-ecdsa', 1, -servername => 'c.example');
certificate('implicit TLS', 'a-ecdsa', 4, '-noservername');

# ---- a certificate that is refused, a session that is resumed ----
$r = $x->openssl(undef, {ip => '127.11.9.2', listener => 1}, qw(-tls1_2 -verify_return_error));
is_deeply([$r->{session}{tls_outcome}, $sha{$r->{session}{tls_certificate} // ''}], ['failed', 'a-ecdsa'],
    'the record of a handshake that failed says which certificate was refused');
my $ticket = $trap->dir . '/ticket';
$r = $x->openssl(undef, {ip => '127.11.9.3', listener => 1}, qw(-tls1_2 -sess_out), $ticket);
is($r->{session}{tls_resumed} ? 1 : 0, 0, 'a first session');
$r = $x->openssl(undef, {ip => '127.11.9.4', listener => 1}, qw(-tls1_2 -sess_in), $ticket);
is_deeply([$r->{session}{tls_resumed} ? 1 : 0, $r->{session}{tls_certificate}], [1, undef],
    'is resumed at the same identity, and no certificate is sent');
$r = $x->openssl(undef, {ip => '127.11.9.5', listener => 0}, qw(-tls1_2 -sess_in), $ticket);
is_deeply([$r->{session}{tls_resumed} ? 1 : 0, $sha{$r->{session}{tls_certificate} // ''}], [0, 'ecdsa'],
    'and not elsewhere');

# ---- beside an experiment ----
my %arms = (legacy => ['ecdsa', 'a-ecdsa'], modern => ['ecdsa', 'a-ecdsa'], rsa => ['rsa', 'a-rsa'],
    expired => ['expired-ecdsa', 'expired-ecdsa']);
for my $arm (sort keys %arms) {
    for my $listener (2, 3) {
        my $r = $x->openssl($arm, {listener => $listener}, '-noservername');
        my $s = $r->{session};
        is_deeply([@$s{qw(arm tls_profile identity)}, $sha{$s->{tls_certificate} // ''}],
            [$arm, $arm, $listener == 3 ? 'here' : undef, $arms{$arm}[$listener - 2]],
            "$arm at listener $listener: the same arm and profile, certificates of the identity");
    }
}
my $ip = $x->arms->address('modern');
$r = $x->openssl(undef, {ip => $ip, listener => 3}, '-tls1', '-cipher', 'ALL:@SECLEVEL=0');
is_deeply([@{$r->{session}}{qw(tls_outcome tls_failure)}], ['failed', 'no_shared_version'],
    'and its profile decides the versions there');
my $c = $trap->client(listener => 3, local => $x->arms->address('none'));
unlike($c->cmd('EHLO x')->text, qr/STARTTLS/, 'or that there is no TLS');
$c->quit;

# ---- SIGHUP ----
$trap->write_conf(conf(host => 'new.example'));
$trap->expect(qr/ master: reload: /, qr/ master: configuration /);
$trap->hup;
ok(Trap::wait_for(30, sub { my $n = $trap->client(listener => 1); my $t = $n->banner->text; $n->quit; $t =~ /new\.example/ }),
    'SIGHUP takes another host name of an identity with certificates');
my $stays = qr/reload: tls, its profiles or the certificates of an identity changed, which needs a restart: the old configuration stays/;
for my $case (['other certificates', files => ['b-ecdsa', 'a-rsa']], ['another name', name => 'other']) {
    my ($title, %o) = @$case;
    my $before = () = $trap->log_text =~ /$stays/g;
    $trap->write_conf(conf(%o));
    $trap->hup;
    ok(Trap::wait_for(30, sub { my $now = () = $trap->log_text =~ /$stays/g; $now > $before }), "$title need a restart");
}
certificate('until then the old ones are served', 'a-ecdsa', 1, '-noservername');
$trap->done;

# ---- a start that fails ----
$trap->write_conf(conf(files => ['a-ecdsa']) =~ s/experiment \{/profile rsa { }\nexperiment {/r);
$trap->spawn;
isnt($trap->wait_gone, 0, 'an identity without the keys that a profile asks for: the trap does not start');
like($trap->log_text, qr/profile rsa\@here: there is no certificate with a key of its type/, 'and says why');
done_testing;
