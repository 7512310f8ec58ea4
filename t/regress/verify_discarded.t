#!/usr/bin/perl
# verify_discarded.t: a message that a rule has discarded has a record and no bytes: smtptrap verify is
# content, and smtptrap mail says that it was not kept.
use strict;
use warnings;
use Test::More;
use Trap;

my $trap = Trap->new(start => 0, tls => 0);
$trap->write_conf($trap->conf_text . <<'END');
rules {
	discard from discard@
	reject after keeping from keep@ with keep spam
	set from spam@ with keep spam
}
END
$trap->start;
my $c = $trap->client;
$c->cmd('EHLO x.test');
my @replies = map { scalar $c->send_message(from => "$_\@b.test", data => "Subject: $_\r\n\r\nx\r\n") } qw(discard keep spam a);
is("@replies", '250 554 250 250', 'messages that are discarded, kept and refused, labelled, and accepted');
$c->quit;
my @m = $trap->messages_of($trap->session_of($c));
is_deeply([map { $_->{keep} // '' } @m], ['', 'spam', 'spam', ''], 'their records have the labels');

# ---- by label ----

my $mails = $trap->dir . '/mails';
mkdir $mails or die "$mails: $!";
my ($out, $err, $status) = $trap->smtptrap('mail', '--eml', $mails, '--where', 'keep = spam');
is("$err$status", '0', 'smtptrap mail takes messages by their label');
is(join(' ', sort map { s{.*/|\.eml}{}gr } glob "$mails/*"), join(' ', sort map { $_->{id} } @m[1, 2]),
    'and writes those, also the one that was refused');

# ---- the one that is not there ----

($out, $err, $status) = $trap->smtptrap('mail', $m[0]{id});
is($status >> 8, 1, 'a message that was discarded is not written');
like($err, qr/its bytes were not kept/, 'and why is said');
$trap->stop;
($out, $err, $status) = $trap->smtptrap('verify');
is($status, 0, 'smtptrap verify finds nothing wrong') or diag $out, $err;
like($out, qr/^ok: .* 4 messages, 3 of them stored /, 'and does not count it as stored');
$trap->done;
done_testing;
