#!/usr/bin/perl
# completion.t: bash completes commands, options, words and tables of smtptrap(1).
use strict;
use warnings;
use Test::More;
use Trap::Process;

my $build = $ENV{TRAP_BUILD} // '.';
my $source = $ENV{TRAP_SOURCE} // '.';

# What it offers behind these words, the last of which is begun.
sub completed {
    my (@words) = @_;
    my $script = 'set -u; . "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        . '_smtptrap "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; printf "%s\n" "${COMPREPLY[@]}"';
    my ($out, $err, $status) = Trap::Process::run('bash', '-c', $script, "$source/packaging/bash-completion/smtptrap",
        "$build/smtptrap", @words);
    is_deeply([$err, $status], ['', 0], "@words: it completes");
    return join ' ', split /\n/, $out;
}

my ($help) = Trap::Process::run("$build/smtptrap", '--help');
my @commands = $help =~ /^  ([a-z]+) {2,}\S/mg;
is(completed(''), join(' ', @commands, qw(help --help --version)), 'all commands');
is(completed('re'), 'report', 'a command that is begun');
is(completed('-f', 'x.conf', 'st'), 'status', 'behind an option');
is(completed('-d', ''), '', 'a directory is left to bash');
is(completed('help', 've'), 'verify', 'a command to be helped with');
is(completed('report', 'fai'), 'failures', 'a table');
is(scalar(split / /, completed('report', '')), 19, 'all tables');
is(completed('report', '--f'), '--field --format', 'options');
is(completed('report', '--format', ''), 'text json csv markdown html', 'words of an option');
is(completed('metrics', '--format', 'o'), 'openmetrics', 'which may have others for another command');
is(completed('report', '--by', 'd'), 'day', '--by');
is(completed('export', '--as', ''), 'csv ecs xarf zeek', '--as');
is(completed('export', '--path', ''), 'smtp ssl conn', '--path');
is(completed('cat', '--stream', 'm'), 'message', '--stream');
is(completed('explain', '--tls', '1'), '1.0 1.1 1.2 1.3', '--tls');
is(completed('cat', '--since', 'y'), 'yesterday', 'times');
is(completed('cat', '--field', 'tls_o'), 'tls_outcome=', 'fields');
is(completed('cat', ''), '', 'files are left to bash');
is(completed('status', '--'), '--check --json --socket --help', 'each command has its own options');
done_testing;
