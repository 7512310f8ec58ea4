#!/usr/bin/perl
# foreign_record.t: in a record of another machine, or a damaged one, a value with an escape that JSON does
# not have made smtptrap report read beyond a text of its own; and smtptrap cat printed control bytes.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;
use Trap;

my $dir = tempdir(CLEANUP => 1);
my $id = 0;

# A session whose fields from sensor on are these.
sub line {
    my ($fields) = @_;
    return sprintf('{"v":1,"type":"session","id":"0192f0c1-0000-7000-8000-%012d","seq":%d,'
        . '"ts":"2026-11-22T10:00:00.000000Z",%s,"client_ip":"192.0.2.1"}' . "\n", ++$id, $id, $fields);
}

sub smtptrap {
    my ($lines, @args) = @_;
    open my $f, '>:raw', "$dir/session.jsonl" or die "$dir: $!";
    print $f $lines;
    close $f or die "write: $!";
    return Trap::Process::run("$Trap::BUILD/smtptrap", @args, "$dir/session.jsonl");
}

# ---- report ----

my $long = '\q' . 'x' x 5000;
my ($out, $err, $status) = smtptrap(line(qq("sensor":"$long","tls_outcome":"negotiated","tls_version":"$long")),
    'report', '--format', 'csv', 'sensors');
is($status, 0, 'a report is made of a record whose texts are broken') or diag $err;
my %labels = map { $_ => 1 } $out =~ /^sensors,\w+,value,,"([^"]*)"/mg;
is(join(', ', sort keys %labels), 'unknown, unknown unknown', 'and counts them as unknown');

# More texts with escapes than are kept at a time: the rule was another's, or freed memory.
($out, $err, $status) = smtptrap(line('"sensor":"mx","rule":"\"rule","rule_action":"\"action","phase":"\"phase",'
    . '"rule_notes":["\"1","\"2","\"3"]'), 'report', '--format', 'csv', 'rules');
is(join(', ', $out =~ /^rules,(?:sessions|phases),value,,"(.*?)",1,/mg), '""rule ""action, ""rule ""phase',
    'a rule is told with its own name');

# ---- cat ----

my $good = line('"sensor":"mx"');
for (['an escape sequence', "\e[2J"], ['DEL', "\x7f"], ['a C1 control', "\xc2\x9b"], ['NUL', "\0"]) {
    my ($what, $bytes) = @$_;
    ($out, $err, $status) = smtptrap($good . line(qq("sensor":"m${bytes}x")) . $good, 'cat');
    is($out, $good x 2, "cat does not print a line with $what");
    like($err, qr/session\.jsonl:.* a line here is no record$/, 'says so');
    is($status >> 8, 1, 'and so does its status');
}
($out, $err, $status) = smtptrap($good . line(qq("sensor":"m\e[2Jx")), 'cat', '--where', 'sensor = mx');
is("$out$err$status", "${good}0", 'one that is not chosen is not looked at so closely');
my $utf8 = line(qq("sensor":"\xc3\x82\xe2\x80\xa6\\u001b"));
($out, $err, $status) = smtptrap($utf8, 'cat');
is("$out$err$status", "${utf8}0", 'other characters, and escapes, are printed as they stand');
done_testing;
