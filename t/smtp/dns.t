#!/usr/bin/perl
# dns.t: what real DNS servers say of a client and its sender, in every record.
use strict;
use warnings;
use Test::More;
use Trap qw(wait_for);
use Trap::DNS;
use Trap::Process;

my @missing = Trap::DNS::missing();
plan skip_all => "missing: @missing" if @missing;

my $six = Trap::DNS::reverse_name('::1') =~ s/\.0\.0\.ip6\.arpa$//r;
my $nsd = Trap::DNS->nsd({
    '9.127.in-addr.arpa' => <<'END',
1.8 IN PTR good.example.test.
2.8 IN PTR other.example.test.
3.8 IN PTR gone.example.test.
4.8 IN PTR good.example.test.
4.8 IN PTR other.example.test.
4.8 IN PTR gone.example.test.
4.8 IN PTR six.example.test.
5.8 IN CNAME 5.5-6.example.test.
7.8 IN PTR a\027[1mb\.c\ d.example.test.
8.8 IN MX 10 no.ptr.here.
END
    '0.0.ip6.arpa' => "$six IN PTR six-good.example.test.\n",
    'example.test' => <<'END',
good IN A 127.9.8.1
other IN A 127.9.9.9
six IN AAAA 2001:db8::1
six-good IN AAAA ::1
5.5-6 IN PTR cname.example.test.
cname IN A 127.9.8.5
mx IN A 198.51.100.1
mx IN AAAA 2001:db8::25
inside IN A 10.1.2.3
mixed IN A 198.51.100.1
mixed IN A 127.0.0.1
plain IN A 198.51.100.2
@ IN MX 20 mx
@ IN MX 10 gone
nullmx IN MX 0 .
local IN MX 10 localhost.
private IN MX 10 inside
half IN MX 10 mixed
half IN MX 20 mx
nomx IN TXT "nothing here"
lost IN MX 10 gone
alias IN CNAME nomx
END
});

my $six_here = IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Listen => 1);
# Every server answers at once; on a machine that is slow now and then they are given time.
my $trap = Trap->new(conf => {dns => {server => [$nsd->server], timeout => '20s', 'session-wait' => '60s'}},
    listeners => [{}, $six_here ? {address => '::1'} : ()]);

# ---- reverse names ----

sub facts {
    my ($ip, %o) = @_;
    my $c = $trap->client(local => $ip, %o);
    $c->cmd('EHLO x');
    $c->quit;
    my $s = $trap->session_of($c);
    return {map { exists $s->{$_} ? ($_ => $s->{$_}) : () }
        qw(rdns rdns_verified rdns_inconsistent rdns_noforward dns_unknown)};
}

is_deeply(facts('127.9.8.1'), {rdns => 'verified', rdns_verified => ['good.example.test']},
    'a reverse name with its address is verified');
is_deeply(facts('127.9.8.2'), {rdns => 'inconsistent', rdns_inconsistent => ['other.example.test']},
    'one with another address is inconsistent');
is_deeply(facts('127.9.8.3'), {rdns => 'noforward', rdns_noforward => ['gone.example.test']},
    'one without any is noforward');
is_deeply(facts('127.9.8.4'), {rdns => 'inconsistent', rdns_noforward => ['gone.example.test'],
    rdns_inconsistent => [qw(good.example.test other.example.test six.example.test)]},
    'of many names each is classed, also one that has addresses of the other family only');
is_deeply(facts('127.9.8.6'), {rdns => 'none'}, 'no name: none');
is_deeply(facts('127.9.8.8'), {rdns => 'none'}, 'a name without PTR: none');
is_deeply(facts('127.9.8.5'), {rdns => 'verified', rdns_verified => ['cname.example.test']},
    'an alias of a reverse name (RFC 2317) is followed');
is_deeply(facts('127.9.8.7'), {rdns => 'noforward',
    rdns_noforward => ['a\\027[1mb\\.c\\032d.example.test']},
    'a name with control characters is recorded with them escaped, and not looked up');
is_deeply(facts('127.8.8.8'), {rdns => 'unknown', dns_unknown => ['reverse']},
    'a zone that the server refuses: unknown');
SKIP: {
    skip 'there is no ::1 here', 1 if !$six_here;
    is_deeply(facts('::1', listener => 1),
        {rdns => 'verified', rdns_verified => ['six-good.example.test']}, 'IPv6, by nibbles');
}

# ---- domains ----

sub domains {
    my @senders = @_;
    my $c = $trap->client(local => '127.9.8.1');
    $c->cmd('EHLO x');
    for my $from (@senders) {
        $c->cmd("MAIL FROM:<$from>");
        $c->cmd('RSET');
    }
    $c->quit;
    my $s = $trap->session_of($c);
    return [@{$s->{from_domain} // []}, map { "? $_" } grep { $_ ne 'reverse' } @{$s->{dns_unknown} // []}];
}

for my $case (
    ['example.test', 'resolves:mx', 'an MX with good addresses, though another has none'],
    ['plain.example.test', 'resolves:address', 'no MX, but a good address'],
    ['none.example.test', 'baddom:nxdomain', 'a domain that is not there'],
    ['nomx.example.test', 'baddom:no_address', 'one that has neither MX nor address'],
    ['alias.example.test', 'baddom:no_address', 'the same behind an alias'],
    ['lost.example.test', 'baddom:no_address', 'an MX without an address'],
    ['nullmx.example.test', 'baddom:null_mx', 'a null MX (RFC 7505)'],
    ['local.example.test', 'baddom:localhost_mx', 'an MX that is localhost'],
    ['private.example.test', 'baddom:bad_address', 'an MX within a private network'],
    ['mixed.example.test', 'baddom:bad_address', 'an address that is sane and one that is not'],
    ['half.example.test', 'resolves:mx', 'a bad MX and a good one'],
    ['PLAIN.Example.TEST', 'resolves:address', 'upper case'],
) {
    my ($domain, $fact, $title) = @$case;
    is_deeply(domains("a\@$domain"), [lc($domain) . "=$fact"], $title);
}
is_deeply(domains('a@refused.invalid'), ['? domain refused.invalid'], 'no definite answer: unknown');
is_deeply(domains('', 'a', 'a@[192.0.2.1]', 'a@nodots', 'a@b..example.test', "a\@b\xc3\xbc.test", 'a@192.0.2.1'),
    [], 'what is no domain with a dot is not looked up');
is_deeply(domains('a@example.test', 'b@example.test', 'c@plain.example.test'),
    ['example.test=resolves:mx', 'plain.example.test=resolves:address'],
    'each domain of a session is looked up once');
is_deeply(domains('"x@plain.example.test"@example.test'), ['example.test=resolves:mx'],
    'the domain is what stands behind the last @');

# ---- the message's record ----

# No reply waits for the DNS, so that a quick client's message may come before an answer.
my ($s, @m);
ok(wait_for(30, sub {
    my $c = $trap->client(local => '127.9.8.1');
    $c->cmd('EHLO x');
    $c->send_message(from => $_, data => "x\r\n") for 'a@example.test', 'b@plain.example.test';
    $c->quit;
    $s = $trap->session_of($c);
    @m = $trap->messages_of($s);
    return $m[0]{from_domain} && $m[1]{from_domain} && $m[0]{rdns};
}), 'answers are in the records of messages');
is_deeply([map { [@$_{qw(rdns rdns_verified from_domain)}] } @m],
    [['verified', ['good.example.test'], ['example.test=resolves:mx']],
     ['verified', ['good.example.test'], ['plain.example.test=resolves:address']]],
    'a message has the facts of its client and its own sender');
is($s->{dns_lookups}, 3, 'look-ups are counted');
ok(defined $s->{dns_us} && $s->{dns_us} < 30_000_000, 'and timed');
ok(!exists $m[0]{dns_us}, 'for the session');

# ---- the cache ----

# The status, once it has what the sessions so far have asked for: it is told once a second.
sub status_of_now {
    my ($asked, $table) = (0);
    $asked += $_->{dns_lookups} // 0 for $trap->records('session');
    ok(wait_for(60, sub { $table = $trap->table; $table->{dns_asked} >= $asked }), 'the status has all look-ups')
        or diag "$table->{dns_asked} of $asked";
    return $table;
}
my $before = status_of_now();
facts('127.9.8.4');
my $after = status_of_now();
is($after->{dns_queries}, $before->{dns_queries}, 'what was asked before comes from the cache');
is($after->{dns}, 'up', 'the status says that the DNS is there');
cmp_ok($after->{dns_cache_entries}, '>', 10, 'and counts what is in the cache');
cmp_ok($after->{dns_unknown}, '>', 0, 'and what had no answer');
is($after->{resolvers_lost}, 0, 'no resolver was lost');
is($after->{resolver_pid}, $trap->processes->resolver, 'and shows which process it is');
my ($text) = Trap::Process::run("$Trap::BUILD/smtptrap", '-f', $trap->conf_file, 'status');
like($text, qr/^DNS       up: \d+ look-ups, \d+ of them unknown; \d+ queries$/m, 'a person sees it, too');
$trap->done;

# ---- no DNS ----

my $plain = Trap->new;
my $p = $plain->client;
$p->cmd('EHLO x');
$p->send_message(from => 'a@example.test', data => "x\r\n");
$p->quit;
my $without = $plain->session_of($p);
is_deeply([grep { /^(?:r?dns|dbl|from_domain)/ } sort keys %$without], [],
    'without a server records have no such fields');
is($plain->table->{dns}, 'off', 'and the status says so');
$plain->done;
done_testing;
