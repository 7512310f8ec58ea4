#!/usr/bin/perl
# dns_lists.t: DNSBLs and DBLs, of Debian's rbldnsd: codes, texts, names, addresses of both families.
use strict;
use warnings;
use Test::More;
use Trap qw(wait_for);
use Trap::DNS;

my @missing = Trap::DNS::missing();
plan skip_all => "missing: @missing" if @missing;

my $lists = Trap::DNS->rbldnsd(
    'bl.test' => {
        ip4set => ":127.0.0.2:Listed, see http://bl.test/?\$\n127.9.0.0/24\n:127.0.0.4:This one\n127.9.0.7\n",
        ip6trie => ":127.0.0.6:Listed six\n::1/128\n",
    },
    'other.test' => {ip4set => ":127.0.0.9:Other\n127.9.0.7\n"},
    'refused.test' => {ip4set => ":127.255.255.254:Go away\n127.9.0.0/16\n"},
    'sold.test' => {ip4set => ":198.51.100.9:For sale\n127.9.0.0/16\n"},
    'dbl.test' => {dnset => ":127.0.1.2:Spam domain\nspam.example\n.wild.example\n"},
);
my $six_here = IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Listen => 1);
my @patience = (timeout => '20s', 'session-wait' => '60s');
my $trap = Trap->new(conf => {dns => {server => [$lists->server], @patience, reverse => 'no', sender => 'no',
    dnsbl => [qw(bl.test other.test refused.test sold.test)], dbl => ['DBL.test']}},
    listeners => [{}, $six_here ? {address => '::1'} : ()]);

sub session {
    my ($ip, $helo, $from, %o) = @_;
    my $c = $trap->client(local => $ip, %o);
    $c->cmd("EHLO $helo");
    $c->send_message(from => $from, data => "x\r\n");
    $c->quit;
    return $trap->session_of($c);
}

my $s = session('127.9.0.1', 'clean.example', 'a@clean.example');
is_deeply($s->{dnsbl}, ['bl.test=127.0.0.2'], 'a listing has its zone and code');
is_deeply($s->{dnsbl_txt}, ['bl.test=Listed, see http://bl.test/?127.9.0.1'], 'and its text');
is_deeply($s->{dns_unknown}, ['refused.test'],
    'a code that means refusal is no listing but unknown; a code outside of 127/8 is nothing');
ok(!exists $s->{dbl}, 'a name that is not listed is not recorded');
ok(!exists $s->{rdns}, 'what is not to be looked up is not recorded');

my @m = $trap->messages_of($s);
is($m[0]{mail_from}, 'a@clean.example', 'the message');

$s = session('127.9.0.7', 'SPAM.example', 'a@clean.example');
is_deeply($s->{dnsbl}, ['bl.test=127.0.0.4', 'other.test=127.0.0.9'],
    'each list that has an address is an element');
is_deeply($s->{dbl}, ['dbl.test=127.0.1.2 spam.example'], 'a HELO name that is listed');
is_deeply($s->{dbl_txt}, ['dbl.test=Spam domain'], 'with its text');

$s = session('127.8.0.1', 'x', 'a@sub.wild.example');
ok(!exists $s->{dnsbl}, 'an address on no list');
is_deeply($s->{dbl}, ['dbl.test=127.0.1.2 sub.wild.example'], 'a sender\'s domain that is listed');

$s = session('127.8.0.1', '[127.8.0.1]', 'a@[127.8.0.1]');
is($s->{dns_lookups}, 4, 'address literals are not looked up on lists of names');
$s = session('127.8.0.1', '127.8.0.1', 'a@nodots');
is($s->{dns_lookups}, 4, 'nor addresses, nor names without a dot');

# All of a session's names, and only a message's own with the message.
my $c;
ok(wait_for(30, sub {
    $c = $trap->client(local => '127.8.0.2');
    $c->cmd('EHLO clean.example');
    $c->send_message(from => $_, data => "x\r\n") for 'a@spam.example', 'a@clean.example', 'b@spam.example';
    $c->quit;
    $s = $trap->session_of($c);
    @m = $trap->messages_of($s);
    return $m[2]{dbl}; # no reply waits for the DNS: the answer may come too late
}), 'a listing is in the record of a message');
is_deeply($s->{dbl}, ['dbl.test=127.0.1.2 spam.example'], 'the session has the listed name once');
is_deeply([map { $_->{dbl} } @m[1, 2]], [undef, ['dbl.test=127.0.1.2 spam.example']],
    'a message has that of its own sender');

SKIP: {
    skip 'there is no ::1 here', 2 if !$six_here;
    $s = session('::1', 'x', '', listener => 1);
    is_deeply($s->{dnsbl}, ['bl.test=127.0.0.6'], 'an IPv6 address is looked up by nibbles');
    is_deeply($s->{dnsbl_txt}, ['bl.test=Listed six'], 'with its text');
}

# A PROXY header: the address behind it is the client's.
my $proxied = Trap->new(listeners => [{'proxy-from' => '127.0.0.0/8'}], conf => {dns => {
    server => [$lists->server], @patience, reverse => 'no', dnsbl => 'bl.test'}});
$c = $proxied->client(before => "PROXY TCP4 127.9.0.7 192.0.2.2 1000 25\r\n");
$c->quit;
($s) = $proxied->wait_count('session', 1);
is_deeply($s->{dnsbl}, ['bl.test=127.0.0.4'], 'the address of a PROXY header is looked up');
$proxied->done;
$trap->done;

# More than a session may have.
my $many = Trap->new(conf => {dns => {server => [$lists->server], @patience, sender => 'no', dbl => 'dbl.test'},
    limits => {commands => 1000}});
$c = $many->client;
$c->cmd('EHLO x');
for my $n (1 .. 64) { $c->cmd("MAIL FROM:<a\@n$n.example>"); $c->cmd('RSET') }
$c->quit;
$s = $many->session_of($c);
is($s->{dns_lookups}, 64, 'a session has 64 look-ups');
ok($s->{dns_lookups_cut}, 'and says that more were due');
$many->done;
done_testing;
