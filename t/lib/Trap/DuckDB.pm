package Trap::DuckDB;

# DuckDB.pm: DuckDB, from the npm package that t/analysis/package-lock.json names.
#
#   my $why = Trap::DuckDB::prepare();     # undef, or why there is none; needs the network the first time
#   my @answers = Trap::DuckDB::run($dir, \@files, @queries);   # {columns, rows} each, rows as text
use strict;
use warnings;
use Cwd qw(getcwd);
use JSON::PP;
use Trap::Npm;
use Trap::Process;

use constant FROM => 't/analysis';

sub prepare {
    return $ENV{TRAP_DUCKDB_WHY} || undef if exists $ENV{TRAP_DUCKDB_WHY};
    my $why = Trap::Npm::prepare(FROM, sub {
        my (undef, $err, $status) = Trap::Process::run(command([], 'SELECT 1'));
        return $status != 0 ? 'it does not run here: ' . $err =~ s/\s+/ /gr : undef;
    });
    $ENV{TRAP_DUCKDB_WHY} = $why // ''; # a test may start itself again without a network
    return $why;
}

# The command that answers queries; run it in the folder of the logs.
sub command {
    my ($files, @queries) = @_;
    return ('node', "$ENV{TRAP_SOURCE}/t/analysis/duckdb.mjs", Trap::Npm::folder(FROM), @$files, '--', @queries);
}

sub run {
    my ($dir, $files, @queries) = @_;
    my $here = getcwd;
    chdir $dir or die "$dir: $!";
    my ($out, $err, $status) = Trap::Process::run(command($files, @queries));
    chdir $here or die "$here: $!";
    die "duckdb: $err" if $status != 0;
    return map { decode_json($_) } split /\n/, $out;
}

1;
