#!/usr/bin/perl
# nats.t: the stream that --setup makes and checks; what --fetch takes and what not; credentials from
# files; a record that is too large for the servers.
use strict;
use warnings;
use IO::Uncompress::Gunzip qw(gunzip);
use JSON::PP qw(encode_json);
use Test::More;
use Trap qw(wait_for);
use Trap::File qw(spew);
use Trap::Load;
use Trap::Nats;
use Trap::Process;
use Trap::Shipper;

my $why = Trap::Nats::missing();
plan skip_all => $why if $why;
use constant PATIENCE => 120;

# A user by password and one by NKey (the pair that NATS's own manual shows, so it guards nothing).
my ($NKEY, $SEED) = ('UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4',
    'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY');
my $nats = Trap::Nats->new(user => ['test', 'own password'], server => <<"END");
max_payload: 16K
authorization { users: [
	{ user: test, password: "own password" }
	{ user: mx1, password: "se cret:1" }
	{ nkey: $NKEY }
] }
END
my $dir = $nats->dir;

sub put { return '"' . spew("$dir/$_[0]", $_[1]) . '"' }
my $password = put('password', "user mx1\npassword se cret:1\n");

# ---- credentials ----

my %credentials = (
    'a user and password' => [$password, 0],
    'an NKey' => [put('nkey', "nkey $NKEY\n$SEED\n"), 0],
    'a wrong password' => [put('wrong', "user mx1\npassword other\n"), 1, qr/cannot connect to any server.*uthoriz/i],
    'no credentials' => ['""', 1, qr/cannot connect to any server.*uthoriz/i],
    'a file that is not there' => ["\"$dir/none\"", 1, qr{\Q$dir\E/none: No such file}],
    'a file without credentials' => [put('empty', "nothing\n"), 1, qr{no nkey user seed found in '\Q$dir\E/empty'}],
    'a password with a quote' => [put('quote', "user mx1\npassword se cret:\"1\n"), 1, qr{\Q$dir\E/quote: }],
    'a file that is too long' => [put('long', 'x' x 16384), 1, qr{\Q$dir\E/long: longer than 16383 bytes}],
);
for my $name (sort keys %credentials) {
    my ($file, $exit, $says) = @{$credentials{$name}};
    my $ship = Trap::Shipper->new(nats => $nats, nats_conf => {credentials => $file}, conf => {stop => '100ms'});
    my ($out, $err, $status) = $ship->run('--once');
    is($status >> 8, $exit, "$name: exit status $exit") or diag $err;
    like($err, $says, "$name: is said") if $says;
    unlike($err, qr/se cret|$SEED/, "$name: no secret is said");
}

# ---- the stream ----

sub shipper { return Trap::Shipper->new(nats => $nats, nats_conf => {credentials => $password}, @_) }
my $ship = shipper(setup => {'max-age' => '2d', 'max-bytes' => '1g', 'duplicate-window' => '3h', replicas => 1});
my ($out, $err, $status) = $ship->run('--setup');
is($status, 0, 'the stream is made') or diag $err;
my %config = %{$nats->api('STREAM.INFO.SMTPTRAP')->{config}};
my %wanted = (name => 'SMTPTRAP', storage => 'file', retention => 'limits', discard => 'old', num_replicas => 1,
    max_age => 2 * 86400 * 1e9, max_bytes => 1 << 30, duplicate_window => 3 * 3600 * 1e9, max_msgs => -1);
is($config{$_}, $wanted{$_}, "its $_ is $wanted{$_}") for sort keys %wanted;
is(join(' ', @{$config{subjects}}), 'smtptrap.*.session smtptrap.*.message', 'its subjects are those of all sensors');
($out, $err, $status) = $ship->run('--setup');
is("$status $err", '0 ', 'again: nothing to say');
like($out, qr/^stream SMTPTRAP: as configured; 0 messages/, 'but that it is so');

my $other = shipper(setup => {'max-age' => '3d', 'max-bytes' => '2g', 'duplicate-window' => '1h', replicas => 1},
    nats_conf => {credentials => $password, subject => 'other'});
($out, $err, $status) = $other->run('--setup');
is($status >> 8, 1, 'a stream that differs is an error');
my @differ = ('subjects: is "smtptrap.*.session smtptrap.*.message", configured "other.*.session other.*.message"',
    'max-age (ns): is 172800000000000, configured 259200000000000', 'max-bytes: is 1073741824, configured 2147483648',
    'duplicate-window (ns): is 10800000000000, configured 3600000000000');
like($err, qr/stream SMTPTRAP: \Q$_\E$/m, "told: $_") for @differ;
like($err, qr/not changed; 4 of its settings/, 'and nothing else');
is_deeply($nats->api('STREAM.INFO.SMTPTRAP')->{config}, \%config, 'nothing was changed');

# ---- a record that is too large ----

my $trap = Trap->new(tls => 0, conf => {sensor => 'mx1', limits => {'dialogue' => '64k'}});
my $c = $trap->client;
$c->cmd('EHLO large.test');
$c->cmd('NOOP ' . 'x' x 900) for 1 .. 30;
$c->quit;
my $large = $trap->session_of($c);
Trap::Load->new($trap, clients => 2, sessions => 5, messages => 2)->finish;
my $all = 2 * 5 * 3;
$trap->done;
$ship = shipper(logs => $trap->logs);
($out, $err, $status) = $ship->run('--once');
like($err, qr/\Q$large->{id}\E/, 'a record past the servers\' limit is named');
like($err, qr/more than the servers take in a message \(15744\)/, 'with that limit');
is($nats->messages('SMTPTRAP'), $all, 'all others are in the stream');

# ---- fetching ----

sub fetch {
    my ($to, @more) = @_;
    mkdir $to;
    return $ship->run('--fetch', $to, @more);
}

sub fetched {
    my ($to) = @_;
    my %id;
    for my $file (glob("$to/*.jsonl.gz"), glob("$to/*.jsonl.gz.part")) {
        gunzip($file => \my $text, MultiStream => 1) or die "gunzip $file";
        $id{"$2-$1"}++ while $text =~ /^\{"v":\d+,"type":"(\w+)","id":"([0-9a-f-]{36})"/mg;
    }
    return %id;
}
my $to = "$dir/a";
($out, $err, $status) = fetch($to);
is("$status $err", '0 ', 'all is fetched');
is($out, "$all records fetched, 0 that were there already, 0 left out\n", 'and counted');
my %stored = $nats->ids('SMTPTRAP');
is_deeply({fetched($to)}, \%stored, 'each record once');
is(scalar(() = glob "$to/*.part"), 0, 'files are finished');
($out, $err, $status) = fetch($to);
is($out, "0 records fetched, 0 that were there already, 0 left out\n", 'then there is nothing more');
($out, $err, $status) = fetch($to, '--consumer', 'again');
is($out, "0 records fetched, $all that were there already, 0 left out\n", 'for another consumer all is there already');

# ---- what others publish ----

my $record = do { gunzip((glob "$to/session-*.jsonl.gz")[0] => \my $text, MultiStream => 1) or die; (split /\n/, $text)[0] };
sub variant { my ($id, $edit) = @_; local $_ = $record; s/("id":"[0-9a-f-]{24})[0-9a-f]{12}/$1$id/; $edit->() if $edit; return $_ }
my %hostile = (
    'no JSON' => ['mx1.session', 'hello'],
    'nothing at all' => ['mx1.session', ''],
    'two lines' => ['mx1.session', variant('000000000001') . "\n" . variant('000000000002')],
    'a line that is cut' => ['mx1.session', substr variant('000000000003'), 0, -2],
    'bytes behind the record' => ['mx1.session', variant('000000000004') . '{}'],
    'a control byte' => ['mx1.session', variant('000000000005', sub { s/"sensor":"/"x":"\x1b","sensor":"/ })],
    'another sensor\'s name' => ['mx2.session', variant('000000000006')],
    'no sensor' => ['mx1.session', variant('000000000007', sub { s/"sensor":"mx1",// })],
    'another type' => ['mx1.message', variant('000000000008')],
);
for my $name (sort keys %hostile) {
    my ($subject, $text) = @{$hostile{$name}};
    ok(!$nats->publish("smtptrap.$subject", $text)->{error}, "stored: $name");
}
ok(!$nats->publish('smtptrap.mx1.session', variant('000000000009'))->{error}, 'and one record more');
($out, $err, $status) = fetch($to);
my $left_out = keys %hostile;
is($out, "1 records fetched, 0 that were there already, $left_out left out\n", 'only that one is fetched');
is($status >> 8, 1, 'which the exit status tells');
my @named = $err =~ /^.*message \d+ of the stream \(smtptrap\.mx[12]\.\w+\) is no record of that sensor: left out$/mg;
is(scalar @named, $left_out, 'each of the others is named');
my $cat = (Trap::Process::run("$Trap::BUILD/smtptrap", 'report', '--format', 'csv', glob "$to/*.jsonl.gz"))[2];
is($cat, 0, 'a report reads all that was fetched');

# ---- a fetch that is killed ----

my $more = Trap->new(tls => 0, conf => {sensor => 'mx1'});
my $load = Trap::Load->new($more, clients => 8, sessions => 40, messages => 20);
$load->finish;
$more->done;
my $second = shipper(logs => $more->logs);
($out, $err, $status) = $second->run('--once');
is($status, 0, 'many more records are shipped') or diag $err;
# Is nothing left that the consumer has not had acknowledged?
sub all_acknowledged {
    my $info = $nats->api('CONSUMER.INFO.SMTPTRAP.smtptrap-fetch');
    return $info->{num_pending} == 0 && $info->{num_ack_pending} == 0;
}
my $kills = 0;
for (1 .. 3) {
    $ship->start('--fetch', $to, '--follow'); # so that it does not end before it is seen to have begun
    my $part;
    wait_for(PATIENCE, sub { ($part = -s ((glob "$to/session-*.part")[0] // '')) || $kills && all_acknowledged() })
        or die 'nothing is fetched';
    $ship->kill;
    $kills += !!$part;
}
cmp_ok($kills, '>', 0, 'a fetch is killed');
ok(wait_for(PATIENCE, sub { (fetch($to))[2] == 0 }), 'another takes it up');
%stored = $nats->ids('SMTPTRAP');
my %have = fetched($to);
my @twice = grep { $have{$_} > 1 } keys %have;
is(scalar @twice, 0, 'no record is there twice');
is(scalar(grep { !$have{$_} } grep { /-(?:session|message)$/ } keys %stored), 0, 'and none is missing');

$ship->start('--fetch', $to, '--follow');
my $follower = $ship->pid;
wait_for(PATIENCE, sub { open my $f, '<', '/proc/locks' or die "$!"; scalar grep { /FLOCK .* $follower / } <$f> })
    or die 'it does not lock its directory';
($out, $err, $status) = fetch($to);
like($err, qr/another process fetches into it/, 'two may not fetch into the same directory');
is($ship->stop, 0, 'one that follows leaves at SIGTERM');
for my $wrong ([], ["$dir/none"], [$to, '--consumer', 'a.b'], [$to, '--consumer', ''], [$to, '--consumer', 'x' x 65], [$to, '-x']) {
    my ($o, $e, $s) = $ship->run('--fetch', @$wrong);
    is($s >> 8, @$wrong == 1 ? 1 : 2, "refused: --fetch @$wrong");
}
done_testing;
