#!/usr/bin/perl
# pipelining.t: groups of commands: replies in order and together (RFC 2920), and what is recorded of
# clients that send more than they may.
use strict;
use warnings;
use Test::More;
use Trap;

my $trap = Trap->new;

# The replies that come in one receive, as codes.
sub codes_at_once {
    my ($c) = @_;
    return join ' ', map { /^(\d{3}) / ? $1 : () } split /\r\n/, $c->receive // '';
}

my $c = $trap->client;
$c->cmd('EHLO pipe.example');
$c->send("MAIL FROM:<a\@b.test>\r\nRCPT TO:<c\@trap.test>\r\nRCPT TO:<d\@trap.test>\r\nDATA\r\n");
is(codes_at_once($c), '250 250 250 354', 'the replies to a group come in one piece');
$c->send("Subject: one\r\n\r\none\r\n.\r\nMAIL FROM:<e\@b.test>\r\nRCPT TO:<f\@trap.test>\r\nDATA\r\n");
is($c->reply, 250, 'a group may begin behind the end of data');
is(join(' ', map { $c->reply } 1 .. 3), '250 250 354', 'and is served');
$c->send("two\r\n.\r\n");
is($c->reply, 250, 'the second message is accepted');
$c->send("RSET\r\nNOOP\r\nQUIT\r\n");
is(join(' ', map { $c->reply } 1 .. 3), '250 250 221', 'RSET, NOOP and QUIT together');
ok($c->closed, 'and nothing more');
my $s = $trap->session_of($c);
is($s->{oddities}[0] // 'none', 'pipelined_across', 'NOOP with more behind it is noted: it ends a group');
ok(!$s->{pipelined_early}, 'pipelining after EHLO is not early');
is_deeply([map { $_->{subject} // '' } $trap->messages_of($s)], ['one', ''], 'both messages have their records');

# All in one piece.
$c = $trap->client;
$c->send("EHLO x\r\nMAIL FROM:<a\@b.test>\r\nRCPT TO:<c\@trap.test>\r\nDATA\r\nall at once\r\n.\r\nQUIT\r\n");
is(join(' ', map { $c->reply // 'none' } 1 .. 6), '250 250 250 354 250 221', 'a whole session in one piece is served');
$s = $trap->session_of($c);
ok($s->{pipelined_early}, 'commands behind EHLO are pipelined early');
is_deeply($s->{oddities}, ['pipelined_early', 'pipelined_across'], 'and so the oddities say');
is_deeply([@$s{qw(end_reason messages_accepted commands)}], ['quit', 1, 5], 'it is counted as any other');

# HELO offers no pipelining.
$c = $trap->client;
$c->cmd('HELO x');
$c->send("MAIL FROM:<a\@b.test>\r\nRCPT TO:<c\@trap.test>\r\n");
is(join(' ', map { $c->reply } 1 .. 2), '250 250', 'a group after HELO is served');
$c->quit;
ok($trap->session_of($c)->{pipelined_early}, 'and recorded as early');

# A refused command in a group.
$c = $trap->client;
$c->cmd('EHLO x');
$c->send("MAIL FROM:<a\@b.test>\r\nRCPT TO:\r\nDATA\r\n");
is(codes_at_once($c), '250 501 554', 'DATA behind refused recipients gets 554');
$c->send("RSET\r\nMAIL FROM:<a\@b.test>\r\nRCPT TO:<g\@trap.test>\r\nBOGUS\r\nDATA\r\n");
is(codes_at_once($c), '250 250 250 500 354', 'an unknown command in a group costs that command alone');
$c->send(".\r\n");
is($c->reply, 250, 'and the message is accepted');
$c->quit;

# Commands in pieces.
$c = $trap->client;
for my $piece ('EH', 'LO x', "\r", "\nNO", "OP\r\n") {
    $c->send($piece);
    select undef, undef, undef, 0.005;
}
is(join(' ', map { $c->reply } 1 .. 2), '250 250', 'lines that come in pieces are served');
$c->quit;

# Many replies: more than the buffer for them holds.
$c = $trap->client;
$c->cmd('EHLO x');
$c->send("MAIL FROM:<a\@b.test>\r\n" . join('', map { "RCPT TO:<user$_\@trap.test>\r\n" } 1 .. 900));
my %codes;
$codes{$c->reply // 'none'}++ for 1 .. 901;
is_deeply(\%codes, {250 => 901}, 'a group of 901 commands is served to its end');
$c->quit;
is($trap->session_of($c)->{recipients_accepted}, 900, 'and counted');

# Without the extension.
my $plain = Trap->new(conf => {smtp => {extensions => [qw(size 8bitmime)]}});
$c = $plain->client;
is(join(' ', map { s/^250.//r } $c->cmd('EHLO x')->lines), 'mx.trap.test SIZE 33554432 8BITMIME',
    'EHLO offers what is configured, and nothing else');
is($c->cmd('NOOP')->text, "250 Ok\r\n", 'without ENHANCEDSTATUSCODES replies have none');
is($c->cmd('BDAT 0 LAST'), 502, 'BDAT is not there');
is($c->cmd('AUTH PLAIN'), 502, 'nor AUTH');
is($c->cmd('STARTTLS'), 502, 'nor STARTTLS');
$c->send("MAIL FROM:<a\@b.test>\r\nRCPT TO:<c\@trap.test>\r\n");
is(join(' ', map { $c->reply } 1 .. 2), '250 250', 'a group is served all the same');
$c->quit;
$s = $plain->session_of($c);
ok($s->{pipelined_early}, 'and recorded as early');
is($s->{tls_outcome}, 'not_offered', 'STARTTLS was not offered');
$_->done for $trap, $plain;
done_testing;
