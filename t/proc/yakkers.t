#!/usr/bin/perl
# yakkers.t: addresses that come again and again and do nothing are stalled and slowed, and their
# sessions counted; the sums of the records are the connections made; it ends by time or by
# progress, outlives the process, and has an end.
use strict;
use warnings;
use List::Util qw(sum0);
use Socket qw(inet_pton AF_INET);
use Test::More;
use Time::HiRes qw(time);
use Trap qw(wait_for);

sub trap_with {
    my ($yakkers, %o) = @_;
    return Trap->new(%o, conf => {yakkers => {count => 3, within => '1h', %$yakkers}, %{$o{conf} // {}}});
}

# A session that does nothing, or what it is given to say; its greeting's code, and its record if
# it has one.
sub come {
    my ($trap, $ip, %o) = @_;
    my $c = $trap->client(local => $ip, %{$o{client} // {}});
    my $code = $c->banner;
    if ($code == 220) {
        $c->cmd($_) for @{$o{say} // ['EHLO yak.test']};
        $c->cmd('QUIT');
    }
    $c->drain;
    $c->close;
    return ("$code", $code == 220 && !$o{counted} ? $trap->session_of($c) : undef);
}

sub greeting { return (come(@_))[0] }

# How many connections of an address the records stand for.
sub stand_for {
    my ($trap, $ip) = @_;
    return sum0 map { $_->{yakker_sessions} // 1 } grep { $_->{client_ip} eq $ip } $trap->records('session');
}

sub make_yakker { my ($trap, $ip) = @_; greeting($trap, $ip) for 1 .. 3 }

# ---- becoming one, being one ----
my $trap = trap_with({});
my $ip = '127.21.0.1';
my @first = map { [come($trap, $ip)] } 1 .. 3;
is_deeply([map { $_->[0] } @first], [220, 220, 220], 'the sessions that make a yakker are served');
is_deeply([map { $_->[1]{yakker} } @first], [undef, undef, undef], 'and recorded in full, without a mark');
my $began = time;
my $c = $trap->client(local => $ip);
is($c->banner->text, "421 4.7.0 mx.trap.test Too many connections\r\n", 'the next one is greeted with 421');
is($c->drain, '', 'and let go');
is(greeting($trap, $ip), 421, 'as are those that follow') for 1 .. 6;
is(greeting($trap, '127.21.0.2'), 220, 'another address is not touched by it');
is(stand_for($trap, $ip), 3, 'the sessions of a yakker are not recorded one by one');
is($trap->stop, 0, 'at the end');
is(stand_for($trap, $ip), 10, 'the records stand for all connections that were made');
my ($sum, @more) = grep { $_->{yakker_sessions} } $trap->records('session');
is(scalar @more, 0, 'by one record');
is_deeply({map { $_ => $sum->{$_} } qw(client_ip yakker yakker_sessions end_reason tls_outcome phase client_port)},
    {client_ip => $ip, yakker => $sum->{yakker}, yakker_sessions => 7, end_reason => 'yakker',
        tls_outcome => 'not_offered', phase => undef, client_port => undef}, 'which says what it is');
ok($sum->{yakker} && $sum->{ts} =~ /^\d{4}-\d\d-\d\dT/ && $sum->{yakker_until} ge $sum->{ts},
    'with the times of the first and the last');
my ($out, $err, $status) = $trap->smtptrap('verify');
is($status, 0, 'smtptrap verify finds it in order') or diag "$out$err";
$trap->start;
is(greeting($trap, $ip), 421, 'a restart keeps it');
is(greeting($trap, '127.21.0.2'), 220, 'and nothing else');
$trap->done;
is(stand_for($trap, $ip), 11, 'after the restart the sum is right, too');

# ---- what counts, and what does not ----
$trap = trap_with({});
my @loop = ('EHLO loop.test', ('RSET', 'NOOP', 'HELO again.test') x 5);
come($trap, '127.22.0.1', say => \@loop) for 1 .. 3;
is(greeting($trap, '127.22.0.1'), 421, 'loops of RSET, NOOP and HELO are nothing done');
come($trap, '127.22.0.2', say => ['EHLO mail.test', 'MAIL FROM:<a@b.test>']) for 1 .. 5;
is(greeting($trap, '127.22.0.2'), 220, 'a session with MAIL is something');
come($trap, '127.22.0.3') for 1 .. 2;
come($trap, '127.22.0.3', say => ['EHLO mail.test', 'MAIL FROM:<a@b.test>']);
come($trap, '127.22.0.3') for 1 .. 2;
is(greeting($trap, '127.22.0.3'), 220, 'progress clears what was counted before');
for my $n (1 .. 4) {
    my $f = $trap->client(local => '127.22.0.4');
    $f->cmd('EHLO tls.test');
    is($f->cmd('STARTTLS'), 220, "session $n whose handshake fails") or next;
    $f->send("\x15\x03\x01\x00\x02\x02\x28");
    $f->drain;
    $f->close;
    is($trap->session_of($f)->{tls_outcome}, 'failed', 'is recorded');
}
is(greeting($trap, '127.22.0.4'), 220, 'and does not count');
come($trap, '127.22.0.5', say => ['EHLO bad.test', 'MAIL', 'RCPT TO:<a@b.test>']) for 1 .. 3;
is(greeting($trap, '127.22.0.5'), 421, 'a MAIL that is not accepted is no progress');
$trap->done;

# ---- served, but slowly ----
$trap = trap_with({stall => 'no', delay => '1s', slow => 100, phase => 'rcpt'});
$ip = '127.23.0.1';
make_yakker($trap, $ip);
my $t = time;
$c = $trap->client(local => $ip);
is($c->banner, 220, 'stall no: a yakker is served');
# A greeting has 20 bytes and more.
cmp_ok(time - $t, '>=', 1.2, 'after delay, and at the rate of slow');
$t = time;
my $lines = $c->cmd('EHLO slow.test')->text;
cmp_ok(time - $t, '>=', length($lines) / 100 * 0.9, 'as are all its replies');
$c->cmd('QUIT');
$c->drain;
$c->close;
my $other = $trap->client(local => '127.23.0.2');
is($other->quit, 221, 'others meanwhile');
my ($greeting) = grep { $_->{dir} eq 's' } @{$trap->session_of($other)->{dialogue}};
cmp_ok($greeting->{us}, '<', 1e6, 'are greeted without that delay');
my $banner = $trap->client(local => $ip, banner => 0);
$banner->close;
my ($code, $record) = come($trap, $ip, say => ['EHLO done.test', 'MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>']);
ok($code == 220 && $record->{yakker}, 'a yakker that makes progress is recorded, and that it was one');
my ($cleared) = $trap->wait_count('session', 1, 20, sub { $_[0]{client_ip} eq $ip && $_[0]{yakker_sessions} });
is($cleared->{tls_outcome}, 'not_offered', 'with that, what was counted is');
($code, $record) = come($trap, $ip);
ok($code == 220 && !$record->{yakker}, 'and it is none any more');
ok($trap->wait_count('session', 2, 20, sub { $_[0]{client_ip} eq $ip && $_[0]{yakker_sessions} }), 'what was and what was not offered TLS');
is(stand_for($trap, $ip), 7, 'is told apart, and all of it is there');
is_deeply([sort map { $_->{tls_outcome} } grep { $_->{yakker_sessions} } $trap->records('session')],
    ['not_offered', 'offered_unused'], 'a record for each');
$trap->done;

# ---- all handshakes are recorded ----
$trap = trap_with({delay => '1s', slow => 50}, listeners => [{}, {tls => 'implicit'}]);
$ip = '127.24.0.1';
make_yakker($trap, $ip);
is((come($trap, $ip, client => {listener => 1, implicit => 1}))[0], 421, 'with implicit TLS a yakker is stalled behind the handshake');
my ($full) = $trap->wait_count('session', 1, 20, sub { $_[0]{client_ip} eq $ip && $_[0]{tls_outcome} eq 'negotiated' });
ok($full->{yakker} && !$full->{yakker_sessions} && $full->{end_reason} eq 'rejected', 'and its session recorded');
$t = time;
is(greeting($trap, $ip), 421, 'in clear');
cmp_ok(time - $t, '>=', 1.5, 'it is stalled after delay, and at the rate of slow');
is($trap->stop, 0, 'the trap stops');
is(stand_for($trap, $ip), 5, 'the sums are right');
$trap->{conf}{yakkers}{delay} = '5m';
$trap->write_conf;
$trap->start;
my $waits = $trap->client(local => $ip, banner => 0);
ok(!$waits->readable(0.5), 'one waits for a long delay');
$t = time;
is($trap->stop, 0, 'when the trap stops');
cmp_ok(time - $t, '<', 60, 'and does not hold it up');
is(stand_for($trap, $ip), 6, 'the sums are right then, too');
$trap->done;

# ---- it ends, and is recorded at intervals ----
$trap = trap_with({within => '6s', summary => '1s'}, conf => {memory => {'tls-failures' => 0, save => '1s'}});
$ip = '127.25.0.1';
make_yakker($trap, $ip);
my $made = time;
my $stalled = 0;
$stalled += greeting($trap, $ip) == 421 for 1 .. 4;
SKIP: {
    skip 'this machine took longer than the time', 2 if time - $made > 3;
    is($stalled, 4, 'a yakker for some seconds');
    # They may come on both sides of an interval's end.
    ok(wait_for(60, sub { stand_for($trap, $ip) == 3 + 4 }), 'summary: its sessions are recorded at intervals');
}
ok(wait_for(60, sub { $trap->table->{addresses} == 0 }), 'its time is over');
is(greeting($trap, $ip), 220, 'and it has another chance');
$trap->done;
is(stand_for($trap, $ip), 3 + 4 + 1, 'nothing is lost by that');

# ---- off; switched on; the count ----
$trap = Trap->new;
make_yakker($trap, '127.26.0.1') for 1 .. 2;
is(greeting($trap, '127.26.0.1'), 220, 'without a yakkers block there are none');
is($trap->table->{addresses}, 0, 'and nothing is remembered');
$trap->expect(qr/ master: reload: \S+ is in force for new sessions$/);
$trap->{conf}{yakkers} = {count => 1};
$trap->write_conf;
$trap->notified;
$trap->hup;
$trap->wait_notify(qr/^READY=1/m);
my $n = 0;
ok(wait_for(60, sub { my $new = '127.26.1.' . ++$n % 250; greeting($trap, $new); greeting($trap, $new) == 421 }), 'SIGHUP switches it on');
$trap->done;

# ---- kill -9 ----
$trap = trap_with({summary => '1h'}, conf => {memory => {'tls-failures' => 0, save => '1s'}}, root => $> == 0 ? 1 : 0);
$trap->expect(qr/ logger: log file \S+: repaired after a crash: /, qr/ master: listen \S+ port \d+: the address is in use/);
$ip = '127.27.0.1';
make_yakker($trap, $ip);
is(greeting($trap, $ip), 421, 'a yakker') for 1 .. 5;
my $state = $trap->logs . '/addresses.state';
# The sessions counted in the file: behind a head of 32 bytes and 20 of the entry.
sub saved_sessions {
    open my $f, '<:raw', $state or return 0;
    read $f, my $bytes, 64;
    return length $bytes == 64 ? unpack 'S', substr $bytes, 52, 2 : 0;
}
ok(wait_for(60, sub { saved_sessions() == 5 }), 'what was counted is saved at intervals');
$trap->kill_hard;
$trap->start;
is(greeting($trap, $ip), 421, 'a yakker outlives a kill -9 of all');
$trap->done;
is(stand_for($trap, $ip), 9, 'and so does what was counted of it');

# ---- many ----
$trap = trap_with({count => 1}, listeners => [{'proxy-from' => '127.7.0.0/16'}], conf => {memory => {'tls-failures' => 0, addresses => 100}});
my $SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
sub from4 { my ($ip) = @_; return $SIGNATURE . pack 'C C n a4 a4 n n', 0x21, 0x11, 12, inet_pton(AF_INET, $ip), inet_pton(AF_INET, '192.0.2.25'), 4711, 25 }
my $made_connections = 0;
for my $round (1 .. 2) {
    for my $i (1 .. 250) {
        greeting($trap, '127.7.0.1', counted => 1, client => {before => from4("203.0.113.$i")}) for 1 .. 2;
        $made_connections += 2;
    }
}
my $held = $trap->table->{addresses};
cmp_ok($held, '<=', 105, "of many addresses no more are held than may be ($held)");
$c = $trap->client(local => '127.7.0.1', banner => 0, before => "no header\r\n");
$c->drain;
$c->close;
is($trap->session_of($c)->{end_reason}, 'rejected', 'a proxy without its header');
is(greeting($trap, '127.7.0.1', counted => 1, client => {before => from4('198.51.100.1')}), 220, 'is no yakker of its own name');
is($trap->table->{bad_frames}, 0, 'all frames were in order');
$trap->done;
is(sum0(map { $_->{yakker_sessions} // 1 } $trap->records('session')), $made_connections + 2,
    'the records stand for all connections, also of those that were pushed out');
cmp_ok(scalar(grep { $_->{yakker_sessions} } $trap->records('session')), '>', 0, 'some of which were counted only');
my ($head, @rows) = split /\r\n/, `$Trap::BUILD/smtptrap -d ${\$trap->logs} report --format csv tls`;
is($?, 0, 'a report of them is made');
my @columns = split /,/, $head;
my ($total) = map { my %row; @row{@columns} = split /,/; $row{count} } grep { /^tls,[^,]+,total,/ } @rows;
is($total, $made_connections + 2, 'and counts all connections');
done_testing;
