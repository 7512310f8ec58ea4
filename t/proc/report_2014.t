#!/usr/bin/perl
# report_2014.t: sessions with the figures of a trap of 2014, without its SSLv3 (that part is in t/ssl3):
# smtptrap report gives that table.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Year2014 qw(deliver check);

my @versions = ('TLSv1.0', 'TLSv1.1', 'TLSv1.2');
my $trap = Trap->new;
deliver($trap, \@versions);
$trap->done;
check($trap, \@versions);
my ($text) = $trap->smtptrap('report', 'tls');
like($text, qr/^  TLSv1\.2    328     67\.5 /m, 'the text has it too');
like($text, qr/^  total      486    100\.0 /m, 'with the total');
done_testing;
