#!/usr/bin/perl
# logger_many_files.t: with many files in its directory the logger was killed by its sandbox: the C
# library's qsort() asks for the size of memory before it sorts more than 1 KiB.
use strict;
use warnings;
use File::Copy qw(copy);
use Test::More;
use Trap qw(wait_for);

use constant FILES => 200;

my $trap = Trap->new;

# One session, and the files finished; the name of the last.
sub rotated {
    my $c = $trap->client;
    is($c->quit, 221, 'a client is served');
    $trap->session_of($c);
    $trap->rotate;
    wait_for(60, sub { !grep { /part$/ } $trap->log->files('session') }) or die "no file is finished\n";
    return ($trap->log->files('session'))[-1];
}

my $file = rotated();
like($file, qr/-000001\.jsonl\.gz$/, 'a file is finished');
for my $n (1 .. FILES) {
    my $name = $file =~ s/-000001/sprintf '-%06d', 900000 + $n/er;
    copy($trap->logs . "/$file", $trap->logs . "/$name") or die "$name: $!";
}
rotated();
rotated();
is($trap->log->files('session'), FILES + 3, 'with many files there, others are finished as before');
is($trap->client->quit, 221, 'and the logger lives');
$trap->done;
done_testing;
