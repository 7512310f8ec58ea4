#!/usr/bin/perl
# export_memory.t: where memory did not suffice for a value, smtptrap export --as csv wrote as much of it
# as it had, and left with status 0.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;
use Trap;
use Trap::File qw(spew);
use Trap::Process;

use constant MIB => 1 << 20;

plan skip_all => 'AddressSanitizer does not live in a small address space' if Trap::sanitized();
my $dir = tempdir(CLEANUP => 1);
my $file = "$dir/message.jsonl";
my $id = '0192f0c1-0000-7000-8000-00000000000';
spew($file, qq({"v":1,"type":"message","id":"${id}1","seq":1,"ts":"2026-11-22T10:00:00.000000Z","sensor":"mx",)
    . qq("session_id":"${id}2","client_ip":"192.0.2.1","subject":") . '\u0001' x MIB . qq("}\n));

# The bytes that are written with so much memory, and the status.
sub export {
    my ($mib) = @_;
    my ($out, $err, $status) = Trap::Process::run('prlimit', '--as=' . $mib * MIB, "$Trap::BUILD/smtptrap", 'export',
        '--as', 'csv', '--fields', 'id,subject', $file);
    return (length $out, $status);
}

my ($whole, $status) = export(1024);
is($status, 0, 'with memory the record is written');
cmp_ok($whole, '>', 4 * MIB, 'whole');
my ($refused, @cut) = (0);
for (my $mib = 18; $mib < 44; $mib += 2) {
    my ($len, $status) = export($mib);
    $refused++ if $status != 0;
    push @cut, "$mib MiB: $len bytes, status $status" if $len != $whole && $status == 0;
}
cmp_ok($refused, '>', 0, 'there is a limit at which it is refused');
is("@cut", '', 'and it is never cut without a word');
done_testing;
