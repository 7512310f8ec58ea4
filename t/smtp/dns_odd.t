#!/usr/bin/perl
# dns_odd.t: servers that lie, break the protocol, are slow, or say too much: what is recorded is
# right or unknown, and never a raw control byte.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Trap;
use Trap::DNS;

my @missing = Trap::DNS::missing();
plan skip_all => "missing: @missing" if @missing;

# What becomes of a query, by the last octet of the client's address.
my %odd = (
    good => sub { my ($q) = @_; Trap::DNS::reply($q, answer => ["$q->{name} 300 PTR Good.Test."]) },
    wrong_id => sub {
        my ($q) = @_;
        my $r = Trap::DNS::reply($q, answer => ["$q->{name} 300 PTR wrong.test."]);
        $r->header->id($q->{id} ^ 1);
        return $r;
    },
    wrong_question => sub {
        my ($q) = @_;
        my $r = Trap::DNS::reply($q, answer => ["$q->{name} 300 PTR wrong.test."]);
        my $bytes = $r->data;
        substr($bytes, 13, 1) = chr(ord(substr $bytes, 13, 1) ^ 1); # in the first label
        return $bytes;
    },
    other_owner => sub { my ($q) = @_; Trap::DNS::reply($q, answer => ['evil.test 300 PTR good.test.']) },
    nxdomain_data => sub {
        my ($q) = @_;
        return Trap::DNS::reply($q, rcode => 'NXDOMAIN', answer => ["$q->{name} 300 PTR good.test."]);
    },
    loop => sub {
        my ($q) = @_;
        return Trap::DNS::reply($q, answer => ["$q->{name} 300 CNAME a.loop.test.",
            'a.loop.test. 300 CNAME b.loop.test.', 'b.loop.test. 300 CNAME a.loop.test.']);
    },
    garbage => sub { my ($q) = @_; return pack('n', $q->{id}) . "\xff" x 300 },
    cut => sub {
        my ($q) = @_;
        return substr Trap::DNS::reply($q, answer => ["$q->{name} 300 PTR good.test."])->data, 0, -4;
    },
    servfail => sub { my ($q) = @_; Trap::DNS::reply($q, rcode => 'SERVFAIL') },
    refused => sub { my ($q) = @_; Trap::DNS::reply($q, rcode => 'REFUSED') },
    control => sub {
        my ($q) = @_;
        my $bytes = Trap::DNS::reply($q, answer => ["$q->{name} 300 PTR xxxxxxxx.test."])->data;
        $bytes =~ s/xxxxxxxx/\x1b[31m\x00\xff\n/;
        return $bytes;
    },
    many => sub {
        my ($q, $proto) = @_;
        my $r = Trap::DNS::reply($q, answer => [map { "$q->{name} 300 PTR n$_.many.test." } 1 .. 500]);
        return $r if $proto eq 'tcp';
        my $cut = Trap::DNS::reply($q);
        $cut->header->tc(1);
        return $cut;
    },
    no_edns => sub {
        my ($q) = @_;
        return Trap::DNS::reply($q, answer => ["$q->{name} 300 PTR good.test."])
            if !grep { $_->type eq 'OPT' } $q->{packet}->additional;
        my $r = Net::DNS::Packet->new($q->{name}, $q->{type});
        $r->header->id($q->{id});
        $r->header->qr(1);
        $r->header->rcode('FORMERR');
        return $r;
    },
    slow => sub { my ($q) = @_; (\0.4, Trap::DNS::reply($q, answer => ["$q->{name} 300 PTR good.test."])) },
    never => sub { () },
    twice => sub {
        my ($q) = @_;
        my $r = Trap::DNS::reply($q, answer => ["$q->{name} 300 PTR good.test."]);
        return ($r, $r);
    },
    nobody => sub { return },
);
my @names = sort keys %odd;
my %number = map { $names[$_] => $_ + 1 } 0 .. $#names;

my $dns = Trap::DNS->odd(sub {
    my ($q, $proto) = @_;
    if ($q->{type} eq 'PTR' && $q->{name} =~ /^(\d+)\./) { return $odd{$names[$1 - 1]}->($q, $proto) }
    if ($q->{name} =~ /\.bl\.test$/) {
        return Trap::DNS::reply($q, answer => [map { "$q->{name} 300 A 127.0.0.$_" } 2 .. 40])
            if $q->{type} eq 'A';
        my @texts = map { Net::DNS::RR->new(name => $q->{name}, type => 'TXT', ttl => 9,
            txtdata => ['MARKERMARK', ('x' x 255) x 20]) } 1 .. 10;
        my $r = Trap::DNS::reply($q, answer => \@texts)->data;
        $r =~ s/MARKERMARK/\x1b]0;ti\x07\x00\n\xfe/g;
        return $r if $proto eq 'tcp';
        my $cut = Trap::DNS::reply($q);
        $cut->header->tc(1);
        return $cut;
    }
    return Trap::DNS::reply($q, answer => ["$q->{name} 300 A 127.77.0.$number{good}",
        map { "$q->{name} 300 A 127.77.0.$number{$_}" } @names]) if $q->{name} =~ /^(?:good|n\d+\.many)\.test$/ && $q->{type} eq 'A';
    return Trap::DNS::reply($q, rcode => 'NXDOMAIN');
});
my $trap = Trap->new(conf => {dns => {server => [$dns->server], timeout => '6s', 'session-wait' => '10s'}});

sub facts {
    my ($case) = @_;
    my $began = time;
    my $c = $trap->client(local => "127.77.0.$number{$case}");
    $c->quit;
    cmp_ok(time - $began, '<', 5, "$case: the client does not wait"); # for the 6 s that an answer may take
    my $s = $trap->session_of($c);
    return {map { exists $s->{$_} ? ($_ => $s->{$_}) : () }
        qw(rdns rdns_verified rdns_inconsistent rdns_noforward dns_unknown rdns_noforward_hex)};
}

my $unknown = {rdns => 'unknown', dns_unknown => ['reverse']};
my $good = {rdns => 'verified', rdns_verified => ['good.test']};

is_deeply(facts('good'), {rdns => 'verified', rdns_verified => ['Good.Test']}, 'an honest answer, as it is written');
is_deeply(facts('twice'), $good, 'the same answer twice');
is_deeply(facts('slow'), $good, 'a slow one');
is_deeply(facts('no_edns'), $good, 'a server that does not understand EDNS is asked without');
is_deeply(facts('other_owner'), {rdns => 'none'}, 'a record of another name does not count');
is_deeply(facts('nxdomain_data'), $unknown, 'NXDOMAIN with data is unknown');
is_deeply(facts('loop'), $unknown, 'a loop of aliases is unknown');
is_deeply(facts('servfail'), $unknown, 'SERVFAIL is unknown');
is_deeply(facts('refused'), $unknown, 'REFUSED is unknown');
is_deeply(facts('wrong_id'), $unknown, 'an answer with another number is not taken');
is_deeply(facts('wrong_question'), $unknown, 'nor one to another question');
is_deeply(facts('garbage'), $unknown, 'nor bytes that are no message');
is_deeply(facts('cut'), $unknown, 'a message that is cut is unknown');
is_deeply(facts('never'), $unknown, 'no answer is unknown');
my $control = facts('control');
is_deeply($control, {rdns => 'noforward', rdns_noforward => ['\\027[31m\\000\\255\\010.test']},
    'a name with control characters is recorded escaped');
my $many = facts('many');
is($many->{rdns}, 'verified', 'an answer too long for a datagram comes by TCP');
is(scalar(map { @$_ } grep { ref } @$many{qw(rdns_verified rdns_inconsistent rdns_noforward)}), 8,
    'of five hundred names eight are looked up');

# ---- lists ----

my $listed = Trap->new(conf => {dns => {server => [$dns->server], timeout => '20s', 'session-wait' => '60s', reverse => 'no', dnsbl => 'bl.test'}});
my $c = $listed->client(local => '127.77.0.1');
$c->quit;
my $s = $listed->session_of($c);
is_deeply($s->{dnsbl}, [map { "bl.test=127.0.0.$_" } 2 .. 9], 'of many codes eight are recorded');
is(scalar @{$s->{dnsbl_txt}}, 4, 'of many texts four');
like($s->{dnsbl_txt}[0], qr/^bl\.test=\x1b\]0;ti\x07\x{fffd}\n\x{fffd}x+$/, 'control characters and bytes are there');
is(length pack('H*', $s->{dnsbl_txt_hex}[0]), 512 + length 'bl.test=', 'of a text the first 512 bytes');
my ($raw) = Trap::Process::run("$Trap::BUILD/smtptrap", '-d', $listed->logs, 'cat', '--stream', 'session');
unlike($raw, qr/[\x00-\x09\x0b-\x1f\x7f]/, 'and escaped in the log');
$listed->done;
$trap->done;
done_testing;
