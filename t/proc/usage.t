#!/usr/bin/perl
# usage.t: what the reader says to who asks how it is used, and to who got it wrong: help for every
# command, the word that was probably meant, times as people write them, who may read the logs.
use strict;
use warnings;
use File::Temp qw(tempdir);
use POSIX qw(strftime);
use Test::More;
use Trap::Process;

my $build = $ENV{TRAP_BUILD} // '.';
my $source = $ENV{TRAP_SOURCE} // '.';
my $work = tempdir(CLEANUP => 1);
chmod 0755, $work;

# [output, standard error, exit status]
sub reader {
    my ($out, $err, $status) = Trap::Process::run("$build/smtptrap", @_);
    return ($out, $err, $status >> 8);
}

sub slurp {
    my ($path) = @_;
    open my $f, '<', $path or die "$path: $!\n";
    local $/;
    return <$f>;
}

my ($help, $err, $rc) = reader('--help');
is_deeply([$err, $rc], ['', 0], '--help succeeds');
my @commands = $help =~ /^  ([a-z]+) {2,}\S/mg;
cmp_ok(scalar @commands, '>=', 12, 'and lists the commands: ' . join ' ', @commands);
is((reader('-h'))[0], $help, '-h is the same');
is((reader('help'))[0], $help, 'so is help');
like((reader('--version'))[0], qr/^smtptrap [0-9.]+\n\z/, '--version tells it');

my $page = slurp("$source/doc/smtptrap.1") . slurp("$source/doc/smtptrap-report.1") . slurp("$source/doc/smtptrap-export.1")
    . slurp("$source/doc/smtptrap-metrics.1");
$page =~ s/\\-/-/g;
for my $command (@commands) {
    my ($text, $said, $status) = reader($command, '--help');
    is_deeply([$said, $status], ['', 0], "$command --help succeeds");
    like($text, qr/\Ausage: smtptrap .*\b$command\b.*\n\nmanual: smtptrap/s, 'with the forms first and the manual last');
    is((reader('help', $command))[0], $text, "help $command is the same");
    my %option = map { $_ => 1 } $text =~ /--([a-z][a-z0-9-]+)/g;
    is_deeply([grep { $page !~ / -\Q$_\E\b/ } sort keys %option], [], 'its options are in the manual');
    # Each that is told is taken: what follows it may be wrong, but not the option.
    for my $option (sort keys %option) {
        my (undef, $complaint) = reader($command, "--$option");
        unlike($complaint, qr/unrecognized option/, "$command takes --$option") if $option ne 'help';
    }
}

my @tables = (reader('report', '--help'))[0] =~ /^tables.*?:\n(.*?)^  all\b/ms ? $1 =~ /^  ([a-z]+) /mg : ();
is(scalar @tables, 18, 'report --help lists all tables');

# ---- what is wrong ----

for (
    [['reprot'], qr/^smtptrap: no command 'reprot' \(did you mean 'report'\?\)$/m],
    [['quux'], qr/^smtptrap: no command 'quux'$/m],
    [['help', 'reprot'], qr/did you mean 'report'/],
    [['report', 'failurs'], qr/neither a table nor a file 'failurs' \(did you mean 'failures'\?\); tables: tls failures .* sensors all$/m],
    [['report', '--by', 'month'], qr/^smtptrap: --by: 'month' is not hour, day or week$/m],
    [['report', '--fromat', 'csv'], qr/^smtptrap report: unrecognized option '--fromat'$/m],
    [['report', '--merge'], qr/--merge: files of partial reports are missing/],
    [['report', '--merge', '--since', '1d', 'x'], qr/--merge: selection and --by are those of the partial reports/],
    [['cat', '--stream', 'sessions'], qr/--stream: 'sessions' is not session or message/],
    [['cat', '--field', 'tls_outcom=failed'], qr/no field 'tls_outcom' \(did you mean 'tls_outcome'\?\)/],
    [['cat', '--field', 'zzzzzz=1'], qr/'zzzzzz' is no field that can be chosen by; smtptrap fields lists them/],
    [['follow', '--until', '1h'], qr/what is to come has no end/],
    [['follow', 'x'], qr/what is 'x'\?/],
    [['mail'], qr/identifiers, or a form .* for all messages/],
    [['mail', '--maildir'], qr/a folder is to be named/],
    [['mail', '--since', '1h', '019aab1d-1040-7000-957c-4a7fb979379e'], qr/either identifiers or a selection/],
    [['show'], qr/the identifier of a session or a message is missing/],
    [['export'], qr/--as csv, ecs, xarf or zeek is missing/],
    [['export', '--as', 'json'], qr/--as: 'json' is not csv, ecs, xarf or zeek/],
    [['metrics', '--format', 'xml'], qr/--format: 'xml' is not openmetrics or prometheus/],
    [['status', '--json', '--check'], qr/one of --json and --check/],
    [['verify', '--all'], qr/one directory, and no option, is checked/],
) {
    my ($arguments, $want) = @$_;
    my ($out, $said, $status) = reader(@$arguments);
    is_deeply([$out, $status], ['', 2], "'@$arguments' exits 2");
    like($said, $want, 'and says what is wrong');
}

# ---- times ----

# Sessions at the start of yesterday, of today, and a second before each, in UTC.
my $today = int(time / 86400) * 86400;
my $logs = "$work/logs";
mkdir $logs or die "$logs: $!";
my $seq = 0;
open my $f, '>', "$work/records.jsonl" or die "$!";
for my $at ($today - 86401, $today - 86400, $today - 1, $today) {
    printf $f '{"v":1,"type":"session","id":"019aab1d-1040-7000-957c-%012d","seq":%d,"ts":"%s.000000Z","sensor":"s",'
        . '"client_ip":"192.0.2.1","tls_outcome":"not_offered"}' . "\n", ++$seq, $seq, strftime('%FT%T', gmtime $at);
}
close $f or die "$!";
sub chosen {
    my $text = (reader('report', '--format', 'json', @_, "$work/records.jsonl"))[0];
    return $text =~ /"sessions":(\d+)/ ? $1 : 'none';
}
my @chosen = map { chosen(@$_) } ['--since', 'yesterday'], ['--since', 'yesterday', '--until', 'today'], ['--since', 'today'],
    ['--since', '1w'], ['--since', '1w', '--until', '3d'];
SKIP: {
    skip 'a day began meanwhile', 5 if int(time / 86400) * 86400 != $today;
    is($chosen[0], 3, '--since yesterday is from its first second on');
    is($chosen[1], 2, 'until today, its last second too');
    is($chosen[2], 1, '--since today');
    is($chosen[3], 4, 'weeks');
    is($chosen[4], 0, 'and nothing between');
}
my ($text) = reader('report', "$work/records.jsonl");
my ($from, $to) = map { strftime('%FT%TZ', gmtime $_) } $today - 86401, $today;
like($text, qr/\A1 files; 4 session records and 0 message records counted, 0 not chosen\nfrom $from to $to \(UTC/,
    'a report says of what time it is');
like((reader('report', '--format', 'json', "$work/records.jsonl"))[0],
    qr/"first":"\Q@{[$from =~ s{Z}{}r]}\E\.000000Z","last":"/, 'in JSON too');
is((reader('cat', '--since', 'tomorrow'))[2], 2, 'other words are no times');

# ---- who may read ----

my ($out, $said, $status) = reader('-d', "$work/nowhere", 'report');
is_deeply([$out, $status], ['', 1], 'without a log directory there are no tables of nothing');
SKIP: {
    skip 'needs root', 2 if $> != 0;
    mkdir "$work/closed", 0750 or die "$!";
    my $group = (getpwnam 'daemon')[3];
    chown 0, $group, "$work/closed" or die "$!";
    ($out, $said, $status) = Trap::Process::run(qw(setpriv --reuid nobody --regid nogroup --clear-groups), "$build/smtptrap",
        '-d', "$work/closed", 'cat');
    is($status >> 8, 1, 'who may not read the logs is refused');
    is($said, "smtptrap: $work/closed: Permission denied (members of the group " . getgrgid($group) . " may read it)\n",
        'and learns who may');
}
done_testing;
