#!/usr/bin/perl
# header.t: what the record of a message says of its header, and which oddities it names.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use Trap;

my $trap = Trap->new;
my $c = $trap->client;
$c->cmd('EHLO x');

# title, message (LF here is sent as CR LF), fields expected, oddities expected
my @cases = (
    ['a plain header', "From: a\@b.test\nDate: now\nSubject: s\n\nbody\n",
        {header_from => 'a@b.test', date => 'now', subject => 's', has_dkim => 0,
            received_count => 0}, []],
    ['a folded subject', "From: a\nDate: d\nSubject: one\n two\n\tthree\n\n",
        {subject => "one two\tthree"}, []],
    ['two signatures', "From: a\nDate: d\nDKIM-Signature: v=1; d=one.test;\n b=x\n"
            . "DKIM-Signature: d=two.test\n\n",
        {has_dkim => 1, dkim_domains => ['one.test', 'two.test']}, []],
    ['no From and no Date', "Subject: s\n\n", {subject => 's'},
        ['header_no_date', 'header_no_from']],
    ['space before the colon', "From : a\nDate: d\n\n", {header_from => 'a'},
        ['header_space_colon']],
    ['a field without colon', "From: a\nDate: d\nnonsense\n\n", {header_from => 'a'},
        ['header_no_colon']],
    ['a header that never ends', "From: a\nDate: d\n", {header_from => 'a'}, ['header_no_end']],
    ['a field twice', "From: a\nFrom: b\nDate: d\n\n", {header_from => 'a'}, ['header_repeated']],
    ['8-bit in a subject', "From: a\nDate: d\nSubject: \xff\n\n",
        {subject => "\x{fffd}", subject_hex => 'ff'}, ['header_8bit']],
);
for my $case (@cases) {
    my ($title, $message, $fields, $oddities) = @$case;
    $c->cmd('MAIL FROM:<a@b.test>');
    $c->cmd('RCPT TO:<c@trap.test>');
    $c->cmd('DATA');
    $c->send(($message =~ s/\n/\r\n/gr) . ".\r\n");
    my ($id) = $c->reply->text =~ /Queued as (\S+)/;
    my ($m) = grep { $_->{id} eq $id } $trap->records('message');
    my %got = map { $_ => JSON::PP::is_bool($m->{$_}) ? $m->{$_} ? 1 : 0 : $m->{$_} } keys %$fields;
    is_deeply(\%got, $fields, "$title: the fields are recorded");
    is_deeply([sort @{$m->{header_oddities} // []}], $oddities, "$title: the oddities are named");
}
$c->quit;
$trap->done;
done_testing;
