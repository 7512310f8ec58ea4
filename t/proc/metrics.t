#!/usr/bin/perl
# metrics.t: smtptrap metrics tells what is recorded, in text that Prometheus takes, on standard output
# and over HTTP; what peers and HTTP clients send does it no harm.
use strict;
use warnings;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Socket qw(AF_UNIX PF_UNSPEC SHUT_WR SOCK_STREAM);
use Test::More;
use Time::HiRes qw(time);
use Trap qw(wait_for);
use Trap::File qw(slurp spew);
use Trap::Process;

my $trap = Trap->new;
my @metrics = ("$Trap::BUILD/smtptrap", '-f', $trap->conf_file, 'metrics');

sub page {
    my ($text, $err, $status) = Trap::Process::run(@metrics, @_);
    is($status, 0, "metrics @_ succeeds") or diag $err;
    return $text;
}

# Samples by name and labels.
sub samples { return map { /^(\w+(?:\{.*\})?) ([0-9.]+)$/ ? ($1 => $2) : () } split /\n/, $_[0] }

my $empty = page();
my %before = samples($empty);
is($before{smtptrap_up}, 1, 'it is up');
is($before{'smtptrap_sessions_total{tls_outcome="negotiated"}'}, 0, 'what did not happen yet is 0');
unlike($empty, qr/"other"/, 'other names are shown only when there was one');
cmp_ok(abs($before{smtptrap_start_time_seconds} - time), '<', 300, 'the start is told in seconds');

# ---- what happened ----

my $hostile = qq{x"} . "\n# EOF\\ \x1b[2J";
my $c = $trap->client;
$c->cmd('EHLO ' . $hostile =~ s/\n//r);
$c->send_message(data => "Subject: plain\r\n\r\nplain\r\n");
$c->quit;
my @versions = ('TLSv1_2', 'TLSv1_3');
for my $version (@versions) {
    my $t = $trap->client;
    $t->cmd('EHLO tls.test');
    $t->starttls(SSL_version => $version);
    $t->cmd('EHLO tls.test');
    $t->send_message(data => "Subject: $version\r\n\r\n$_\r\n") for 1 .. 2;
    $t->quit;
}
my $f = $trap->client;
$f->cmd('EHLO fails.test');
$f->cmd('STARTTLS');
$f->send("GET / HTTP/1.0\r\n\r\n");
$f->drain;
$f->close;
my @records = map { $trap->session_of($_) } $c, $f;
$trap->wait_count('session', 4);
$trap->wait_count('message', 5);

# The counters are of what stands in the files, so they have it as soon as those.
my %now;
ok(wait_for(60, sub {
    %now = samples((Trap::Process::run(@metrics))[0]);
    return $now{'smtptrap_sessions_total{tls_outcome="failed"}'}
        && $now{'smtptrap_session_ends_total{end_reason="quit"}'} == 3
        && $now{'smtptrap_messages_total{verdict="accepted",tls_version="TLSv1.3"}'} == 2;
}), 'what is recorded is counted');
my %expected = (
    'smtptrap_sessions_total{tls_outcome="negotiated"}' => 2,
    'smtptrap_sessions_total{tls_outcome="offered_unused"}' => 1,
    'smtptrap_sessions_total{tls_outcome="failed"}' => 1,
    'smtptrap_tls_sessions_total{tls_version="TLSv1.2"}' => 1,
    'smtptrap_tls_sessions_total{tls_version="TLSv1.3"}' => 1,
    'smtptrap_tls_failures_total{tls_failure="not_tls"}' => 1,
    'smtptrap_messages_total{verdict="accepted",tls_version="none"}' => 1,
    'smtptrap_messages_total{verdict="accepted",tls_version="TLSv1.2"}' => 2,
    'smtptrap_messages_total{verdict="rejected",tls_version="none"}' => 0,
    'smtptrap_refusing' => 0, 'smtptrap_log_bad_frames_total' => 0,
);
is($now{$_}, $expected{$_}, $_) for sort keys %expected;
my @all = $trap->records('session');
for (['smtptrap_received_bytes_total', 'bytes_in', 1], ['smtptrap_sent_bytes_total', 'bytes_out', 1],
    ['smtptrap_session_duration_seconds_total', 'duration_us', 1e6]) {
    my ($name, $field, $unit) = @$_;
    my $sum = 0;
    $sum += $_->{$field} for @all;
    cmp_ok(abs($now{$name} - $sum / $unit), '<', 1e-6, "$name is the sum of $field");
}
my $sum = 0;
$sum += $_->{size} for $trap->records('message');
is($now{smtptrap_message_bytes_total}, $sum, 'smtptrap_message_bytes_total is that of size');

my @back = grep { /_total/ && $now{$_} < $before{$_} } keys %before;
is("@back", '', 'no counter went back');

# ---- the form ----

my $open = page();
my $old = page('--format', 'prometheus');
like($open, qr/^# EOF\n\z/m, 'OpenMetrics ends with its mark');
is(() = $open =~ /^# EOF$/mg, 1, 'which stands there once');
like($open, qr/^# UNIT smtptrap_received_bytes bytes$/m, 'units are told');
like($open, qr/^smtptrap_build_info\{version="[\d.]+"\} 1$/m, 'the release is told');
unlike($open, qr/fails\.test|\x1b/, 'nothing that a peer said is in it');
unlike($old, qr/EOF|UNIT|\binfo$/m, 'the older format has none of what came later');
is(join(' ', sort grep { !/log_|start_time|workers/ } %{{samples($old)}}),
    join(' ', sort grep { !/log_|start_time|workers/ } %{{samples($open)}}), 'but the same samples');
my %help = $old =~ /^# HELP (\S+) (.*)$/mg;
is(scalar(grep { /\.$/ } values %help), scalar keys %help, 'each family has its help');

SKIP: {
    my $promtool = Trap::Process::program('promtool') or skip 'there is no promtool', 2;
    my ($out, $err, $status) = Trap::Process::run(\$old, $promtool, 'check', 'metrics');
    is($status, 0, 'promtool check metrics takes it');
    is("$out$err", '', 'and has nothing to say');
}
SKIP: {
    my ($python) = grep { -x && system("$_ -c 'import prometheus_client' 2>/dev/null") == 0 }
        Trap::Process::program('python3') // (), '/usr/bin/python3';
    skip 'Python has no prometheus_client', 2 if !$python;
    my ($out, $err, $status) = Trap::Process::run(\$open, $python, '-c', <<'END');
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(sum(len(f.samples) for f in text_string_to_metric_families(sys.stdin.read())))
END
    is($status, 0, "OpenMetrics' own parser takes it") or diag $err;
    is($out + 0, scalar(keys %{{samples($open)}}), 'all of it');
}

# ---- HTTP ----

# What --serve answers, on a socket pair; a pause between pieces.
sub ask {
    my (@pieces) = @_;
    socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        close $ours;
        open STDIN, '<&', $theirs;
        open STDOUT, '>&', $theirs;
        close $theirs;
        exec @metrics, '--serve' or POSIX::_exit(127);
    }
    close $theirs;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $ours, $_ for @pieces;
    local $/;
    my $answer = <$ours> // '';
    close $ours;
    waitpid $pid, 0;
    is($?, 0, 'it leaves in order');
    return $answer;
}

my $get = "GET /metrics HTTP/1.1\r\nHost: a\r\n";
my $answer = ask("$get\r\n");
like($answer, qr{^HTTP/1\.1 200 OK\r\n}, 'GET of the page');
like($answer, qr{\r\nContent-Type: text/plain; version=0\.0\.4; charset=utf-8\r\n}, 'in the older format');
my ($head, $body) = split /\r\n\r\n/, $answer, 2;
is(($head =~ /Content-Length: (\d+)/)[0], length $body, 'with its length');
like($body, qr/^smtptrap_up 1$/m, 'and its samples');
like(ask("${get}Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n\r\n"),
    qr{Content-Type: application/openmetrics-text; version=1\.0\.0;.*# EOF\n\z}s, 'OpenMetrics where it is accepted');
like(ask(map { $_ } split //, "$get\r\n"), qr/ 200 OK/, 'a request in pieces');
my $only = ask("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
like($only, qr/ 200 OK.*Content-Length: [1-9].*\r\n\r\n\z/s, 'HEAD gets the head alone');
my %answers = (
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n" => 404,
    "GET /metrics/../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n" => 404,
    "POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n" => 405,
    "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd" => 400,
    "GET /metrics HTTP/1.1\r\n\r\n" => 400,
    "\x16\x03\x01\x02\x00\n" => 400,
    "GET /" . 'x' x 100000 => 400,
    $get . "X: y\r\n" x 100 . "\r\n" => 400,
);
like(ask($_), qr{^HTTP/1\.1 $answers{$_} }, substr($_, 0, 40) =~ s/[^ -~]/./gr . " gets $answers{$_}")
    for sort keys %answers;
like(ask("POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n"), qr/\r\nAllow: GET, HEAD\r\n/, '405 tells what is allowed');

# Who says nothing is told so, and not for ever.
my $start = time;
like(ask('GET'), qr{^HTTP/1\.1 408 }, 'who does not go on is told');
cmp_ok(time - $start, '>', 4.5, 'when its time is over');

# ---- without the trap, and with another ----

is((Trap::Process::run(@metrics, '--format', 'xml'))[2] >> 8, 2, 'an unknown format is wrong usage');
is((Trap::Process::run(@metrics, '--serve', '--format', 'prometheus'))[2] >> 8, 2,
    'over HTTP the format is not ours to say');
$trap->restart;
%now = samples(page());
is($now{'smtptrap_sessions_total{tls_outcome="failed"}'}, 0, 'counters begin anew with the trap');
cmp_ok($now{smtptrap_start_time_seconds}, '>', $before{smtptrap_start_time_seconds}, 'which the start time tells');

SKIP: {
    my $prometheus = Trap::Process::program('prometheus') or skip 'there is no Prometheus', 4;
    scrape($prometheus);
}

$trap->stop;
my ($out, $err, $status) = Trap::Process::run(@metrics);
is($status >> 8, 1, 'without a trap it fails');
is($out, '', 'and prints nothing');
like($err, qr{status\.sock: (?:Connection refused|No such file)}, 'but what it asked');
my $down = ask("${get}Accept: application/openmetrics-text\r\n\r\n");
like($down, qr/ 200 OK.*^smtptrap_up 0\n# EOF\n\z/ms, 'over HTTP it says that the trap is down');
is(join("\n", $trap->unexpected), '', 'the trap says nothing about itself that was not expected');
done_testing;

# A real server that scrapes us once a second: each connection is one --serve, as systemd starts it.
sub scrape {
    my ($prometheus) = @_;
    my $dir = tempdir('prometheus-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $listen = IO::Socket::INET->new(LocalAddr => $Trap::ADDRESS, Listen => 16, Timeout => 60) or die "listen: $@";
    my $address = "$Trap::ADDRESS:" . $listen->sockport;
    my $web = IO::Socket::INET->new(LocalAddr => $Trap::ADDRESS, Listen => 1) or die "listen: $@";
    my $port = $web->sockport;
    close $web;
    spew("$dir/prometheus.yml", "scrape_configs:\n- job_name: trap\n  scrape_interval: 1s\n  scrape_timeout: 1s\n"
        . "  static_configs: [{targets: ['$address']}]\n");
    my $server = fork // die "fork: $!";
    if ($server == 0) {
        open STDOUT, '>', "$dir/log";
        open STDERR, '>&', \*STDOUT;
        exec 'setpriv', '--pdeathsig', 'KILL', $prometheus, "--config.file=$dir/prometheus.yml",
            "--storage.tsdb.path=$dir/data", "--web.listen-address=$Trap::ADDRESS:$port"
            or POSIX::_exit(127);
    }
    my ($client, $scrapes, $text, $up) = (undef, 0, '', '');
    while ($client = $listen->accept) {
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            open STDIN, '<&', $client;
            open STDOUT, '>&', $client;
            exec @metrics, '--serve' or POSIX::_exit(127);
        }
        close $client;
        waitpid $pid, 0;
        # Asked while it is served: behind that the next scrape fails.
        $text = query("$Trap::ADDRESS:$port", 'smtptrap_sessions_total');
        $up = query("$Trap::ADDRESS:$port", 'up');
        last if $scrapes++ > 60 || $text =~ /"__name__"/ && $up =~ /"1"/;
    }
    my $result = eval { decode_json($text)->{data}{result} } // [];
    is(scalar @$result, 5, 'Prometheus has the sessions by outcome') or diag $text, slurp("$dir/log");
    like($up, qr/"1"/, 'the scrape is up for it');
    my $types = eval { decode_json(get("$Trap::ADDRESS:$port", '/api/v1/metadata'))->{data} } // {};
    is($types->{smtptrap_messages_total}[0]{type} // $types->{smtptrap_messages}[0]{type}, 'counter',
        'it knows the types');
    is($types->{smtptrap_received_bytes_total}[0]{unit} // $types->{smtptrap_received_bytes}[0]{unit},
        'bytes', 'and units');
    kill 'KILL', $server;
    waitpid $server, 0;
}

sub query { return get($_[0], "/api/v1/query?query=$_[1]") }

sub get {
    my ($address, $target) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => $address, Timeout => 10) or return '';
    print $s "GET $target HTTP/1.0\r\nHost: $address\r\n\r\n";
    local $/;
    return (<$s> // '') =~ s/^.*?\r\n\r\n//sr;
}
