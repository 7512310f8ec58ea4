#!/usr/bin/perl
# report.t: smtptrap report on the logs of real sessions: every figure of every table is what jq
# computes from the same files; partial reports add up; formats are safe; what is no log is told.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IO::Compress::Gzip qw(gzip $GzipError);
use JSON::PP;
use Test::More;
use Time::Piece;
use Trap;
use Trap::Day;
use Trap::File qw(slurp spew);
use Trap::Process;

my $jq = Trap::Process::program('jq') or plan skip_all => 'there is no jq';
Trap::Day::enter();
my $work = tempdir('report-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $day_of_traffic = Trap::Day->new;
my $trap = $day_of_traffic->trap;
my %file = map { $_ => [$day_of_traffic->files($_)] } qw(session message);
cmp_ok(scalar @{$file{$_}}, '>=', 2, "there are several $_ files") for sort keys %file;

# ---- what jq says ----

my %text;
for my $stream (sort keys %file) {
    my ($out, $err, $status) = Trap::Process::run('zcat', @{$file{$stream}});
    is($status, 0, "zcat reads the $stream files");
    spew($text{$stream} = "$work/$stream.jsonl", $out);
}

sub jq {
    my ($stream, $program) = @_;
    my ($out, $err, $status) = Trap::Process::run($jq, '-s', '-c', $program, $text{$stream});
    die "jq: $err" if $status != 0;
    return decode_json($out);
}

# What jq makes of addresses: networks, and their text.
my $NETS = 'def groups: if contains("::") then (split("::") | map(split(":") | map(select(. != "")))) as [$l, $r]
        | $l + [range(8 - ($l + $r | length)) | "0"] + $r else split(":") end;
    def six: contains(":"); def net24: split(".")[0:3]; def net64: groups[0:4];
    def net: if six then (if net64 == ["0", "0", "0", "0"] then "::/64" else net64 + [":/64"] | join(":") end)
        else net24 + ["0/24"] | join(".") end; ';

# By label, in order: [label, count, addresses, /24, /64, days, first, last]; $labels makes labels of a
# record.  A record that sums up counts as so many.
sub counts {
    my ($stream, $labels) = @_;
    return jq($stream, $NETS . "[.[] | . as \$r | ($labels) | {label: ., ip: \$r.client_ip, ts: \$r.ts[0:19],
        n: (\$r.yakker_sessions // 1)}] | group_by(.label) | map([.[0].label, (map(.n) | add), ([.[].ip] | unique | length),
          ([.[].ip | select(six | not) | net24] | unique | length), ([.[].ip | select(six) | net64] | unique | length),
          ([.[].ts[0:10]] | unique | length), ([.[].ts] | min + \"Z\"), ([.[].ts] | max + \"Z\")])");
}

# A record that sums up stands for many.
my $CONNECTIONS = 'map(.yakker_sessions // 1) | add';

sub by_label { return sort { $a->[0] cmp $b->[0] } @_ }

sub report {
    my (@options) = @_;
    my ($out, $err, $status) = $trap->smtptrap('report', @options);
    is($err, '', "report @options complains of nothing");
    is($status, 0, 'and its status is 0');
    return $out;
}

sub sections_of {
    my ($json) = @_;
    return map { ("$_->{table} $_->{section}" => $_) } @{decode_json($json)->{sections}};
}

my %section = sections_of(report(qw(--format json --top 0 all)));

my $accepted = 'select(.verdict == "accepted")';
my $tls = 'select(.tls_outcome == "negotiated")';
my $failed = 'select(.tls_outcome == "failed")';
my $begun = 'select(.tls_outcome == "failed" or .tls_outcome == "negotiated")';
my $cert = "$tls | select(.client_cert_sha256)";
my $net = '.client_ip | net';
my $mailer = '(.x_mailer // "none" | sub("[ /(\\\\[-]*[0-9].*"; ""))';
my $rule = 'select(.rule) | .rule + " "';
my $own = 'select(.yakker and (.yakker_sessions | not))';
my $delivered = 'select((.messages_accepted // 0) > 0)';
my $domain = 'if .mail_from == "" then "<>" else .mail_from | split("@") | .[-1] | ascii_downcase end';
my $day = '.ts[0:10]';
my %EXPECTED = (
    'tls outcomes' => ['session', '.tls_outcome'],
    'tls versions' => ['session', "$tls | .tls_version"],
    'tls deliveries' => ['message', "$accepted | if .tls_outcome == \"negotiated\" then \"over TLS\" else \"in clear\" end"],
    'tls message_versions' => ['message', "$accepted | $tls | .tls_version"],
    'failures handshakes' => ['session', "$begun | .tls_outcome"],
    'failures reasons' => ['session', "$failed | .tls_failure"],
    'failures stages' => ['session', "$failed | .tls_stage // \"none\""],
    'failures alerts' => ['session', "$failed | .tls_alert // \"none\""],
    'failures networks' => ['session', "$failed | $net"],
    'failures addresses' => ['session', "$failed | .client_ip"],
    'failures ja4' => ['session', "$failed | .ja4 // empty"],
    'ciphers suites' => ['session', "$tls | .tls_cipher"],
    'ciphers version_suites' => ['session', "$tls | .tls_version + \" \" + .tls_cipher"],
    'ciphers message_suites' => ['message', "$accepted | $tls | .tls_cipher"],
    'groups negotiated' => ['session', "$tls | .tls_group // \"none\""],
    'groups offered' => ['session', '.hello_group_names // [] | unique | .[]'],
    'certificates shown' => ['session', "$tls | if .client_cert_sha256 then \"shown\" else \"none\" end"],
    'certificates validity' => ['session', "$cert | if .ts < .client_cert_not_before then \"not yet valid\" elif .ts > .client_cert_not_after then \"expired\" else \"valid\" end"],
    'certificates verify' => ['session', "$cert | .client_cert_verify"],
    'certificates issuers' => ['session', "$cert | .client_cert_issuer"],
    'certificates failures' => ['session', "$failed | select(.client_cert_sha256) | .tls_failure"],
    'fingerprints ja3' => ['session', '.ja3 // empty'],
    'fingerprints ja4' => ['session', '.ja4 // empty'],
    'fingerprints tcp_syn' => ['session', '.tcp_syn // empty'],
    'fingerprints dialect' => ['session', '.dialect // empty'],
    'fingerprints ja4_dialect' => ['session', 'select(.ja4 and .dialect) | .ja4 + " " + .dialect'],
    'fingerprints syn_ja4' => ['session', 'select(.ja4 and .tcp_syn) | .tcp_syn + " " + .ja4'],
    'fingerprints ja3_ja4' => ['session', 'select(.ja3 and .ja4) | .ja3 + " " + .ja4'],
    'fingerprints syn_dialect' => ['session', 'select(.dialect and .tcp_syn) | .tcp_syn + " " + .dialect'],
    'helo greetings' => ['session', 'if .helo == null then "none" elif .esmtp then "EHLO" else "HELO" end'],
    'helo forms' => ['session', 'select(.helo) | .helo | if startswith("[") then "address literal" elif test("^[0-9.]+$") then "bare address" elif . == "localhost" then "localhost" elif contains(".") then "domain" else "word without a dot" end'],
    'helo names' => ['session', '.helo // empty'],
    'dkim signed' => ['message', "$accepted | if .has_dkim then \"there\" else \"none\" end"],
    'dkim by_tls' => ['message', "$accepted | if .tls_outcome == \"negotiated\" then .tls_version else \"in clear\" end"],
    'dkim signed_by_tls' => ['message', "$accepted | select(.has_dkim) | if .tls_outcome == \"negotiated\" then .tls_version else \"in clear\" end"],
    'dkim domains' => ['message', "$accepted | .dkim_domains // [] | unique | .[]"],
    'arms connections' => ['session', '.arm // empty'],
    'arms started' => ['session', "$begun | .arm // empty"],
    'arms negotiated' => ['session', "$tls | .arm // empty"],
    'arms failed' => ['session', "$failed | .arm // empty"],
    'arms delivered' => ['session', "$delivered | .arm // empty"],
    'mailers claimed' => ['message', "$accepted | $mailer"],
    'mailers claimed_dialect' => ['message', "$accepted | select(.dialect) | $mailer + \" \" + .dialect"],
    'mailers greetings' => ['session', '.helo // empty | gsub("[0-9]+"; "#")'],
    'mailers headers' => ['session', '.dialect_string // "" | split(";")[1] // "" | select(. != "")'],
    'mailers speeches' => ['session', '.dialect_string // empty | split(";")[0]'],
    'senders domains' => ['message', "$accepted | $domain"],
    'senders domains_tls' => ['message', "$accepted | $tls | $domain"],
    'senders addresses' => ['message', "$accepted | .client_ip"],
    'senders addresses_tls' => ['message', "$accepted | $tls | .client_ip"],
    'senders networks' => ['message', "$accepted | $net"],
    'senders networks_tls' => ['message', "$accepted | $tls | $net"],
    'rules sessions' => ['session', "$rule + .rule_action"],
    'rules actions' => ['session', '.rule_action // "none"'],
    'rules phases' => ['session', "$rule + .phase"],
    'rules messages' => ['message', "$rule + .rule_action"],
    'rules verdicts' => ['message', "$rule + .verdict"],
    'rules notes' => ['session', '.rule_notes // [] | .[]'],
    'rules tags' => ['session', '.tags // [] | .[]'],
    'yakkers held' => ['session', 'if .yakker | not then "of others" elif .yakker_sessions then "of yakkers, counted" else "of yakkers, recorded" end'],
    'yakkers counted' => ['session', 'select(.yakker_sessions) | .tls_outcome'],
    'yakkers addresses' => ['session', 'select(.yakker) | .client_ip'],
    'yakkers networks' => ['session', "select(.yakker) | $net"],
    'yakkers progress' => ['session', "$own | .phase"],
    'yakkers progress_tls' => ['session', "$own | .tls_outcome"],
    'sensors connections' => ['session', '.sensor'],
    'sensors started' => ['session', "$begun | .sensor"],
    'sensors negotiated' => ['session', "$tls | .sensor"],
    'sensors failed' => ['session', "$failed | .sensor"],
    'sensors versions' => ['session', "$tls | .sensor + \" \" + .tls_version"],
    'sensors deliveries' => ['message', "$accepted | .sensor"],
    'sensors deliveries_tls' => ['message', "$accepted | $tls | .sensor"],
    'paths paths' => ['session', '(.tls_outcome + (if .tls_version and .tls_outcome == "negotiated" then " " + .tls_version else "" end)) + (if (.messages_accepted // 0) > 0 then " delivered" else " nothing" end)'],
    'growth connections' => ['session', $day],
    'growth tls' => ['session', "$tls | $day"],
    'growth messages' => ['message', "$accepted | $day"],
    'growth tls_messages' => ['message', "$accepted | $tls | $day"],
);

# The kernel keeps no SYN of some connections: not where it answers with cookies.
my @MAY_BE_EMPTY = map { "fingerprints $_" } qw(tcp_syn syn_ja4 syn_dialect);
sub rows_of {
    my ($of) = @_;
    return by_label(map { my $row = $_; [map { $row->{$_} } qw(value count addresses net24 net64), exists $row->{days} ? qw(days first last) : ()] }
        grep { $_->{kind} eq 'value' } @{$of->{rows}});
}
for my $name (sort keys %EXPECTED) {
    my @got = rows_of($section{$name});
    my $columns = @got ? $#{$got[0]} : 0;
    my @want = map { [@$_[0 .. $columns]] } by_label(@{counts(@{$EXPECTED{$name}})});
    is_deeply(\@got, \@want, "$name: what is counted, by label, is what jq counts") or diag explain \@got, \@want;
    ok(@got || grep({ $_ eq $name } @MAY_BE_EMPTY), "$name: there are some");
}
ok((grep { ($_->[7] // '') =~ /^2/ } rows_of($section{'senders domains'})), 'senders have days and times');
my $six = $day_of_traffic->has_six;
SKIP: {
    skip 'there are not many IPv6 addresses', 2 if $six < 2;
    my ($total) = grep { $_->{kind} eq 'total' } @{$section{'tls outcomes'}{rows}};
    is($total->{net64}, 4, 'addresses of four /64 came');
    my ($sender) = grep { $_->[0] eq 'six.test' } rows_of($section{'senders domains'});
    is_deeply([@$sender[1 .. 4]], [9, 9, 0, 3], 'nine addresses of three /64 delivered');
}
my @apart = ((map { "journeys $_" } qw(next offers delays ends heeded tries gave_up)), (map { "times $_" } qw(course week)));
is_deeply([sort keys %section], [sort keys %EXPECTED, @apart], 'no section is left out here');

# ---- shares ----

subtest 'shares are of what the section says' => sub {
    my %total = ('tls outcomes' => ['session', '.'], 'tls versions' => ['session', $tls],
        'tls deliveries' => ['message', $accepted], 'tls message_versions' => ['message', "$accepted | $tls"],
        'failures reasons' => ['session', $failed], 'certificates validity' => ['session', $cert],
        'groups offered' => ['session', 'select(.hello_group_names | length > 0)'],
        'rules sessions' => ['session', 'select(.rule)'], 'rules verdicts' => ['message', 'select(.rule)'],
        'rules notes' => ['session', 'select(.rule_notes)'], 'yakkers held' => ['session', '.'],
        'yakkers counted' => ['session', 'select(.yakker_sessions)'], 'yakkers addresses' => ['session', 'select(.yakker)'],
        'yakkers progress' => ['session', $own],
        'dkim domains' => ['message', "$accepted | select(.dkim_domains)"]);
    for my $name (sort keys %total) {
        my ($stream, $select) = @{$total{$name}};
        my $of = jq($stream, "[.[] | $select | .yakker_sessions // 1] | add");
        for my $row (@{$section{$name}{rows}}) {
            is($row->{of}, $of, "$name: the denominator");
            cmp_ok(abs($row->{percent} - 100 * $row->{count} / $of), '<', 0.0501, "$name: the share");
        }
        my @total = grep { $_->{kind} eq 'total' } @{$section{$name}{rows}};
        is_deeply([map { $_->{count} } @total], [$of], "$name: the total");
        is($total[0]{addresses}, jq($stream, "[.[] | . as \$r | $select | \$r.client_ip] | unique | length"),
            "$name: its addresses");
    }
};

subtest 'arms are compared with intervals after Wilson' => sub {
    my %connections = map { $_->{value} // '' => $_->{count} } @{$section{'arms connections'}{rows}};
    my $seen = 0;
    for my $row (grep { $_->{kind} eq 'value' } map { @{$section{"arms $_"}{rows}} } qw(started negotiated delivered)) {
        is($row->{of}, $connections{$row->{value}}, "$row->{value}: of the connections of the arm");
        my ($n, $k, $z) = (@$row{qw(of count)}, 1.959964);
        # The bounds p are where |k/n - p| = z sqrt(p(1-p)/n): roots of a quadratic equation.
        my ($qa, $qb, $qc) = ($n + $z**2, -(2 * $k + $z**2), $k**2 / $n);
        my @root = map { 100 * (-$qb + $_ * sqrt($qb**2 - 4 * $qa * $qc)) / (2 * $qa) } -1, 1;
        cmp_ok(abs($row->{low} - $root[0]), '<', 0.0501, 'lower bound');
        cmp_ok(abs($row->{high} - $root[1]), '<', 0.0501, 'upper bound');
        $seen++;
    }
    cmp_ok($seen, '>=', 3, 'there are some');
};

# Seconds of a ts, as a number.
sub seconds_of {
    my ($ts) = @_;
    my ($s, $fraction) = $ts =~ /^(.*)(\.\d+)Z$/;
    return Time::Piece->strptime($s, '%Y-%m-%dT%H:%M:%S')->epoch + $fraction;
}

sub delay_of {
    my ($from, $to) = @_;
    my $delay = seconds_of($to->{ts}) - seconds_of($from->{ts});
    return $delay < 1 ? '1: less than a second' : $delay < 10 ? '2: less than 10 seconds' : $delay < 60
        ? '3: less than a minute' : '4: less than 10 minutes';
}

# What came of a failed handshake: by section of the table, the label.
sub next_of {
    my ($failed, $next) = @_;
    return (next => 'did not come again') if !$next;
    my %rank = (SSLv2 => 1, SSLv3 => 2, 'TLSv1.0' => 3, 'TLSv1.1' => 4, 'TLSv1.2' => 5, 'TLSv1.3' => 6);
    my %said = (negotiated => 'negotiated TLS', offered_unused => 'did not use STARTTLS', not_offered => 'was not offered STARTTLS');
    my $outcome = $next->{tls_outcome};
    my $got = $next->{messages_accepted} ? $outcome eq 'negotiated' ? '' : ' in clear' : ' nothing';
    my ($a, $b) = map { $rank{$_->{hello_highest} // ''} } $failed, $next;
    my $begun = $outcome =~ /^(?:failed|negotiated)$/;
    return (next => $outcome eq 'failed' ? 'failed again' : "$said{$outcome}, delivered$got", delays => delay_of($failed, $next),
        $begun ? (offers => !$a || !$b ? 'not known' : $a == $b ? 'the same' : $b < $a ? 'lower' : 'higher') : (),
        $outcome eq 'not_offered' ? () : (heeded => $begun ? 'used' : 'not used'));
}

# What came of an address.
sub end_of {
    my ($first, @later) = @_;
    my $tries = grep { $_->{tls_outcome} =~ /^(?:failed|negotiated)$/ } @later;
    my @delivered = grep { $_->{messages_accepted} } @later;
    my %how = map { ($_->{tls_outcome} eq 'negotiated' ? 'over TLS' : 'in clear') => 1 } @delivered;
    return (ends => join(' and ', reverse sort keys %how) || 'nothing', tries => $tries < 4 ? $tries : '4 or more',
        %how ? () : (gave_up => @later ? delay_of($first, $later[-1]) : '0: it did not come again'));
}

subtest 'journeys' => sub {
    my $failed = jq('session', '[group_by(.client_ip)[] | sort_by(.ts) | select(any(.tls_outcome == "failed"))]');
    my %want;
    for my $sessions (@$failed) {
        my @left = @$sessions;
        shift @left while $left[0]{tls_outcome} ne 'failed';
        my %end = end_of(@left);
        $want{$_}{$end{$_}}++ for keys %end;
        while (my $s = shift @left) {
            my %next = $s->{tls_outcome} eq 'failed' ? next_of($s, $left[0]) : ();
            $want{$_}{$next{$_}}++ for keys %next;
        }
    }
    for my $name (qw(next offers delays ends heeded tries gave_up)) {
        my %got = map { @$_[0, 1] } rows_of($section{"journeys $name"});
        is_deeply(\%got, $want{$name}, "$name: as the sessions of each address say") or diag explain \%got, $want{$name};
        cmp_ok(scalar keys %got, '>=', {offers => 2, gave_up => 1, delays => 1}->{$name} // 2, "$name: of several kinds");
    }
};

# Rows of table times: [time, label, count].
sub times_of {
    my ($section) = @_;
    return [map { [$_->{time}, $_->{value}, $_->{count}] } grep { $_->{kind} eq 'value' } @{$section->{rows}}];
}

# What jq makes of sessions over TLS, with times that are cut like this.
sub course { return jq('session', "[.[] | $tls | [($_[0]), .tls_version]] | group_by(.) | map(.[0] + [length])") }

subtest 'times' => sub {
    is_deeply(times_of($section{'times course'}), course('.ts[0:13] + ":00Z"'), 'versions by hour, as the logs are short');
    for my $row (@{$section{'times course'}{rows}}) {
        my ($total) = map { $_->{count} } grep { $_->{kind} eq 'total' && $_->{time} eq $row->{time} } @{$section{'times course'}{rows}};
        is($row->{of}, $total, 'shares are of the hour');
        ok(!exists $row->{addresses}, 'addresses are not told apart');
    }
    my %day = sections_of(report(qw(--format json --by day times)));
    is_deeply(times_of($day{'times course'}), course($day), 'by day where that is asked for');
    my $week = jq('session', '[.[] | {n: (.yakker_sessions // 1), t: (.ts[0:19] + "Z" | strptime("%Y-%m-%dT%H:%M:%SZ") | strftime("%u %a %H"))}]
        | group_by(.t) | map([null, .[0].t, (map(.n) | add)])');
    is_deeply(times_of($section{'times week'}), $week, 'connections by hour of the week');
    is_deeply(times_of($day{'times week'}), $week, 'all days together, also with --by');
};

# ---- options ----

subtest '--where, --since and --until choose' => sub {
    my %s = sections_of(report(qw(--format json --where), 'tls_version = TLSv1.2', 'tls'));
    is_deeply([map { $_->{value} } grep { $_->{kind} eq 'value' } @{$s{'tls versions'}{rows}}], ['TLSv1.2'], '--where');
    my $cut = jq('session', 'sort_by(.ts) | .[6].ts');
    my $n = 0;
    for my $option ('--since', '--until') {
        my %s = sections_of(report('--format', 'json', $option, $cut));
        $n += $_->{count} for grep { $_->{kind} eq 'total' } @{$s{'tls outcomes'}{rows}};
    }
    is($n, jq('session', $CONNECTIONS), 'what is before and what is from a time on is all');
    my ($out, $err, $status) = $trap->smtptrap('report', '--where', 'tls_version <');
    is($status >> 8, 2, 'a fault in an expression is wrong usage');
    like($err, qr/column \d+/, 'with its column');
};

subtest '--by tells times apart' => sub {
    for my $by (['hour', '.ts[0:13] + ":00Z"'], ['day', $day], ['week', '.ts[0:19] + "Z" | fromdate | gmtime | mktime | . - ((. / 86400 | floor) + 3) % 7 * 86400 | todate | .[0:10]']) {
        my %s = sections_of(report('--format', 'json', '--by', $by->[0]));
        my @got = map { [$_->{time}, $_->{count}] } grep { $_->{kind} eq 'total' } @{$s{'tls outcomes'}{rows}};
        my $want = jq('session', "[.[] | {t: ($by->[1]), n: (.yakker_sessions // 1)}] | group_by(.t) | map([.[0].t, (map(.n) | add)])");
        is_deeply(\@got, $want, "by $by->[0]") or diag explain \@got, $want;
    }
};

subtest '--top puts the rest together' => sub {
    my %s = sections_of(report(qw(--format json --top 2 helo)));
    my @all = @{$section{'helo names'}{rows}};
    my @rows = @{$s{'helo names'}{rows}};
    is(scalar @rows, 4, 'two labels, the others, the total');
    is($rows[2]{others}, @all - 1 - 2, 'how many labels the others are');
    is($rows[0]{count} + $rows[1]{count} + $rows[2]{count}, $rows[3]{count}, 'counts add up');
    my ($first, $second) = map { $_->{value} } @rows[0, 1];
    my $want = jq('session', '[.[] | select(.helo != null and .helo != ' . encode_json([$first])=~ s/^\[|\]$//gr . ' and .helo != '
        . encode_json([$second]) =~ s/^\[|\]$//gr . ') | .client_ip] | unique | length');
    is($rows[2]{addresses}, $want, 'and the addresses of the others are counted once');
};

subtest '--new-since shows what was seen first from then on' => sub {
    my $since = jq('session', '[.[] | select(.ja4) | .ts[0:19]] | unique | .[length / 2 | floor] + "Z"');
    my %s = sections_of(report(qw(--format json --top 0 --new-since), $since, 'fingerprints'));
    for my $f (qw(ja3 ja4 dialect)) {
        my $want = jq('session', "[group_by(.$f)[] | select(.[0].$f != null) | select((map(.ts) | min)[0:19] + \"Z\" >= \"$since\") | .[0].$f]");
        my @rows = @{$s{"fingerprints $f"}{rows}};
        is_deeply([sort map { $_->{value} } grep { $_->{kind} eq 'value' } @rows], [sort @$want], "$f: the new ones are shown");
        my ($old) = grep { $_->{kind} eq 'others' } @rows;
        is($old->{others}, @{$section{"fingerprints $f"}{rows}} - 1 - @$want, "$f: the others are together");
    }
    my ($out, $err, $status) = $trap->smtptrap('report', '--new-since', $since, qw(--by day));
    is_deeply([$out, $status >> 8], ['', 2], 'it does not go with --by');
    like($err, qr/--new-since does not go with --by/, 'and that is said');
    ($out, $err, $status) = $trap->smtptrap(qw(report --new-since now));
    is($status >> 8, 2, 'what is no time is refused');
};

subtest 'senders that come on many days stand first' => sub {
    # The same sessions again, on other days: of one address on five, of all on two.
    my ($persistent) = map { $_->[0] } grep { $_->[1] == 1 } rows_of($section{'senders addresses'});
    my $one = "$work/days";
    mkdir $one or die "$!";
    my $text = '';
    open my $in, '<:raw', $text{message} or die "$!";
    while (my $line = <$in>) {
        my @days = $line =~ /"client_ip":"\Q$persistent\E"/ ? 1 .. 5 : 1 .. 2;
        $text .= $line =~ s/"ts":"\K[\d-]+(?=T)/2026-11-0$_/r for @days;
    }
    gzip(\$text, "$one/message-20261101T000000Z-000001.jsonl.gz") or die $GzipError;
    my %s = sections_of(report(qw(--format json --top 0 senders), $one));
    my @rows = rows_of($s{'senders addresses'});
    my ($first) = map { $_->{value} } @{$s{'senders addresses'}{rows}};
    is($first, $persistent, 'first by days, not by messages');
    is_deeply([sort map { $_->[5] } @rows], [(2) x (@rows - 1), 5], 'with the number of days');
    %s = sections_of(report(qw(--format json --top 0 --by day senders), $one));
    my @tls = map { [@$_{qw(time count of)}] } grep { ($_->{value} // '') eq 'sender.test' } @{$s{'senders domains_tls'}{rows}};
    my $domain_tls = jq('message', "[.[] | $accepted | select($domain == \"sender.test\")] | [([.[] | $tls] | length), length]");
    is_deeply(\@tls, [map { ["2026-11-0$_", @$domain_tls] } 1, 2], '--by day shows their use of TLS over time');
};

subtest 'partial reports add up to the report over all' => sub {
    my @files = map { @$_ } values %file;
    my @partial;
    for my $i (0 .. $#files) {
        my ($out, $err, $status) = Trap::Process::run("$Trap::BUILD/smtptrap", qw(report --partial all), $files[$i]);
        is($status, 0, "a partial report of file $i") or diag $err;
        push @partial, "$work/partial$i";
        spew($partial[-1], $out);
    }
    my $all = report(qw(--format json all));
    my ($out) = $trap->smtptrap(qw(report --merge --format json), @partial);
    is($out, $all, 'merged, they are the report over all files');
    ($out) = $trap->smtptrap(qw(report --merge --format json), reverse @partial);
    is($out, $all, 'in any order');
    my ($half) = $trap->smtptrap(qw(report --merge --partial), @partial[0, 1]);
    spew("$work/half", $half);
    ($out) = $trap->smtptrap(qw(report --merge --format json), "$work/half", @partial[2 .. $#partial]);
    is($out, $all, 'and merged step by step');

    my $err;
    my ($tls_only) = $trap->smtptrap(qw(report --partial tls));
    spew("$work/tls", $tls_only);
    ($out, $err, my $status) = $trap->smtptrap(qw(report --merge), $partial[0], "$work/tls");
    is($status >> 8, 1, 'one of other tables is refused');
    like($err, qr/\Q$work\E\/tls: a partial report of other tables/, 'by name');
    substr($tls_only, 40, 1) ^= "\x01";
    spew("$work/bad", $tls_only);
    ($out, $err, $status) = $trap->smtptrap(qw(report --merge), "$work/bad");
    is_deeply([$out, $status >> 8], ['', 1], 'a damaged one gives no report');
    like($err, qr/\Q$work\E\/bad: no partial report/, 'by name');
};

# ---- formats ----

subtest 'what peers sent is harmless in every format' => sub {
    my $text = report(qw(--top 0 all));
    unlike($text, qr/[\x00-\x09\x0b-\x1f\x7f]/, 'text has no control characters');
    like($text, qr/esc\\x1b\[31m/, 'they are escaped');
    my $csv = report(qw(--format csv --top 0 helo));
    like($csv, qr/,"'=cmd\|' \/C calc'!A0",/, 'a formula gets an apostrophe in CSV');
    like($csv, qr/,"a""b",/, 'a quote is doubled');
    my @lines = split /\r\n/, $csv, -1;
    is(pop @lines, '', 'lines end in CRLF');
    my %columns = map { my $l = s/"(?:[^"]|"")*"/q/gr; (scalar(my @c = split /,/, $l, -1) => 1) } @lines;
    is(scalar keys %columns, 1, 'all have as many columns');
    my $markdown = report(qw(--format markdown --top 0 helo));
    like($markdown, qr/\| \\<script\\>\\&\\\|\\`\\\* \|/, 'Markdown has no markup of theirs');
    is_deeply([grep { /^\|/ && scalar(my @c = /(?<!\\)\|/g) != 7 } split /\n/, $markdown =~ s/^## helo: names.*//msr], [], 'nor cells of theirs');
};

subtest 'what is no log is told by name and counted' => sub {
    my $dir = "$work/odd";
    mkdir $dir or die "$!";
    copy($_, $dir) or die "$_: $!" for map { @$_ } values %file;
    my ($whole) = @{$file{session}};
    my $bytes = slurp($whole);
    my %odd = ('text' => "hello\n", 'cut.gz' => substr($bytes, 0, length($bytes) / 2), 'empty.gz' => '');
    gzip(\qq({"hello":"world"}\n[1,2]\n\n), \$odd{'foreign.gz'}) or die $GzipError;
    for my $name (keys %odd) {
        spew("$dir/$name", $odd{$name});
    }
    my ($out, $err, $status) = $trap->smtptrap('report', '--format', 'json', $dir, (map { "$dir/$_" } sort keys %odd), "$dir/missing");
    is($status >> 8, 1, 'the status says that something was wrong');
    my $r = decode_json($out);
    is_deeply($r->{passed_over}, {files => 3, damaged_places => 2, lines => 3, journeys => 0}, 'all is counted') or diag $out;
    like($err, qr/\Q$dir\E\/$_/, "$_ is named") for 'text: byte 0:', 'cut.gz: byte 0:', 'foreign.gz: line 1 is no record', 'missing: ';
    my ($total) = map { $_->{count} } grep { $_->{kind} eq 'total' } @{{sections_of($out)}->{'tls outcomes'}{rows}};
    cmp_ok($total, '>=', jq('session', $CONNECTIONS), 'and the others are read all the same');
};

done_testing;
