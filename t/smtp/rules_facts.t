#!/usr/bin/perl
# rules_facts.t: conditions about what is learnt on the way: of TLS, of the experiment, and from the
# DNS, also where no server answers.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Trap;
use Trap::DNS;

my @missing = Trap::DNS::missing();

sub trap {
    my ($rules, %o) = @_;
    my $trap = Trap->new(%o, start => 0);
    my $text = $trap->conf_text =~ s/^tls \{\n/tls {\n\tprofile tls12 { }\n\tprofile none { }\n/mr;
    $trap->write_conf("${text}rules {\n$rules}\n");
    $trap->start;
    return $trap;
}

# The replies to these commands, and the session's record.
sub talk {
    my ($trap, $ip, @commands) = @_;
    my $c = $trap->client(local => $ip);
    my @replies = map { scalar $c->cmd($_) } @commands;
    $c->quit;
    return ("@replies", $trap->session_of($c));
}

# The reply to MAIL within TLS, and the session's record.
sub over_tls {
    my ($trap, $ip, %ssl) = @_;
    my $c = $trap->client(local => $ip);
    $c->cmd('EHLO x');
    $c->starttls(%ssl);
    $c->cmd('EHLO x');
    my $reply = $c->cmd('MAIL FROM:<a@b.test>');
    $c->quit;
    return ($reply, $trap->session_of($c));
}

# ---- TLS ----

my $trap = trap(<<'END', log => {}, conf => {log => {hello => 'none'}}, listeners => [{}, {tls => 'implicit'}]);
	@connect set ip 127.9.5.1 with tls off
	@connect set ip 127.9.5.2 with tls no-client-cert
	@connect set ip 127.9.5.3 with tls profile tls12
	@connect set ip 127.9.5.4 with tls profile none
	@connect reject ip 127.9.5.5
	@connect reject ip 127.9.5.6 with drop
	@mail reject ip 127.9.6.1 tls 1.2 not tls < 1.2
	@mail reject ip 127.9.6.2 cipher TLS_AES_256_GCM_SHA384
	@mail reject ip 127.9.6.3 sni mx.sni.test
	@mail reject ip 127.9.6.4 ja3 ???????????????????????????????? ja4 t13*
	@mail reject ip 127.9.6.5 tls on
	@mail reject ip 127.9.6.6 sni *
END
my ($reply, $s) = talk($trap, '127.9.5.1', 'EHLO x', 'STARTTLS');
is($reply, '250 502', 'tls off: STARTTLS is not obeyed');
is($s->{tls_outcome}, 'refused_by_rule', 'and the record says why');
($reply, $s) = over_tls($trap, '127.9.5.2');
is($s->{tls_outcome}, 'negotiated', 'tls no-client-cert: TLS goes well');
($reply, $s) = over_tls($trap, '127.9.5.3');
is("$s->{tls_version} $s->{tls_profile}", 'TLSv1.2 tls12', 'tls profile: that one is served');
($reply, $s) = talk($trap, '127.9.5.4', 'EHLO x', 'STARTTLS');
is("$reply $s->{tls_outcome} $s->{tls_profile}", '250 502 refused_by_rule none', 'a profile without TLS');
my $c = $trap->client(listener => 1, local => '127.9.5.1', implicit => 1);
is($c->banner, 220, 'implicit TLS cannot be withheld');
$c->quit;
$c = $trap->client(listener => 1, local => '127.9.5.5', implicit => 1);
is($c->banner, 554, 'a connection that is refused hears so within TLS');
$c->quit;
is($trap->session_of($c)->{tls_outcome}, 'negotiated', 'which is recorded');
$c = $trap->client(listener => 1, local => '127.9.5.6', banner => 0);
ok($c->closed, 'one that is dropped is closed before TLS');
is($trap->session_of($c)->{end_reason}, 'rejected', 'and recorded');
for my $case (
    [1, {SSL_version => 'TLSv1_2'}, 550, 'tls 1.2'],
    [1, {SSL_version => 'TLSv1_3'}, 250, 'tls 1.2, but it is 1.3'],
    [2, {SSL_version => 'TLSv1_3', SSL_ciphersuites => 'TLS_AES_256_GCM_SHA384'}, 550, 'cipher'],
    [3, {SSL_hostname => 'mx.sni.test'}, 550, 'sni'],
    [3, {SSL_hostname => 'other.test'}, 250, 'another sni'],
    [4, {SSL_version => 'TLSv1_3'}, 550, 'ja3 and ja4, though hellos are not recorded'],
    [5, {}, 550, 'tls on'],
    [6, {SSL_hostname => ''}, 250, 'sni, but there is none'],
) {
    ($reply, $s) = over_tls($trap, "127.9.6.$case->[0]", %{$case->[1]});
    is($reply, $case->[2], "condition $case->[3]");
}
($reply) = talk($trap, '127.9.6.5', 'EHLO x', 'MAIL FROM:<a@b.test>');
is($reply, '250 250', 'tls on does not hold in clear');
$trap->done;

# ---- DNS ----

my $dns_rules = <<'END';
	@helo reject host .good.example.test
	@helo reject dns noforward,inconsistent with code 551
	@mail reject dnsbl bl.test with message "Listed" tag listed
	@mail reject dbl helo,from dbl.test with code 552
	@mail reject from-has baddom with code 553
	@rcpt reject to-has baddom with code 551
	@rcpt accept to-has resolves with message "There is such a place"
	@data reject dbl host dbl.test with code 556
	@data stall from-has unknown with message "Unknown"
	@data stall not dnsbl bl.test not host .good.example.test with message "Known"
END

SKIP: {
    skip "missing: @missing", 1 if @missing;
    my $nsd = Trap::DNS->nsd({
        '9.127.in-addr.arpa' => "1.8 IN PTR a.good.example.test.\n2.8 IN PTR gone.example.test.\n"
            . "4.8 IN PTR spam.example.test.\n",
        'example.test' => "\@ IN MX 10 mx\nmx IN A 198.51.100.1\na.good IN A 127.9.8.1\n"
            . "spam IN A 127.9.8.4\nnullmx IN MX 0 .\n",
        'bl.test' => "3.8.9.127 IN A 127.0.0.2\n",
        'dbl.test' => "bad.helo.test IN A 127.0.0.2\nbad.from.test IN A 127.0.0.2\nspam.example.test IN A 127.0.0.2\n",
        'from.test' => "bad IN MX 10 mx.example.test.\n",
    });
    my $trap = trap($dns_rules, conf => {dns => {server => [$nsd->server], timeout => '20s', 'session-wait' => '60s'}});
    my @to = ('RCPT TO:<c@example.test>', 'DATA');
    for my $case (
        ['127.9.8.1', 'a verified reverse name', '550', 'EHLO x'],
        ['127.9.8.2', 'a reverse name without an address', '551', 'EHLO x'],
        ['127.9.8.3', 'an address on a list', '250 550', 'EHLO x', 'MAIL FROM:<a@example.test>'],
        ['127.9.8.9', 'a HELO on a list', '250 552', 'EHLO bad.helo.test', 'MAIL FROM:<a@example.test>'],
        ['127.9.8.9', 'a sender on a list', '250 552', 'EHLO x', 'MAIL FROM:<a@bad.from.test>'],
        ['127.9.8.9', 'a sender\'s domain without mail', '250 553', 'EHLO x', 'MAIL FROM:<a@nullmx.example.test>'],
        ['127.9.8.9', 'a recipient\'s domain without mail', '250 250 551 250', 'EHLO x', 'MAIL FROM:<a@example.test>',
            'RCPT TO:<c@nullmx.example.test>', 'RCPT TO:<c@example.test>'],
        ['127.9.8.4', 'a reverse name on a list', '250 250 250 556', 'EHLO x', 'MAIL FROM:<a@example.test>', @to],
        ['127.9.8.9', 'none of these is known not to be', '250 250 250 451', 'EHLO x', 'MAIL FROM:<a@example.test>', @to],
    ) {
        my ($ip, $what, $want, @commands) = @$case;
        my ($got, $s) = talk($trap, $ip, @commands);
        is($got, $want, $what);
        is("@{$s->{tags} // []}", 'listed', 'with its tag') if $what =~ /address on a list/;
        is(join(' ', sort @{$s->{to_domain} // []}), 'example.test=resolves:mx nullmx.example.test=baddom:null_mx',
            'recipients\' domains are recorded') if $what =~ /recipient/;
    }
    $trap->done;
}

# A server that never answers: what is asked is unknown after a bounded time, and so is its "not".
SKIP: {
    skip "missing: @missing", 1 if @missing;
    my $dead = Trap::DNS->odd(sub { () });
    my $trap = trap($dns_rules, conf => {dns => {server => [$dead->server], timeout => '500ms',
        'session-wait' => '2s'}});
    $trap->expect(qr/resolver/);
    my $c = $trap->client(local => '127.9.8.1');
    my $begin = time;
    my $got = join ' ', map { scalar $c->cmd($_) } 'EHLO x.test.test', 'MAIL FROM:<a@example.test>',
        'RCPT TO:<c@example.test>';
    my $r = $c->cmd('DATA');
    my $took = time - $begin;
    $c->quit;
    is($got, '250 250 250', 'no DNS: neither a condition nor its not holds');
    like($r->text, qr/^451 .*Unknown/, 'but that there is no definite answer');
    cmp_ok($took, '<', 25, sprintf 'the session waits for a bounded time, %.1f s', $took);
    ok($trap->session_of($c)->{dns_unknown}, 'and the record says what was unknown');
    $trap->done;
}
done_testing;
