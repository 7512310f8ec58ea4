#!/usr/bin/perl
# analysis.t: the queries of doc/analysis on the logs of real sessions: jq, DuckDB and ClickHouse give
# the same answers, and those of smtptrap report; Zeek's names are those that smtptrap fields tells.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Trap;
use Trap::ClickHouse;
use Trap::Day;
use Trap::DuckDB;
use Trap::Process;

my $jq = Trap::Process::program('jq') or plan skip_all => 'there is no jq';
my $no_duckdb = Trap::DuckDB::prepare(); # while there is a network
Trap::Day::enter();
my $day = Trap::Day->new;
my @files = map { $day->files($_) } qw(session message);
my $folder = "$Trap::SOURCE/doc/analysis";
my @QUESTIONS = qw(versions_by_connection versions_by_message share_over_tls failures_by_reason never_came_back
    top_ja4 same_bodies persistent_senders dialects arms);

# ---- answers ----

# Numbers and times as every tool can be made to show them; percentages to 0.1.
sub plain {
    my ($value) = @_;
    return 'none' if !defined $value;
    # DuckDB leaves zeros off at the end of a fraction.
    return "$1T$2" . substr(($3 || '.') . '000000', 0, 7) . 'Z'
        if $value =~ /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)((?:\.\d+)?)$/;
    return $value;
}

sub plain_rows { return [map { [map { plain($_) } @$_] } @_] }

sub from_jq {
    my ($question) = @_;
    my ($lines, undef, $zcat) = Trap::Process::run('zcat', @files);
    my ($out, $err, $status) = Trap::Process::run(\$lines, $jq, '-n', '-c', '-L', $folder, qq(include "smtptrap"; $question));
    is_deeply([$zcat, $err, $status], [0, '', 0], "jq: $question is answered");
    return plain_rows(map { decode_json($_) } split /\n/, $out);
}

my %jq = map { $_ => from_jq($_) } @QUESTIONS;
cmp_ok(scalar @{$jq{$_}}, '>=', 2, "jq: $_ has rows") for @QUESTIONS;

SKIP: {
    if (defined $no_duckdb) {
        diag "SKIPPED: no query of DuckDB is tested: $no_duckdb";
        skip "DuckDB: $no_duckdb", scalar @QUESTIONS;
    }
    my @answers = Trap::DuckDB::run($day->logs, ["$folder/duckdb.sql"], map { "FROM $_" } @QUESTIONS);
    is_deeply(plain_rows(@{$answers[$_]{rows}}), $jq{$QUESTIONS[$_]}, "DuckDB: $QUESTIONS[$_] is what jq says")
        or diag explain $answers[$_], $jq{$QUESTIONS[$_]} for 0 .. $#QUESTIONS;
}

SKIP: {
    if (my $why = Trap::ClickHouse::missing()) {
        diag "SKIPPED: no query of ClickHouse is tested: $why";
        skip $why, scalar @QUESTIONS;
    }
    my $server = Trap::ClickHouse->new;
    note 'ClickHouse ' . $server->version;
    $server->file("$folder/clickhouse.sql");
    $server->load("smtptrap.$_", $day->files($_)) for qw(session message);
    is_deeply(plain_rows(@{$server->rows("SELECT * FROM smtptrap.$_")}), $jq{$_}, "ClickHouse: $_ is what jq says") for @QUESTIONS;
}

# ---- and the report ----

my ($out) = $day->trap->smtptrap(qw(report --format json --top 0 all));
my %section = map { ("$_->{table} $_->{section}" => [grep { $_->{kind} eq 'value' } @{$_->{rows}}]) } @{decode_json($out)->{sections}};

# Rows of a section: the columns named, times without fractions.
sub report_rows {
    my ($name, @columns) = @_;
    return [sort { $a->[0] cmp $b->[0] } map { my $row = $_; [map { $row->{$_} } @columns] } @{$section{$name}}];
}

sub to_seconds { return [sort { $a->[0] cmp $b->[0] } map { [map { s/\.\d{6}Z\z/Z/r } @$_] } @_] }

my %SHARES = (versions_by_connection => 'tls versions', versions_by_message => 'tls message_versions',
    share_over_tls => 'tls deliveries', failures_by_reason => 'failures reasons');
for my $question (sort keys %SHARES) {
    my @rows = @{to_seconds(@{$jq{$question}})};
    my @report = @{report_rows($SHARES{$question}, qw(value count percent addresses))};
    is_deeply([map { [@$_[0, 1, 3]] } @rows], [map { [@$_[0, 1, 3]] } @report], "$question is what the report says");
    is(scalar(grep { abs($rows[$_][2] - $report[$_][2]) > 0.1001 } 0 .. $#rows), 0, 'with the same shares');
}
is_deeply(to_seconds(@{$jq{top_ja4}}), report_rows('fingerprints ja4', qw(value count addresses first last)), 'top_ja4, too');
is_deeply([map { [@$_[0 .. 2]] } @{to_seconds(@{$jq{dialects}})}], report_rows('fingerprints dialect', qw(value count addresses)), 'dialects, too');
is_deeply([map { [@$_[0 .. 3]] } @{to_seconds(@{$jq{persistent_senders}})}],
    report_rows('senders domains', qw(value days count addresses)), 'persistent_senders, too');
my %over_tls = map { $_->{value} => $_->{count} } @{$section{'senders domains_tls'}};
is_deeply({map { $_->[0] => $_->[4] } grep { $_->[4] } @{$jq{persistent_senders}}}, \%over_tls, 'with what is over TLS');
my ($gone) = map { $_->{count} } grep { $_->{value} eq 'did not come again' } @{$section{'journeys next'}};
is(scalar @{$jq{never_came_back}}, $gone, 'never_came_back are those that did not come again');
for my $column (0 .. 4) {
    my $name = 'arms ' . (qw(connections started negotiated failed delivered))[$column];
    is_deeply({map { $_->[0] => $_->[1 + $column] } grep { $_->[1 + $column] } @{$jq{arms}}},
        {map { $_->{value} => $_->{count} } @{$section{$name}}}, $name);
}

# ---- Zeek's names ----

my ($fields) = Trap::Process::run("$Trap::BUILD/smtptrap", 'fields');
my (%zeek, %ours);
for (split /\n/, $fields) {
    my ($name, undef, $stream, undef, undef, $zeek) = split /\t/;
    next if $zeek eq '';
    $ours{$_}{$zeek} = $name for $stream eq 'both' ? qw(session message) : $stream;
}
$ours{message}{uid} = 'session_id';
my %record;
for my $stream (qw(session message)) {
    $record{$stream} = [sort { $a->{ts} cmp $b->{ts} || ($a->{session_id} // $a->{id}) cmp ($b->{session_id} // $b->{id}) } map { decode_json($_) } split /\n/, (Trap::Process::run('zcat', $day->files($stream)))[0]];
}

# What stands in our record under a name of Zeek.
sub value_of {
    my ($record, $name) = @_;
    my $of = $ours{$record->{type}}{$name};
    return "no field is $name" if !defined $of;
    return $record->{tls_outcome} eq 'negotiated' ? 1 : 0 if $name eq 'established';
    my $value = $record->{$of};
    return 'none' if !defined $value;
    return sprintf '%.6f', $value / 1e6 if $of eq 'duration_us';
    return join ' ', @$value if ref $value eq 'ARRAY';
    return JSON::PP::is_bool($value) ? $value ? 1 : 0 : $value;
}

sub same_value {
    my ($name, $value) = @_;
    return join ' ', @$value if ref $value eq 'ARRAY';
    return $value ? 1 : 0 if JSON::PP::is_bool($value);
    return sprintf '%.6f', $value if $name eq 'duration' && defined $value;
    return plain($value);
}

SKIP: {
    skip "DuckDB: $no_duckdb", 4 if defined $no_duckdb;
    my %VIEW = (conn => ['session', sub { 1 }], ssl => ['session', sub { $_[0]{tls_outcome} =~ /^(?:failed|negotiated)$/ }],
        smtp => ['message', sub { 1 }]);
    my @views = sort keys %VIEW;
    my @answers = Trap::DuckDB::run($day->logs, [map { "$folder/$_.sql" } qw(duckdb zeek)], (map { "FROM $_ ORDER BY ts, uid" } @views),
        'SELECT fingerprint, "certificate.not_valid_after", "certificate.issuer" FROM x509 ORDER BY ts');
    for my $n (0 .. $#views) {
        my ($stream, $chosen) = @{$VIEW{$views[$n]}};
        # smtp.log has tls, for which a message record has tls_outcome.
        my @columns = grep { $answers[$n]{columns}[$_] ne 'tls' } 0 .. $#{$answers[$n]{columns}};
        my @names = @{$answers[$n]{columns}}[@columns];
        my @want = map { my $r = $_; [map { value_of($r, $_) } @names] } grep { $chosen->($_) } @{$record{$stream}};
        my @got = map { my $row = $_; [map { same_value($answers[$n]{columns}[$_], $row->[$_]) } @columns] } @{$answers[$n]{rows}};
        is_deeply(\@got, \@want, "$views[$n]: each field is the one that smtptrap fields gives that name") or diag explain $got[0], $want[0];
    }
    my @want = map { [@$_{qw(client_cert_sha256 client_cert_not_after client_cert_issuer)}] } grep { $_->{client_cert_sha256} } @{$record{session}};
    is_deeply(plain_rows(@{$answers[-1]{rows}}), plain_rows(@want), 'x509: the certificates that clients showed');
}

my ($lines) = Trap::Process::run('zcat', @files);
my ($renamed, $err, $status) = Trap::Process::run(\$lines, $jq, '-n', '-c', '-L', $folder, 'include "smtptrap"; zeek_names');
is_deeply([$err, $status], ['', 0], 'jq renames the fields of records');
my @records = map { decode_json($_) } split /\n/, $lines;
my $wrong = '';
for my $row (map { decode_json($_) } split /\n/, $renamed) {
    my $r = shift @records;
    $wrong .= "$r->{id}: $_\n" for grep { same_value($_, $row->{$_}) ne value_of($r, $_) } sort keys %$row;
}
is_deeply([$wrong, scalar @records], ['', 0], 'to those that smtptrap fields tells');
done_testing;
