#!/usr/bin/perl
# report.t: smtptrap report on the logs of real sessions: every figure of every table is what jq
# computes from the same files; partial reports add up; formats are safe; what is no log is told.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IO::Compress::Gzip qw(gzip $GzipError);
use IO::Socket::SSL qw(SSL_VERIFY_NONE);
use JSON::PP;
use Test::More;
use Trap;
use Trap::Cert;
use Trap::Experiment;
use Trap::Process;

my $jq = Trap::Process::program('jq') or plan skip_all => 'there is no jq';
my $work = tempdir('report-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $x = Trap::Experiment->new(weights => {legacy => 50, none => 50},
    new => {conf => {tls => {'client-certificate' => 'request'}}});
my $trap = $x->trap;
my @cert = @{(Trap::Cert::pairs())[0]};

# ---- traffic ----

my %DIALECT = (old => {SSL_cipher_list => 'ALL:@SECLEVEL=0'});
my %TLS = ('1.0' => 'TLSv1', '1.1' => 'TLSv1_1', '1.2' => 'TLSv1_2', '1.3' => 'TLSv1_3');

# An address of an arm: the next, or the same again.
my %address;
sub address_of {
    my ($arm, $name) = @_;
    return $address{$arm}{$name} //= $x->arms->address($arm);
}

# A session: greeting, TLS (a version), messages.
sub session {
    my (%o) = @_;
    my $c = $trap->client(local => $o{ip});
    my $greeting = $o{greeting} // 'EHLO client.test';
    $c->cmd($greeting) if $greeting ne '';
    if ($o{tls}) {
        $c->starttls(SSL_version => $TLS{$o{tls}}, %{$DIALECT{old}}, %{$o{with} // {}});
        $c->cmd($greeting);
    }
    my $n = 0;
    $c->send_message(from => $o{from} // 'a@client.test', data => $_) for @{$o{messages} // []};
    $c->quit;
    return $trap->session_of($c);
}

# A handshake that fails: by bytes of the client, or because it leaves.
sub fails {
    my ($ip, $bytes) = @_;
    my $c = $trap->client(local => $ip);
    $c->cmd('EHLO fails.test');
    $c->cmd('STARTTLS');
    $c->send($bytes) if defined $bytes;
    $c->drain if defined $bytes;
    $c->close;
    return $trap->session_of($c);
}

# A handshake that fails behind a good ClientHello: this client has no cipher in common.
sub fail_with {
    my ($ip, %with) = @_;
    my $c = $trap->client(local => $ip);
    $c->cmd('EHLO fails.test');
    eval { $c->starttls(%with) };
    $c->close;
    return $trap->session_of($c);
}

my $ALERT = "\x15\x03\x01\x00\x02\x02\x28";
my $plain = "Subject: plain\r\n\r\nx\r\n";
my $signed = "DKIM-Signature: v=1; d=one.test; s=a\r\nDKIM-Signature: v=1; d=two.test; s=a\r\n"
    . "DKIM-Signature: v=1; d=one.test; s=b\r\nX-Mailer: Swift 1.2\r\n\r\nx\r\n";
my $mailer = "User-Agent: Evil/7\r\nSubject: <script>alert(1)</script>\r\n\r\nx\r\n";

session(ip => address_of('legacy', "v$_"), tls => $_, messages => [$plain]) for sort keys %TLS;
session(ip => address_of('legacy', 'v1.2'), tls => '1.2', messages => [$plain, $signed, $mailer],
    from => 'x@SENDER.test');
session(ip => address_of('legacy', 'cert'), tls => '1.2', from => '',
    with => {SSL_cert_file => $cert[0], SSL_key_file => $cert[1]}, messages => [$signed]);
session(ip => address_of('none', "n$_"), messages => [$plain, $signed]) for 1 .. 3;
session(ip => address_of('legacy', 'unused'), messages => [$mailer], from => 'y@sender.test');
session(ip => address_of('none', 'helo'), greeting => $_) for 'HELO old', 'HELO [127.0.0.1]',
    'EHLO 127.0.0.1', 'EHLO localhost', '', "EHLO =cmd|' /C calc'!A0", 'EHLO <script>&|`*',
    "EHLO esc\x1b[31m", "EHLO \xff\xfe", 'EHLO a"b';
$trap->rotate;

my $sometimes = address_of('legacy', 'sometimes');
fails($sometimes, $ALERT);
fails($sometimes);
session(ip => $sometimes, tls => '1.0', messages => [$plain]);
my $gives_up = address_of('legacy', 'gives up');
fails($gives_up, "no TLS at all\r\n");
my $goes_clear = address_of('legacy', 'goes clear');
fails($goes_clear, $ALERT);
session(ip => $goes_clear, messages => [$plain]);
fail_with(address_of('legacy', 'suites'), SSL_version => 'TLSv1_2', SSL_cipher_list => 'NULL-SHA256:@SECLEVEL=0');
fail_with(address_of('legacy', 'suites'), SSL_version => 'TLSv1_2', SSL_verify_mode => 1, SSL_ca_file => $cert[0],
    SSL_verifycn_name => 'other.test', SSL_verifycn_scheme => 'smtp', SSL_cipher_list => 'ALL:@SECLEVEL=0');
session(ip => address_of('legacy', 'suites'), tls => '1.1');
$trap->done;

my $logs = $trap->logs;
my %file = map { my $stream = $_; $stream => [glob "$logs/$stream-*.jsonl.gz"] } qw(session message);
cmp_ok(scalar @{$file{$_}}, '>=', 2, "there are several $_ files") for sort keys %file;

# ---- what jq says ----

my %text;
for my $stream (sort keys %file) {
    my ($out, $err, $status) = Trap::Process::run('zcat', @{$file{$stream}});
    is($status, 0, "zcat reads the $stream files");
    open my $f, '>:raw', $text{$stream} = "$work/$stream.jsonl" or die "$!";
    print $f $out;
    close $f or die "$!";
}

sub jq {
    my ($stream, $program) = @_;
    my ($out, $err, $status) = Trap::Process::run($jq, '-s', '-c', $program, $text{$stream});
    die "jq: $err" if $status != 0;
    return decode_json($out);
}

# Counts by label: [label, count, addresses, /24] in order; program makes labels of a record.
sub counts {
    my ($stream, $labels) = @_;
    return jq($stream, "[.[] | . as \$r | ($labels) | {label: ., ip: \$r.client_ip}] | group_by(.label)
        | map([.[0].label, length, ([.[].ip] | unique | length),
          ([.[].ip | split(\".\")[0:3]] | unique | length)])");
}

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
my $net = '.client_ip | split(".") | .[0:3] + ["0/24"] | join(".")';
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
    'mailers claimed' => ['message', "$accepted | .x_mailer // \"none\" | sub(\"[ /(\\\\[-]*[0-9].*\"; \"\")"],
    'mailers headers' => ['session', '.dialect_string // "" | split(";")[1] // "" | select(. != "")'],
    'mailers speeches' => ['session', '.dialect_string // empty | split(";")[0]'],
    'senders domains' => ['message', "$accepted | $domain"],
    'senders domains_tls' => ['message', "$accepted | $tls | $domain"],
    'senders addresses' => ['message', "$accepted | .client_ip"],
    'senders addresses_tls' => ['message', "$accepted | $tls | .client_ip"],
    'senders networks' => ['message', "$accepted | $net"],
    'senders networks_tls' => ['message', "$accepted | $tls | $net"],
    'paths paths' => ['session', '(.tls_outcome + (if .tls_version and .tls_outcome == "negotiated" then " " + .tls_version else "" end)) + (if (.messages_accepted // 0) > 0 then " delivered" else " nothing" end)'],
    'growth connections' => ['session', $day],
    'growth tls' => ['session', "$tls | $day"],
    'growth messages' => ['message', "$accepted | $day"],
    'growth tls_messages' => ['message', "$accepted | $tls | $day"],
);

my @MAY_BE_EMPTY = ('certificates failures', 'fingerprints tcp_syn', 'fingerprints syn_ja4');
for my $name (sort keys %EXPECTED) {
    my @want = by_label(@{counts(@{$EXPECTED{$name}})});
    my @got = by_label(map { [@$_{qw(value count addresses net24)}] } grep { $_->{kind} eq 'value' } @{$section{$name}{rows}});
    is_deeply(\@got, \@want, "$name: labels, counts, addresses and networks are those that jq finds")
        or diag explain \@got, \@want;
    ok(@got || grep({ $_ eq $name } @MAY_BE_EMPTY), "$name: there are some");
}
my @apart = ((map { "journeys $_" } qw(next offers delays ends)), (map { "times $_" } qw(course week)));
is_deeply([sort keys %section], [sort keys %EXPECTED, @apart], 'no section is left out here');

# ---- shares ----

subtest 'shares are of what the section says' => sub {
    my %total = ('tls outcomes' => ['session', '.tls_outcome'], 'tls versions' => ['session', $tls],
        'tls deliveries' => ['message', $accepted], 'tls message_versions' => ['message', "$accepted | $tls"],
        'failures reasons' => ['session', $failed], 'certificates validity' => ['session', $cert],
        'groups offered' => ['session', 'select(.hello_group_names | length > 0)'],
        'dkim domains' => ['message', "$accepted | select(.dkim_domains)"]);
    for my $name (sort keys %total) {
        my ($stream, $select) = @{$total{$name}};
        my $of = jq($stream, "[.[] | $select] | length");
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

subtest 'journeys' => sub {
    my $pairs = jq('session', '[group_by(.client_ip)[] | sort_by(.ts) | . as $s | range(length) | select($s[.].tls_outcome == "failed") | [$s[.], $s[. + 1]]]');
    my (%next, %delay, %offer, %address);
    my @order = qw(SSLv2 SSLv3 TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3);
    my %rank = map { $order[$_] => $_ + 1 } 0 .. $#order;
    my %said = (negotiated => 'negotiated TLS', offered_unused => 'did not use STARTTLS', not_offered => 'was not offered STARTTLS');
    for (@$pairs) {
        my ($f, $n) = @$_;
        $address{$f->{client_ip}} = 1;
        if (!$n) { $next{'did not come again'}++; next }
        my $got = $n->{messages_accepted} ? 1 : 0;
        $next{$n->{tls_outcome} eq 'failed' ? 'failed again' : $said{$n->{tls_outcome}} . ', delivered'
            . ($got ? $n->{tls_outcome} eq 'negotiated' ? '' : ' in clear' : ' nothing')}++;
        my ($a, $b) = map { $rank{$_->{hello_highest} // ''} } $f, $n;
        $offer{!$a || !$b ? 'not known' : $a == $b ? 'the same' : $b < $a ? 'lower' : 'higher'}++
            if $n->{tls_outcome} =~ /^(?:failed|negotiated)$/;
    }
    my %got = map { my $s = $_; $s => {map { $_->{value} => $_->{count} } grep { $_->{kind} eq 'value' } @{$section{"journeys $s"}{rows}}} }
        qw(next offers delays ends);
    is_deeply($got{next}, \%next, 'what came next') or diag explain \%got, \%next;
    is_deeply($got{offers}, \%offer, 'which version was offered then') or diag explain \%got, \%offer;
    my $again = @$pairs - ($next{'did not come again'} // 0);
    my $sum = 0;
    $sum += $_ for values %{$got{delays}};
    is($sum, $again, 'each that came again has a delay');
    is_deeply($got{ends}, {'over TLS' => 1, 'in clear' => 1, nothing => 2}, 'and how it ended for each address');
    is($next{'failed again'}, 2, 'some failed again');
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
    my $week = jq('session', '[.[] | .ts[0:19] + "Z" | strptime("%Y-%m-%dT%H:%M:%SZ") | strftime("%u %a %H")] | group_by(.) | map([null, .[0], length])');
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
    is($n, jq('session', 'length'), 'what is before and what is from a time on is all');
    my ($out, $err, $status) = $trap->smtptrap('report', '--where', 'tls_version <');
    is($status >> 8, 2, 'a fault in an expression is wrong usage');
    like($err, qr/column \d+/, 'with its column');
};

subtest '--by tells times apart' => sub {
    for my $by (['hour', '.ts[0:13] + ":00Z"'], ['day', $day], ['week', '.ts[0:19] + "Z" | fromdate | gmtime | mktime | . - ((. / 86400 | floor) + 3) % 7 * 86400 | todate | .[0:10]']) {
        my %s = sections_of(report('--format', 'json', '--by', $by->[0]));
        my @got = map { [$_->{time}, $_->{count}] } grep { $_->{kind} eq 'total' } @{$s{'tls outcomes'}{rows}};
        my $want = jq('session', "[.[] | $by->[1]] | group_by(.) | map([.[0], length])");
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

subtest 'partial reports add up to the report over all' => sub {
    my @files = map { @$_ } values %file;
    my @partial;
    for my $i (0 .. $#files) {
        my ($out, $err, $status) = Trap::Process::run("$Trap::BUILD/smtptrap", qw(report --partial all), $files[$i]);
        is($status, 0, "a partial report of file $i") or diag $err;
        push @partial, "$work/partial$i";
        open my $f, '>:raw', $partial[-1] or die "$!";
        print $f $out;
        close $f or die "$!";
    }
    my $all = report(qw(--format json all));
    my ($out) = $trap->smtptrap(qw(report --merge --format json), @partial);
    is($out, $all, 'merged, they are the report over all files');
    ($out) = $trap->smtptrap(qw(report --merge --format json), reverse @partial);
    is($out, $all, 'in any order');
    my ($half) = $trap->smtptrap(qw(report --merge --partial), @partial[0, 1]);
    open my $f, '>:raw', "$work/half" or die "$!";
    print $f $half;
    close $f or die "$!";
    ($out) = $trap->smtptrap(qw(report --merge --format json), "$work/half", @partial[2 .. $#partial]);
    is($out, $all, 'and merged step by step');

    my $err;
    my ($tls_only) = $trap->smtptrap(qw(report --partial tls));
    open $f, '>:raw', "$work/tls" or die "$!";
    print $f $tls_only;
    close $f or die "$!";
    ($out, $err, my $status) = $trap->smtptrap(qw(report --merge), $partial[0], "$work/tls");
    is($status >> 8, 1, 'one of other tables is refused');
    like($err, qr/\Q$work\E\/tls: a partial report of other tables/, 'by name');
    substr($tls_only, 40, 1) ^= "\x01";
    open $f, '>:raw', "$work/bad" or die "$!";
    print $f $tls_only;
    close $f or die "$!";
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
    open my $in, '<:raw', $whole or die "$!";
    my $bytes = do { local $/; <$in> };
    my %odd = ('text' => "hello\n", 'cut.gz' => substr($bytes, 0, length($bytes) / 2), 'empty.gz' => '');
    gzip(\qq({"hello":"world"}\n[1,2]\n\n), \$odd{'foreign.gz'}) or die $GzipError;
    for my $name (keys %odd) {
        open my $f, '>:raw', "$dir/$name" or die "$!";
        print $f $odd{$name};
        close $f or die "$!";
    }
    my ($out, $err, $status) = $trap->smtptrap('report', '--format', 'json', $dir, (map { "$dir/$_" } sort keys %odd), "$dir/missing");
    is($status >> 8, 1, 'the status says that something was wrong');
    my $r = decode_json($out);
    is_deeply($r->{passed_over}, {files => 3, damaged_places => 2, lines => 3, journeys => 0}, 'all is counted') or diag $out;
    like($err, qr/\Q$dir\E\/$_/, "$_ is named") for 'text: byte 0:', 'cut.gz: byte 0:', 'foreign.gz: line 1 is no record', 'missing: ';
    my ($total) = map { $_->{count} } grep { $_->{kind} eq 'total' } @{{sections_of($out)}->{'tls outcomes'}{rows}};
    cmp_ok($total, '>=', jq('session', 'length'), 'and the others are read all the same');
};

done_testing;
