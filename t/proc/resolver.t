#!/usr/bin/perl
# resolver.t: the resolver and the dialer come and go, servers are dead or slow: mail is taken as
# before, nobody waits longer than configured, and the log and the status say what is the matter.
use strict;
use warnings;
use List::Util qw(min);
use Test::More;
use Time::HiRes qw(sleep time);
use Trap qw(wait_for);
use Trap::DNS;
use Trap::File qw(slurp);
use Trap::Process;

my @missing = Trap::DNS::missing();
plan skip_all => "missing: @missing" if @missing;

# Where answers are to be had, a busy machine may take its time.
my @PATIENT = (timeout => '20s', 'session-wait' => '20s');

# Every address has the name good.test, and good.test every address that is asked for here.
my @addresses = map { "127.77.0.$_" } 1 .. 20;
sub honest {
    my ($q) = @_;
    return Trap::DNS::reply($q, answer => ["$q->{name} 300 PTR good.test."]) if $q->{type} eq 'PTR';
    return Trap::DNS::reply($q, answer => [map { "$q->{name} 1 A $_" } @addresses]);
}
sub honest_server { return Trap::DNS->odd(\&honest) }
sub silent_server { return Trap::DNS->odd(sub { () }) }

# A session with a message: its record, the reply to the message, the seconds until its client had gone.
sub session {
    my ($trap, $ip) = @_;
    my $began = time;
    my $c = $trap->client(local => $ip);
    $c->cmd('EHLO x');
    my $reply = $c->send_message(from => '', data => "x\r\n");
    $c->quit;
    my $gone = time - $began;
    my $s = $trap->session_of($c);
    return {rdns => $s->{rdns}, reply => $reply, gone => $gone, record => $s};
}

# Seconds until clients of this address are greeted: the least, as a busy machine may be slow once.
sub greeted_after {
    my ($trap, $ip, $clients) = @_;
    my @seconds = map {
        my $began = time;
        my $c = $trap->client(local => $ip);
        my $after = time - $began;
        $c->quit;
        $after;
    } 1 .. $clients;
    return min(@seconds);
}

# What is asked is known, in the end.
sub is_verified {
    my ($trap, $title, $ip) = @_;
    ok(wait_for(60, sub { session($trap, $ip // '127.77.0.' . (1 + int rand 20))->{rdns} eq 'verified' }), $title);
}

sub resolver_is_new {
    my ($trap, $old) = @_;
    return wait_for(60, sub { my $t = $trap->table; $t->{resolver_pid} != $old && $t->{dns} eq 'up' });
}

# ---- a resolver is killed ----
{
    my $dns = Trap::DNS->odd(sub {
        my ($q) = @_;
        return $q->{name} =~ /^13\./ ? () : honest($q); # one that never gets an answer
    });
    my $trap = Trap->new(conf => {dns => {server => [$dns->server], timeout => '60s', 'session-wait' => '60s'}});
    my $first = $trap->processes->resolver;
    is_verified($trap, 'a client is looked up', $addresses[0]);
    my $held = $trap->client(local => '127.77.0.13'); # its look-up is under way
    $held->cmd('EHLO x');
    $trap->expect(qr/ master: the resolver is gone \(signal 9\): another takes its place$/);
    ok(kill(9, $first), 'the resolver is killed within a look-up');
    is($held->send_message(data => "x\r\n"), 250, 'the session goes on');
    my $began = time;
    is($held->quit, 221, 'to its end');
    is($trap->session_of($held)->{rdns}, 'unknown', 'its look-up is unknown');
    cmp_ok(time - $began, '<', 30, 'and not waited for');
    ok(resolver_is_new($trap, $first), 'another resolver takes its place');
    is_verified($trap, 'and new sessions get answers again', $addresses[1]);
    is($trap->table->{resolvers_lost}, 1, 'the status counts it');
    my $second = $trap->table->{resolver_pid};
    $trap->expect(qr/ master: the resolver is gone \(signal 9\): another takes its place after a while$/);
    kill 9, $second;
    ok(resolver_is_new($trap, $second), 'the next one is replaced, too, after a while');
    is_verified($trap, 'and answers', $addresses[2]);
    $trap->done;
}

# ---- a resolver that hangs ----
{
    my $dns = honest_server();
    my $trap = Trap->new(conf => {dns => {server => [$dns->server], timeout => '3s'}});
    Trap::Process::halt($trap->processes->resolver);
    cmp_ok(greeted_after($trap, $addresses[0], 3), '<', 2, 'a resolver that hangs: nobody waits for the greeting');
    my $s = session($trap, $addresses[0]);
    is($s->{reply}, 250, 'mail is taken');
    is($s->{rdns}, 'unknown', 'what was asked is unknown');
    cmp_ok($s->{record}{dns_us}, '<', 20_000_000, 'when its time is over');
    kill 'CONT', $trap->processes->resolver;
    is_verified($trap, 'until it goes on', $addresses[1]);
    $trap->done;
}

# ---- a dead server ----
for my $waits ('no', 'yes') {
    my $dns = silent_server();
    my $server = $dns->server;
    my $trap = Trap->new(conf => {dns => {server => [$server], timeout => '2s', 'banner-waits' => $waits}});
    my $banner = greeted_after($trap, $addresses[0], $waits eq 'yes' ? 1 : 3);
    $waits eq 'yes' ? cmp_ok($banner, '>=', 1.99, 'a dead server: the greeting waits where it should')
        : cmp_ok($banner, '<', 1.5, 'a dead server: the greeting comes at once');
    my $s = session($trap, $addresses[1]); # of which nothing is asked yet
    is($s->{reply}, 250, "banner-waits $waits: mail is taken");
    is_deeply([$s->{rdns}, $s->{record}{dns_unknown}], ['unknown', ['reverse']], 'the look-up is unknown');
    cmp_ok($s->{record}{dns_us}, '>=', 1_990_000, 'its time is recorded');
    cmp_ok($s->{record}{duration_us} / 1e6, '<', $s->{gone} + 1, 'the session\'s duration ends with its connection');
    next if $waits eq 'yes';

    # Many: the servers are silent, so that nobody waits at the end either.
    $trap->expect(qr/ resolver: no DNS server answers \(\Q$dns->{address}\E port 5353\): look-ups are unknown until one does$/,
        qr/ resolver: the DNS servers answer again, after \d+ s$/);
    my @clients = map { $trap->client(local => "127.78.0.$_") } 1 .. 40;
    $_->quit for @clients;
    ok($trap->wait_log(qr/no DNS server answers/), 'the log says that no server answers');
    ok(wait_for(60, sub { $trap->table->{dns} eq 'silent' }), 'so does the status');
    my @quick = map { session($trap, "127.79.0.$_")->{record} } 1 .. 10;
    my @at_once = grep { $_->{dns_us} < 1_000_000 } @quick;
    cmp_ok(scalar @at_once, '>=', 6, 'then most look-ups are unknown at once') or diag explain [map { $_->{dns_us} } @quick];
    is(scalar(grep { $_->{rdns} ne 'unknown' } @quick), 0, 'all are unknown');
    $dns->stop;
    my $back = Trap::DNS->odd_at($dns, \&honest);
    is_verified($trap, 'when it is back, look-ups have answers');
    ok($trap->wait_log(qr/the DNS servers answer again/), 'and the log says so');
    is(scalar(() = $trap->log_text =~ /no DNS server answers/g), 1, 'it complained once');
    $trap->done;
}

# ---- the second server ----
{
    my ($dead, $good) = (silent_server(), honest_server());
    my $trap = Trap->new(conf => {dns => {server => [$dead->server, $good->server], @PATIENT}});
    is(session($trap, $addresses[0])->{rdns}, 'verified', 'with a dead server the next one is asked');
    $trap->done;
}
{
    my $good = honest_server();
    my $trap = Trap->new(conf => {dns => {server => ['127.88.0.1:9', $good->server], @PATIENT}});
    is(session($trap, $addresses[0])->{rdns}, 'verified', 'with one where nobody listens, too');
    $trap->done;
}

# ---- many sessions and a slow server ----
{
    my $dns = Trap::DNS->odd(sub { my ($q) = @_; (\0.3, honest($q)) });
    my $trap = Trap->new(conf => {dns => {server => [$dns->server], @PATIENT, 'ttl-min' => '10m'},
        workers => {'spare-min' => 16, 'spare-max' => 32, max => 250}});
    my ($slowest, @c) = (0);
    for my $n (1 .. 200) {
        my $began = time;
        push @c, $trap->client(local => "127.77.0." . (1 + $n % 20));
        $slowest = time - $began if time - $began > $slowest;
    }
    cmp_ok($slowest, '<', 15, '200 sessions at once and a slow server: all are greeted');
    is($trap->table->{workers_in_session}, 200, 'all at a time');
    $_->quit for @c;
    my @records = $trap->wait_count('session', 200);
    is(scalar(grep { $_->{rdns} eq 'verified' } @records), 200, 'all have their names');
    my $t; # told once a second
    wait_for(60, sub { $t = $trap->table; $t->{dns_queries} >= 21 && $t->{dns_joined} + $t->{dns_cached} >= 300 });
    is($t->{dns_queries}, 21, 'equal questions were asked once: 20 names, and one address');
    cmp_ok($t->{dns_joined} + $t->{dns_cached}, '>=', 300, 'the others waited for them, or had them from the cache');
    $trap->done;
}

# ---- the dialer ----
{
    my $dns = honest_server();
    my $trap = Trap->new(conf => {dns => {server => [$dns->server], timeout => '1s', 'ttl-min' => '0s'}});
    is_verified($trap, 'before its end, look-ups have answers', $addresses[0]);
    $trap->expect(qr/ master: the dialer is gone \(signal 9\): look-ups will be unknown until the trap is started anew$/,
        qr/ resolver: no DNS server answers /);
    kill 9, $trap->processes->dialer;
    ok($trap->wait_log(qr/the dialer is gone/), 'a lost dialer is reported');
    my $s = session($trap, '127.77.9.9');
    is($s->{reply}, 250, 'mail is taken');
    is($s->{rdns}, 'unknown', 'look-ups are unknown');
    $trap->done;
}

# ---- reload ----
{
    my $dns = honest_server();
    my $trap = Trap->new(conf => {dns => {server => [$dns->server], @PATIENT}});
    my $first = $trap->table->{resolver_pid};
    my $held = $trap->client(local => $addresses[5]);
    $trap->expect(qr/ master: reload: .* is in force for new sessions$/,
        qr/ master: reload: dns server changed, which needs a restart: the old configuration stays$/);
    $trap->hup;
    $trap->wait_notify(qr/^READY=1$/m);
    is($trap->table->{resolver_pid}, $first, 'a reload without a change keeps the resolver and its cache');
    $trap->{conf}{dns}{'ttl-max'} = '1m';
    $trap->write_conf;
    $trap->hup;
    $trap->wait_notify(qr/^READY=1$/m);
    ok(resolver_is_new($trap, $first), 'other times to live: there is a new one');
    ok(kill(0, $first), 'the old one serves the session that began with it');
    $held->quit;
    is($trap->session_of($held)->{rdns}, 'verified', 'to its end');
    ok(wait_for(60, sub { !grep { $_ == $first } Trap::Process::children($trap->pid) }), 'and leaves with its last worker');
    is(session($trap, $addresses[6])->{rdns}, 'verified', 'the new one answers');
    is($trap->table->{resolvers_lost}, 0, 'none was lost');
    $trap->{conf}{dns}{server} = ['127.0.0.1:1'];
    $trap->write_conf;
    $trap->hup;
    ok($trap->wait_log(qr/dns server changed, which needs a restart/), 'other servers are refused');
    $trap->wait_notify(qr/^READY=1$/m);
    is(session($trap, $addresses[7])->{rdns}, 'verified', 'and the old ones asked on');
    $trap->done;
}

# ---- what they may, as root ----
SKIP: {
    skip 'not root', 12 if $> != 0;
    my $dns = Trap::DNS->nsd({'9.127.in-addr.arpa' => "1.8 IN PTR good.example.test.\n",
        'example.test' => "good IN A 127.9.8.1\n"}, port => 53);
    my $resolv = $dns->write_file('resolv.conf', "nameserver $dns->{address}\nsearch example.test\n");
    my @private = ('unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', $resolv);
    my $trap = Trap->new(root => 1, conf => {dns => {server => 'system', @PATIENT}}, wrap => \@private);
    my %pid = (resolver => $trap->processes->resolver, dialer => $trap->processes->dialer);
    my $uid = getpwnam '_smtptrap';
    # The path is seen from another mount name space: where we are in a chroot, that stands before it.
    my $empty = qr{\Q${\$trap->dir}\E/run/empty$};
    for my $name (sort keys %pid) {
        my $status = slurp("/proc/$pid{$name}/status");
        like($status, qr/^Uid:\s+$uid\s+$uid\s+$uid\s+$uid$/m, "$name: is _smtptrap");
        like($status, qr/^CapEff:\s+0+$/m, "$name: has no capability");
        like($status, qr/^Seccomp:\s+2$/m, "$name: has a seccomp filter") if !Trap::sanitized();
        like(readlink("/proc/$pid{$name}/root"), $empty, "$name: has an empty root directory");
    }
    is(session($trap, '127.9.8.1')->{rdns}, 'verified', 'system: the servers of /etc/resolv.conf are asked');
    $trap->expect(qr/ master: the resolver is gone /);
    kill 9, $pid{resolver};
    ok(resolver_is_new($trap, $pid{resolver}), 'as root, too, a resolver is replaced');
    my $new = $trap->table->{resolver_pid};
    like(readlink("/proc/$new/root"), $empty, 'by one in an empty root directory');
    is_verified($trap, 'which answers', '127.9.8.1');
    $trap->done;
}
done_testing;
