package Trap::Export;

# Export.pm: run smtptrap export, and read what it wrote with readers of other making.
use strict;
use warnings;
use Exporter qw(import);
use File::Temp qw(tempdir);
use JSON::PP;
use Trap;
use Trap::File qw(spew);

our @EXPORT_OK = qw(export reread);

# The exporter on a trap's logs, with a key of the test's own: (output, errors, exit status).
sub export {
    my ($trap, @args) = @_;
    my ($out, $err, $status) = Trap::Process::run("$Trap::BUILD/smtptrap", '-f', $trap->conf_file,
        'export', '--key-file', $trap->dir . '/export.key', @args);
    return ($out, $err, $status >> 8);
}

# What t/lib/export_read.py reads in the output; dies if it is not of the format.
sub reread {
    my ($format, $output) = @_;
    my $dir = tempdir(CLEANUP => 1);
    spew("$dir/output", $output);
    my ($out, $err, $status) = Trap::Process::run('sh', '-c',
        'exec python3 "$0" "$1" <"$2"', "$Trap::SOURCE/t/lib/export_read.py", $format, "$dir/output");
    die "not $format: $err" if $status != 0;
    return JSON::PP->new->utf8->decode($out);
}

1;
