#!/usr/bin/perl
# fleet_doc.t: what doc/FLEET.md says works as it stands there: a hub of three servers with TLS,
# users by certificate, two sensors that may publish their own records alone; what is fetched gives
# the figures of the sensors' own logs, also in DuckDB and ClickHouse, where a record counts once however
# often it is fetched and loaded.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Path qw(make_path);
use IO::Socket::INET;
use IO::Socket::SSL;
use IO::Uncompress::Gunzip qw(gunzip);
use JSON::PP qw(decode_json encode_json);
use Test::More;
use Trap qw(wait_for);
use Trap::ClickHouse;
use Trap::DuckDB;
use Trap::File qw(slurp spew);
use Trap::Load;
use Trap::Nats;
use Trap::Process;
use Trap::Shipper;

my $why = Trap::Nats::missing();
plan skip_all => $why if $why;
use constant PATIENCE => 120;

# ---- the blocks of the document, with addresses and folders of this test ----

my %block;
my $fleet = slurp("$Trap::SOURCE/doc/FLEET.md");
$block{$1} = $2 while $fleet =~ /^```(?:sh|conf|sql) (\S+)\n(.*?)^```$/msg;
is(join(' ', sort keys %block), 'certificates clickhouse clickhouse-load clickhouse-versions '
    . 'duckdb duckdb-versions fetch fetch-mail fleet.conf hub1.conf mx1.conf report setup users.conf',
    'the document has the blocks that are run here');

my $nats = Trap::Nats->new(nodes => 3, start => 0);
my $dir = $nats->dir;
my $at = $Trap::ADDRESS;
my %port = (4222 => 4222, 6222 => 6222, 8222 => 8222);

sub here {
    my ($text) = @_;
    $text =~ s/DNS:hub\d\.example\.net/IP:$at/g;
    $text =~ s{(tls|nats-route)://hub(\d)\.example\.net:(\d+)}{"$1://$at:" . ($3 + $2)}ge;
    $text =~ s{/etc/smtptrap/fleet/|/etc/nats/}{$dir/}g;
    $text =~ s{/etc/smtptrap/}{$dir/}g;
    $text =~ s{/srv/fleet}{$dir/fetched}g;
    return $text;
}

sub server {
    my ($n) = @_;
    my $text = here($block{'hub1.conf'});
    $text =~ s/hub1/hub$n/g;
    $text =~ s/server_name: hub$n/server_name: n$n/; # as Trap::Nats names its servers
    $text =~ s{"(?:0\.0\.0\.0|127\.0\.0\.1):(\d+)"}{"\"$at:" . ($1 + $n) . '"'}ge;
    $text =~ s{/var/lib/nats}{$dir/$n};
    return $text;
}

sub put { return spew("$dir/$_[0]", $_[1]) }

sub sh {
    my ($name, $text) = @_;
    my ($out, $err, $status) = Trap::Process::run('sh', '-euc', "cd $dir\nPATH=$dir/bin:$Trap::BUILD:\$PATH\n$text");
    is($status, 0, "the commands \"$name\" succeed") or diag $err;
    return $out;
}

# ---- the hub ----

sh('certificates', here($block{certificates}));
put('users.conf', here($block{'users.conf'}));
put("$_.conf", server($_)) for 1 .. 3;
$nats->start;
$nats->wait_ready;
put('fleet.conf', here($block{'fleet.conf'}) =~ s/max-bytes \d+g/max-bytes 1g/gr);
like(sh('setup', here($block{setup})), qr/^stream SMTPTRAP: made/, 'the stream is made');
like(sh('setup', here($block{setup})), qr/^stream SMTPTRAP: as configured/, 'and then it is as configured');
my $setups = here($block{setup}) x 60; # threads that still run at exit crash now and then
is(() = sh('60 times setup', $setups) =~ /^stream SMTPTRAP: as configured/mg, 60, 'each time');

# ---- two sensors ----

my (%trap, %ship, $all);
for my $sensor (qw(mx1 mx2)) {
    my $trap = $trap{$sensor} = Trap->new(conf => {sensor => $sensor, log => {'rotate-size' => '64k'}});
    my $text = here($block{'mx1.conf'}) =~ s/mx1/$sensor/gr;
    my $ship = $ship{$sensor} = Trap::Shipper->new(servers => ['unused'], sensor => $sensor);
    spew($ship->conf_file, $text, 'log-directory "', $trap->logs, "\"\nstate-directory \"", $ship->dir, "/state\"\n");
    $ship->start;
    my $load = Trap::Load->new($trap, clients => 2, sessions => $sensor eq 'mx1' ? 10 : 15, messages => 3);
    for my $version (qw(TLSv1_2 TLSv1_3)) {
        my $c = $trap->client;
        $c->cmd('EHLO client.test');
        $c->starttls(SSL_version => $version);
        $c->cmd('EHLO client.test');
        $c->send_message(from => 'a@client.test', data => "Subject: x\r\n\r\nx\r\n") if $sensor eq 'mx1';
        $c->quit;
    }
    my $fails = $trap->client;
    $fails->cmd('EHLO fails.test');
    $fails->cmd('STARTTLS');
    $fails->send("\x15\x03\x01\x00\x02\x02\x28");
    $fails->drain;
    $fails->close;
    $load->finish;
    $all += $load->records + 2 + 1 + ($sensor eq 'mx1' ? 2 : 0);
}
ok(wait_for(PATIENCE, sub { $nats->messages('SMTPTRAP') >= $all }), 'all records reach the stream')
    or diag $nats->messages('SMTPTRAP'), " of $all\n", map { $_->log_text } values %ship;
$_->done for values %trap;
is($_->stop, 0, "the shipper of $_->{sensor} leaves in order") or diag $_->log_text for @ship{qw(mx1 mx2)};
ok($nats->everywhere('SMTPTRAP', $all), 'and no others do');
my %deliveries = (mx1 => 62, mx2 => 90);
ok($nats->everywhere("OBJ_smtptrap-mail-$_", 2 * $deliveries{$_}), "the bucket of $_ has a chunk and a meta of each message")
    for sort keys %deliveries;

# ---- what is fetched, and reported ----

make_path("$dir/fetched");
like(sh('fetch', here($block{fetch})), qr/^$all records fetched, 0 that were there already, 0 left out$/m,
    'all are fetched');
make_path("$dir/fetched-mail");
like(sh('fetch-mail', here($block{'fetch-mail'})), qr/^152 messages fetched, 0 that were there already, 0 left out$/m,
    'and all raw messages');
is(scalar(() = glob "$dir/fetched-mail/$_/*.eml"), $deliveries{$_}, "those of $_ in its folder") for sort keys %deliveries;
my @logs = map { $_->logs } @trap{qw(mx1 mx2)};

# Sections of a report, with what was read left out: files differ, records do not.
sub report {
    my (@arguments) = @_;
    my ($out, $err, $status) = Trap::Process::run("$Trap::BUILD/smtptrap", 'report', '--format', 'json', @arguments);
    is("$status $err", '0 ', "a report over $arguments[-1] and the like");
    my $report = decode_json($out);
    return JSON::PP->new->canonical->pretty->encode($report->{sections});
}
my $from_logs = report('all', @logs);
is(report('all', glob "$dir/fetched/*.jsonl.gz"), $from_logs, 'figures are those of the sensors\' own logs');
like(sh('report', here($block{report})), qr/\bmx2\b/, 'sensors stand beside each other');

# The same from files that are not compressed, as other consumers write them.
for my $stream (qw(session message)) {
    gunzip([glob "$dir/fetched/$stream-*.jsonl.gz"] => "$dir/$stream.jsonl", MultiStream => 1)
        or die 'gunzip';
}
is(report('all', "$dir/session.jsonl", "$dir/message.jsonl"), $from_logs, 'also from plain files of JSON lines');

# Rows of table sensors against counts of the sensors' own records.
my ($json) = Trap::Process::run("$Trap::BUILD/smtptrap", 'report', '--format', 'json', 'sensors',
    glob "$dir/fetched/*.jsonl.gz");
my %row;
for my $section (@{decode_json($json)->{sections}}) {
    $row{$section->{section}}{$_->{value}} = $_->{count} for grep { $_->{kind} eq 'value' } @{$section->{rows}};
}
is_deeply($row{connections}, {mx1 => 23, mx2 => 33}, 'connections by sensor');
is_deeply($row{negotiated}, {mx1 => 2, mx2 => 2}, 'connections that negotiated TLS');
is_deeply($row{failed}, {mx1 => 1, mx2 => 1}, 'handshakes that failed');
is_deeply($row{versions}, {map { ("$_ TLSv1.2" => 1, "$_ TLSv1.3" => 1) } qw(mx1 mx2)}, 'versions');
is_deeply($row{deliveries}, \%deliveries, 'deliveries');
is_deeply($row{deliveries_tls}, {mx1 => 2}, 'deliveries over TLS');

# ---- the same in databases, each record once ----

# All records once more, for another consumer, beside those that were fetched first; and a file twice.
make_path("$dir/again");
like(sh('fetch', here($block{fetch}) =~ s{(--fetch \S+)/fetched}{$1/again --consumer again}r),
    qr/^$all records fetched, 0 that were there already, 0 left out$/m, 'another consumer fetches all of them again');
make_path("$dir/both");
my $copied = 0;
copy($_, sprintf "%s/both/session-%06d.jsonl.gz", $dir, ++$copied) or die "$_: $!"
    for map { glob "$dir/$_/session-*.jsonl.gz" } qw(fetched fetched again);
my @versions = map { my $s = $_; map { [$s, "TLSv1.$_", 1] } 2, 3 } qw(mx1 mx2);
my $sessions = 23 + 33;
sub of_both { return here($_[0]) =~ s{/fetched/}{/both/}gr }
sub numbers { return [map { [@$_[0, 1], 0 + $_->[2]] } @{$_[0]}] }

SKIP: {
    if (defined(my $no_duckdb = Trap::DuckDB::prepare())) {
        diag "SKIPPED: the blocks for DuckDB are not tested: $no_duckdb";
        skip "DuckDB: $no_duckdb", 5;
    }
    for my $case (['fetched once', here($block{duckdb}), here($block{'duckdb-versions'})],
        ['fetched twice, and a file twice', of_both($block{duckdb}), of_both($block{'duckdb-versions'})]) {
        my ($name, $view, $question) = @$case;
        put('view.sql', $view);
        my @answers = Trap::DuckDB::run($dir, ["$dir/view.sql"], $question =~ s/;\s*\z//r, 'SELECT count(*) FROM session');
        is_deeply(numbers($answers[0]{rows}), \@versions, "DuckDB: versions by sensor, $name");
        is($answers[1]{rows}[0][0], $sessions, 'each record counts once');
    }
    my ($raw) = Trap::DuckDB::run($dir, [], "SELECT count(*) FROM read_json('$dir/both/session-*.jsonl.gz')");
    is($raw->{rows}[0][0], 3 * $sessions, 'though it was there three times');
}

SKIP: {
    if (my $none = Trap::ClickHouse::missing()) {
        diag "SKIPPED: the blocks for ClickHouse are not tested: $none";
        skip $none, 8;
    }
    my $server = Trap::ClickHouse->new;
    make_path("$dir/bin");
    put('bin/clickhouse-client', $server->shim);
    chmod 0755, "$dir/bin/clickhouse-client";
    put('table.sql', here($block{clickhouse}));
    $server->file("$dir/table.sql");
    my $question = here($block{'clickhouse-versions'}) =~ s/;\s*\z//r;
    for my $case (['loaded once', here($block{'clickhouse-load'})],
        ['a file loaded twice', here($block{'clickhouse-load'})],
        ['fetched and loaded again', here($block{'clickhouse-load'}) =~ s{/fetched/}{/again/}r]) {
        my ($name, $load) = @$case;
        sh("clickhouse-load, $name", $load);
        is_deeply(numbers($server->rows($question)), \@versions, "ClickHouse: versions by sensor, $name");
    }
    is($server->rows('SELECT count() FROM session FINAL')->[0][0], $sessions, 'each record counts once');
    cmp_ok($server->rows('SELECT count() FROM session')->[0][0], '>=', $sessions, 'though it may be there three times');
}

# ---- what a sensor may not ----

# A shipper with this certificate that claims to be this sensor.
sub impostor {
    my ($certificate, $sensor) = @_;
    my $ship = Trap::Shipper->new(servers => ['unused'], sensor => $sensor);
    my $text = here($block{'mx1.conf'}) =~ s/sensor mx1/sensor $sensor/r =~ s{/mx1\.(pem|key)}{/$certificate.$1}gr
        =~ s/^nats \{\n/nats {\n\tconnect-timeout 30s\n/mr; # one try, as stop says
    spew($ship->conf_file, $text, 'log-directory "', $logs[0], "\"\nstate-directory \"", $ship->dir, "/state\"\nstop 1s\n");
    return $ship;
}

# What a server says when the user of this certificate publishes to a bucket.
sub publish_as {
    my ($certificate, $bucket, $kind) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => $at, PeerPort => 4223) or die "connect: $!";
    readline $s; # INFO; TLS follows
    IO::Socket::SSL->start_SSL($s, SSL_cert_file => "$dir/$certificate.pem", SSL_key_file => "$dir/$certificate.key",
        SSL_ca_file => "$dir/ca.pem", SSL_verifycn_scheme => 'none') or die "TLS: $IO::Socket::SSL::SSL_ERROR";
    my $head = "NATS/1.0\r\nNats-Rollup: all\r\n\r\n";
    print $s 'CONNECT {"verbose":false,"headers":true}', "\r\nHPUB \$O.$bucket.$kind.x ", length $head, ' ', length $head, "\r\n$head\r\nPING\r\n";
    my $says = '';
    while (defined(my $line = readline $s)) {
        last if $line =~ /^PONG/;
        $says .= $line if $line =~ /^-ERR/;
    }
    return $says;
}
my $last = sub { $nats->stream('SMTPTRAP')->{state}{last_seq} };
my $before = $last->();
my ($out, $err, $status) = impostor('mx1', 'mx2')->run('--once');
isnt($status, 0, 'a sensor with another\'s name cannot ship');
like($err, qr/Permissions Violation/i, 'and says why');
like(publish_as('mx1', 'smtptrap-mail-mx2', $_), qr/Permissions Violation for Publish to "\$O\.smtptrap-mail-mx2\.$_\.x"/,
    "nor put $_.x into another's bucket, or purge it") for qw(C M);
is($nats->messages('OBJ_smtptrap-mail-mx2'), 2 * $deliveries{mx2}, 'which has what it had');
is(publish_as('mx1', 'smtptrap-mail-mx1', 'C'), '', 'into its own it can');
($out, $err, $status) = impostor('mx1', 'mx1')->run('--setup');
isnt($status, 0, 'a sensor cannot make streams');
is($last->(), $before, 'nothing of that reached the stream');

my $stranger = Trap::Shipper->new(servers => ["tls://$at:4223"], sensor => 'mx1',
    nats_conf => {ca => "\"$dir/ca.pem\""}, logs => $logs[0], conf => {stop => '1s'});
($out, $err, $status) = $stranger->run('--once');
isnt($status, 0, 'without a certificate nobody is let in');
like($err, qr/cannot connect/, 'and says so');
system("cd $dir && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=other -keyout other.key -out other.pem 2>/dev/null");
my $wary = Trap::Shipper->new(servers => ["tls://$at:4223"], sensor => 'mx1', logs => $logs[0], conf => {stop => '1s'},
    nats_conf => {ca => "\"$dir/other.pem\"", certificate => "\"$dir/mx1.pem\"", key => "\"$dir/mx1.key\""});
($out, $err, $status) = $wary->run('--once');
isnt($status, 0, 'a server of another authority is not trusted');
like($err, qr/verif|certificate|SSL/i, 'and it is said why');

sh('another name', here($block{certificates}) =~ s/^openssl req -x509.*?\n\n//msr =~ s/^certificate \w+ .*\n//mgr
    . "certificate other DNS:other.example.net\n");
$nats->kill('KILL');
put('1.conf', "listen: \"$at:4223\"\nhttp: \"$at:8223\"\ntls { cert_file: \"$dir/other.pem\", key_file: \"$dir/other.key\" }\n");
$nats->start(1);
ok(wait_for(PATIENCE, sub { $nats->monitor(1, '/varz') }), 'a server with a certificate for another name runs');
($out, $err, $status) = $stranger->run('--once');
isnt($status, 0, 'it is not trusted');
like($err, qr/mismatch/, 'and it is said why');
done_testing;
