#!/usr/bin/perl
# parity.t: each row of doc/RULES-PARITY.md names tests that there are: files, titles within them,
# tables and functions.
use strict;
use warnings;
use Test::More;
use Trap::File qw(slurp);

my $source = $ENV{TRAP_SOURCE} // '.';
my $doc = "$source/doc/RULES-PARITY.md";
my %short = (parse => 't/unit/rule_parse.c', eval => 't/unit/rule_eval.c', pattern => 't/unit/rule_pattern.c',
    explain => 't/proc/explain.t');

# Text without how strings are written in C, Perl and Markdown: quotes, backslashes, line ends.
sub plain { return $_[0] =~ s/"\s*\n\s*"//gr =~ s/\\n|[\\"]//gr =~ s/\s+/ /gr }

my %text;
my $rows = 0;
for my $line (split /\n/, slurp($doc)) {
    next if $line !~ /^\|/ || $line =~ /^\|[-|]+$/ || $line =~ /shown by \|$/;
    my ($shown) = $line =~ /.*(?<!\\)\|\s*(.*?)\s*\|$/;
    my $file;
    my $found = 0;
    $rows++;
    # A name of a test, a title in quotes, or a table, function or rule in backquotes.
    for my $part ($shown =~ /(\b(?:parse|eval|pattern|explain)\b(?!")|`[^`]+`|"(?:[^"]|"(?=\w))+")/g) {
        if ($short{$part}) { $file = "$source/$short{$part}"; next }
        my ($name) = $part =~ /^`(.*)`$/;
        if (defined $name && $name =~ m{^t/}) {
            ok(-e "$source/$name" || -e "$source/$name.c", "$name is there") && $found++;
            $file = -e "$source/$name" ? "$source/$name" : "$source/$name.c";
            next;
        }
        my $wanted = plain($name // substr $part, 1, -1);
        $wanted =~ s/\[\]$//;
        ok(defined $file && index($text{$file} //= plain(slurp($file)), $wanted) >= 0, "$wanted: in "
            . ($file // 'no test')) && $found++;
    }
    ok($found > 0, "a test shows: $line");
}
cmp_ok($rows, '>', 60, "the table has $rows rows");
done_testing;
