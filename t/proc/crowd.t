#!/usr/bin/perl
# crowd.t: an address, or an IPv6 /64, has so many sessions at once and no more; the others are served
# meanwhile, and what was refused is recorded and counted.
use strict;
use warnings;
use IO::Socket::IP;
use JSON::PP qw(decode_json);
use Test::More;
use Trap qw(wait_for wait_for_new_workers);
use Trap::Process;

sub trap_with {
    my ($most, %o) = @_;
    my $conf = delete $o{conf} // {};
    return Trap->new(tls => 0, %o, conf => {%$conf, workers => {'max-per-address' => $most, %{$conf->{workers} // {}}}});
}

sub code { my ($c) = @_; return '' . ($c->banner // '') }

sub in_session {
    my ($trap) = @_;
    my ($out) = Trap::Process::run("$Trap::BUILD/smtptrap", '-f', $trap->conf_file, 'status', '--json');
    return decode_json($out)->{workers_in_session};
}

# How a client of this address is greeted, and let go.
sub greeted {
    my ($trap, @options) = @_;
    my $c = $trap->client(@options);
    my $code = code($c);
    $c->quit if $code eq '220';
    $c->close;
    return $code;
}

# ---- one address takes what it can ----
{
    my $trap = trap_with(32, conf => {yakkers => {count => 3}, workers => {max => 64}});
    my @crowd = map { $trap->client(local => '127.40.0.1') } 1 .. 70;
    my @served = grep { code($_) eq '220' } @crowd;
    my @refused = grep { code($_) eq '421' } @crowd;
    is_deeply([scalar @served, scalar @refused], [32, 38], 'of 70 connections of one address 32 are served, the others refused');
    is_deeply([map { code($_) } @crowd[0 .. 31]], [map { code($_) } @served], 'those who came first are served');
    is($refused[0]->banner->text =~ s/\s+\z//r, '421 4.7.0 mx.trap.test Too many connections', 'the others are told why');
    is((scalar grep { $_->closed } @refused), 38, 'and let go');
    is(greeted($trap, local => "127.40.1.$_"), '220', 'another address is served meanwhile') for 1 .. 3;
    is($_->cmd('NOOP'), 250, 'a session that was there goes on') for @served[0, 31];

    my $s = $trap->session_of($refused[0]);
    is_deeply([@$s{qw(client_ip end_reason phase tls_outcome commands listener)}],
        ['127.40.0.1', 'too_many_sessions', 'connect', 'not_offered', 0, $trap->address . ':' . $trap->port],
        'the record of one that was refused says so');
    is_deeply([map { $_->{text} } @{$s->{dialogue}}],
        ['too many sessions of this address', '421 4.7.0 mx.trap.test Too many connections'], 'with what it was told');
    my $name = 'smtptrap_session_ends_total{end_reason="too_many_sessions"}';
    ok(wait_for(60, sub {
        my ($text) = Trap::Process::run("$Trap::BUILD/smtptrap", '-f', $trap->conf_file, 'metrics');
        return $text =~ /^\Q$name\E 38$/m;
    }), 'all of them are counted');

    (shift @served)->quit;
    my $next;
    ok(wait_for(60, sub { $next = $trap->client(local => '127.40.0.1'); code($next) eq '220' }),
        'when one of its sessions is over the address has another, and is held to be no yakker');
    is(greeted($trap, local => '127.40.0.1'), '421', 'but no more than that');
    $_->quit for $next, @served;
    $trap->wait_count('session', 70 + 3);

    my @burst = map { $trap->client(local => '127.40.0.2', banner => 0) } 1 .. 60;
    my $n = grep { $_->reply == 220 } @burst;
    ok($n >= 32 && $n <= 36, "of those that come at the same moment not all are refused: $n of 60 are served");
    $trap->done;
}

# ---- all listeners together; TLS that begins with the connection ----
{
    my $trap = trap_with(1, tls => 1, listeners => [{name => 'plain'}, {name => 'implicit', tls => 'implicit'}]);
    my $held = $trap->client(local => '127.41.0.1', listener => 1, implicit => 1);
    is(code($held), '220', 'the first is served');
    my $c = $trap->client(local => '127.41.0.1', listener => 1, banner => 0);
    is($c->drain, '', 'where TLS begins with the connection one more is closed without a word');
    my $s = $trap->session_of($c);
    is_deeply([@$s{qw(end_reason phase tls_outcome listener)}], ['too_many_sessions', 'connect', 'not_offered', 'implicit'],
        'and recorded');
    is_deeply([map { $_->{text} } @{$s->{dialogue}}], ['too many sessions of this address'], 'its dialogue says why');
    is(greeted($trap, local => '127.41.0.1'), '421', 'sessions of all listeners count together');
    is(greeted($trap, local => '127.41.0.2', listener => 1, implicit => 1), '220', 'another address has TLS');
    $held->quit;
    $trap->done;
}

# ---- nobody waits for what comes before a banner ----
{
    my $trap = trap_with(1, conf => {smtp => {'banner-delay' => '5m'}});
    my $held = $trap->client(local => '127.42.0.1', banner => 0);
    ok(wait_for(60, sub { in_session($trap) == 1 }), 'a client waits for its banner');
    is(code($trap->client(local => '127.42.0.1')), '421', 'it counts; who is refused');
    ok(!$held->readable(0), 'does not wait so long');
    $held->close;
    $trap->done;
}

# ---- behind a proxy ----
{
    my $trap = trap_with(2, listeners => [{'proxy-from' => '127.43.0.0/16'}]);
    my $of = sub {
        my ($ip) = @_;
        my $family = $ip =~ /:/ ? 'TCP6 %s 2001:db8::25' : 'TCP4 %s 192.0.2.25';
        return (local => '127.43.0.1', before => sprintf "PROXY $family 4711 25\r\n", $ip);
    };
    my @held = map { $trap->client($of->($_)) } '192.0.2.1', '192.0.2.1', '192.0.2.2';
    is_deeply([map { code($_) } @held], [220, 220, 220], 'behind a proxy its clients are counted, not the proxy');
    my $c = $trap->client($of->('192.0.2.1'));
    is(code($c), '421', 'each for itself');
    my $s = $trap->wait_record('session', sub { $_[0]{end_reason} eq 'too_many_sessions' });
    is_deeply([@$s{qw(client_ip proxy_ip)}], ['192.0.2.1', '127.43.0.1'], 'the record names the client and the proxy');

    push @held, map { $trap->client($of->($_)) } '2001:db8:0:1::1', '2001:db8:0:1:ffff::2';
    is_deeply([map { code($_) } @held[3, 4]], [220, 220], 'two of an IPv6 /64 are served');
    is(greeted($trap, $of->('2001:db8:0:1::3')), '421', 'a third is not');
    is(greeted($trap, $of->('2001:db8:0:2::1')), '220', 'one of the next /64 is');

    my @silent = map { $trap->client(local => '127.43.0.2', banner => 0) } 1 .. 3;
    is(greeted($trap, local => '127.43.0.2', before => "PROXY UNKNOWN\r\n"), '220',
        'connections that have not said yet whose they are do not count');
    $_->close for @silent;
    $_->quit for @held;
    $trap->done;
}

# ---- IPv6 itself ----
SKIP: {
    IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Listen => 1) or skip 'there is no ::1 here', 2;
    my $trap = trap_with(1, listeners => [{address => '::1'}, {}]);
    my $held = $trap->client;
    is(greeted($trap), '421', 'a client of IPv6 is counted by its own address');
    is(greeted($trap, listener => 1), '220', 'one of IPv4 is another');
    $held->quit;
    $trap->done;
}

# ---- without a limit, and with another one ----
{
    my $trap = trap_with(0, conf => {workers => {max => 24}});
    my @held = map { $trap->client(local => '127.44.0.1') } 1 .. 20;
    is((scalar grep { code($_) eq '220' } @held), 20, 'with 0 one address may have all workers');
    (pop @held)->quit while @held > 3;

    my $limit = sub {
        my ($most, $expected) = @_;
        $trap->{conf}{workers}{'max-per-address'} = $most;
        $trap->write_conf;
        $trap->hup;
        return wait_for_new_workers(sub { greeted($trap, local => '127.44.0.1') eq $expected });
    };
    ok($limit->(3, '421'), 'after SIGHUP the limit holds, and sessions of before it count');
    is($held[0]->cmd('NOOP'), 250, 'which go on');
    # Sessions that are just over may still count.
    ok($limit->(23, '220'), 'it can be raised again');
    $_->quit for @held;
    $trap->expect(qr/ master: reload: /);
    $trap->done;
}
done_testing;
