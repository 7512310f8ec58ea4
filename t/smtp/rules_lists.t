#!/usr/bin/perl
# rules_lists.t: rules that ask DNS lists, of Debian's rbldnsd: the address in a DNSBL; each name of a
# client in a DBL.  Reverse names come from a server that hands on to rbldnsd what is of lists.
use strict;
use warnings;
use utf8;
use Encode qw(encode_utf8);
use Test::More;
use Trap;
use Trap::DNS;

my @missing = Trap::DNS::missing();
plan skip_all => "missing: @missing" if @missing;

my $lists = Trap::DNS->rbldnsd(
    'bl.test' => {ip4set => ":127.0.0.2:Listed\n127.9.20.1\n"},
    'dbl.test' => {dnset => ":127.0.1.2:Spam domain\n.spam.example\nxn--bcher-kva.example\n"},
);
my ($ip, $port) = split /:/, $lists->server;
my %ptr = (3 => 'a.spam.example', 4 => 'gone.spam.example', 5 => 'a.clean.example');
my %address = ('a.spam.example' => '127.9.20.3', 'a.clean.example' => '127.9.20.5');

# What rbldnsd says to the bytes of a query, asked again where a datagram was lost.
sub ask_lists {
    my ($raw) = @_;
    my $s = IO::Socket::IP->new(PeerHost => $ip, PeerPort => $port, Proto => 'udp') or return;
    for (1 .. 5) {
        $s->send($raw);
        return $raw if IO::Select->new($s)->can_read(1) && defined $s->recv($raw, 65535);
    }
    return;
}

my $server = Trap::DNS->odd(sub {
    my ($q) = @_;
    return ask_lists($q->{raw}) if $q->{name} =~ /bl\.test$/;
    my $name = $q->{name} =~ /^(\d+)\.20\.9\.127\.in-addr\.arpa$/ && $ptr{$1};
    return Trap::DNS::reply($q, answer => ["$q->{name} 300 PTR $name."]) if $name && $q->{type} eq 'PTR';
    return Trap::DNS::reply($q, answer => ["$q->{name} 300 A $address{$q->{name}}"])
        if $address{$q->{name}} && $q->{type} eq 'A';
    return Trap::DNS::reply($q, rcode => 'NXDOMAIN');
});
my $trap = Trap->new(start => 0, tls => 0, conf => {dns => {server => [$server->server], timeout => '20s',
    'session-wait' => '60s'}});
my $text = $trap->conf_text;
$trap->write_conf($text . <<'END');
rules {
	@rcpt reject dnsbl bl.test to dnsbl@
	@rcpt reject dbl host dbl.test to host@
	@rcpt reject dbl helo dbl.test to helo@
	@rcpt reject dbl ehlo dbl.test to ehlo@
	@rcpt reject dbl from dbl.test to from@
	@rcpt reject dbl helo,from dbl.test to two@
	@rcpt reject dbl any dbl.test to any@
	@rcpt reject not dbl any dbl.test to none@
}
END
$trap->start;

# Which of the recipients are refused: the conditions that hold.
sub holds {
    my ($client, $helo, $from) = @_;
    my $c = $trap->client(local => "127.9.20.$client");
    $c->cmd("EHLO $helo");
    is($c->cmd('MAIL FROM:<' . encode_utf8($from) . '> SMTPUTF8'), 250, "MAIL FROM:<$from>");
    my @holds = grep { $c->cmd("RCPT TO:<$_\@d.test>")->text =~ /^550/ } qw(dnsbl host helo ehlo from two any none);
    $c->quit;
    return ("@holds", $trap->session_of($c));
}

my $ok = 'ok.example';
binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;
for my $case (
    [9, $ok, "a\@$ok", 'none', 'nothing is listed'],
    [1, $ok, "a\@$ok", 'dnsbl none', 'the address'],
    [3, $ok, "a\@$ok", 'host any', 'a verified reverse name'],
    [4, $ok, "a\@$ok", 'host any', 'a reverse name that has no address'],
    [5, $ok, "a\@$ok", 'none', 'a reverse name that is not listed'],
    [9, 'x.spam.example', "a\@$ok", 'helo ehlo two any', 'the name of HELO'],
    [9, $ok, 'a@y.spam.example', 'from two any', 'the domain of the sender'],
    [9, $ok, 'a@xn--bcher-kva.example', 'from two any', 'an A-label'],
    [9, $ok, 'a@bücher.example', 'none', 'a U-label is not asked about, so on no list'],
    [9, '[127.9.20.9]', '', 'none', 'neither a literal nor the empty sender'],
    [3, 'x.spam.example', 'a@spam.example', 'host helo ehlo from two any', 'all of them'],
) {
    my ($client, $helo, $from, $want, $what) = @$case;
    my ($holds, $s) = holds($client, $helo, $from);
    is($holds, $want, $what);
    ok(!$s->{dns_unknown}, '  and nothing of it was unknown') or diag "@{$s->{dns_unknown}}";
}
$trap->done;
done_testing;
