package Trap::DuckDB;

# DuckDB.pm: DuckDB, from the npm package that t/analysis/package-lock.json names.
#
#   my $why = Trap::DuckDB::prepare();     # undef, or why there is none; needs the network the first time
#   my @answers = Trap::DuckDB::run($dir, \@files, @queries);   # {columns, rows} each, rows as text
#
# It is installed once, into the build folder, without running what packages bring along.
use strict;
use warnings;
use Cwd qw(getcwd);
use Digest::SHA;
use Fcntl qw(LOCK_EX);
use File::Copy qw(copy);
use File::Path qw(make_path);
use JSON::PP;
use Trap::File qw(slurp_or_empty spew);
use Trap::Process;

use constant SECONDS => 180;

sub folder { "$ENV{TRAP_BUILD}/t/analysis-duckdb" }

sub _stamp {
    return Digest::SHA->new(256)->addfile("$ENV{TRAP_SOURCE}/t/analysis/package-lock.json")->hexdigest;
}

sub prepare {
    return $ENV{TRAP_DUCKDB_WHY} || undef if exists $ENV{TRAP_DUCKDB_WHY};
    make_path(folder());
    open my $lock, '>', folder() . '/lock' or return folder() . "/lock: $!"; # another test may install it just now
    flock $lock, LOCK_EX;
    my $why = _prepare();
    $ENV{TRAP_DUCKDB_WHY} = $why // ''; # a test may start itself again without a network
    return $why;
}

sub _prepare {
    for (qw(node npm)) { return "$_ is not installed" if !Trap::Process::program($_) }
    my ($folder, $stamp) = (folder(), _stamp());
    return if slurp_or_empty("$folder/done") eq $stamp;
    copy("$ENV{TRAP_SOURCE}/t/analysis/$_", $folder) or return "$folder: $!" for qw(package.json package-lock.json);
    my ($out, $err, $status) = Trap::Process::run('timeout', SECONDS, 'npm', 'ci', '--prefix', $folder, '--cache', "$folder/cache",
        qw(--ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=30000));
    return 'npm cannot install it: ' . ($err =~ s/\s+/ /gr || "status $status") if $status != 0;
    ($out, $err, $status) = Trap::Process::run(command([], 'SELECT 1'));
    return 'it does not run here: ' . $err =~ s/\s+/ /gr if $status != 0;
    spew("$folder/done", $stamp);
    return;
}

# The command that answers queries; run it in the folder of the logs.
sub command {
    my ($files, @queries) = @_;
    return ('node', "$ENV{TRAP_SOURCE}/t/analysis/duckdb.mjs", folder(), @$files, '--', @queries);
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
