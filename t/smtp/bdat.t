#!/usr/bin/perl
# bdat.t: messages in chunks (RFC 3030): any bytes, any ends, and what comes of chunks that are refused.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Test::More;
use Trap;

my $trap = Trap->new(conf => {limits => {'message-size' => '64k', messages => 1000, errors => 1000}});
my $c = $trap->client;
$c->cmd('EHLO x');

sub envelope {
    $c->cmd('MAIL FROM:<a@b.test>');
    return $c->cmd('RCPT TO:<c@trap.test>');
}
sub chunk {
    my ($bytes, $last) = @_;
    $c->send('BDAT ' . length($bytes) . ($last ? ' LAST' : '') . "\r\n$bytes");
    return $c->reply;
}
sub stored {
    my ($reply) = @_;
    my ($id) = $reply->text =~ /Queued as (\S+)/ or return ({}, {data => $reply->text});
    my ($m) = grep { $_->{id} eq $id } $trap->records('message');
    my ($mail) = grep { $_->{id} eq $id } $trap->mails;
    return ($m, $mail);
}

my $all = join '', map { chr } 0 .. 255;
my @cases = (
    ['one chunk', ["Subject: x\r\n\r\nbody\r\n"], 0, 0],
    ['no line end at the end', ["body"], 0, 0],
    ['three chunks', ["Sub", "ject: x\r", "\n\r\nbody\r\n"], 0, 0],
    ['an empty last chunk', ["body\r\n", ''], 0, 0],
    ['nothing at all', [''], 0, 0],
    ['dots at line starts are not stuffed', [".\r\n..\r\n.a\r\n"], 0, 0],
    ['an end marker of DATA is data', ["a\r\n.\r\nQUIT\r\n"], 0, 0],
    ['all bytes', [$all], 1, 1],
    ['From_ at the start of a line', ["From me\nFrom you\n>From all", "\nFrom x"], 0, 3],
    ['a CR at the end', ["a\r"], 1, 0],
    ['CR and LF in two chunks', ["a\r", "\nb"], 0, 0],
    ['60,000 bytes in chunks of 1,000', [('y' x 999 . "\n") x 60], 0, 60],
);
for my $case (@cases) {
    my ($title, $chunks, $cr, $lf) = @$case;
    my $whole = join '', @$chunks;
    envelope();
    my @replies = map { chunk($chunks->[$_], $_ == $#$chunks) } 0 .. $#$chunks;
    my %other = map { $_ => 1 } grep { $_ ne 250 } @replies;
    is(join(' ', %other), '', "$title: each chunk gets 250");
    my ($m, $mail) = stored($replies[-1]);
    is($mail->{data}, $whole, "$title: kept byte for byte");
    is_deeply([@$m{qw(size sha256 bare_cr bare_lf chunked verdict)}],
        [length $whole, sha256_hex($whole), $cr, $lf, JSON::PP::true, 'accepted'], "$title: recorded");
}

# ---- pipelined ----
$c->send("MAIL FROM:<a\@b.test>\r\nRCPT TO:<c\@trap.test>\r\nBDAT 5\r\nhelloBDAT 6 LAST\r\n world");
is(join(' ', map { $c->reply } 1 .. 4), '250 250 250 250', 'chunks may be pipelined');

# ---- refused ----
is(chunk('QUIT' . "\r\n", 1), 503, 'a chunk without a transaction gets 503');
is($c->cmd('NOOP'), 250, 'and its bytes were not taken for commands');
envelope();
is(chunk('x' x 65537, 1)->text, "552 5.3.4 Message size exceeds limit\r\n", 'a chunk over the limit gets 552');
is($c->cmd('NOOP'), 250, 'after it was read to its end');
envelope();
is(chunk('x' x 40000), 250, 'a chunk within the limit');
is(chunk('x' x 40000), 552, 'one that takes the message over it gets 552');
is($c->cmd('MAIL FROM:<a@b.test>'), 503, 'then RSET is expected');
is(chunk('x', 1), 503, 'and further chunks are refused');
is($c->cmd('MAIL FROM:<a@b.test>'), 250, 'until the last one');
is($c->cmd('RSET'), 250, 'RSET is served');
for my $bad ('', 'x', '-1', '5 FIRST', '99999999999999999999 LAST', '5LAST') {
    envelope();
    is($c->cmd("BDAT $bad"), 501, "BDAT $bad gets 501");
    $c->cmd('RSET');
}
envelope();
is(chunk('part'), 250, 'after a chunk');
is($c->cmd('DATA'), 503, 'DATA gets 503');
is($c->cmd('RCPT TO:<d@trap.test>'), 503, 'and RCPT');
is($c->cmd('NOOP'), 250, 'NOOP is served');
is($c->cmd('RSET'), 250, 'RSET gives the message up');
is($c->quit, 221, 'the session goes on to its end');
my $s = $trap->session_of($c);
my @aborted = grep { $_->{verdict} eq 'aborted' } $trap->messages_of($s);
is_deeply([map { $_->{size} } @aborted], [4], 'a message that was given up is recorded');
my @refused = grep { $_->{verdict} eq 'rejected' } $trap->messages_of($s);
my $too_large = '552 5.3.4 Message size exceeds limit';
is_deeply([map { [@$_{qw(size reply sha256 rcpt_to)}] } @refused],
    [map { [$_, $too_large, undef, ['c@trap.test']] } 65537, 80000],
    'those that a chunk made too large are rejected, with their size and reply');
is($s->{messages_rejected}, 3, 'all are counted');
my @body = map { $_->{body} // () } @{$s->{dialogue}};
is($body[0], length $cases[0][1][0], 'the dialogue has the sizes of chunks');

# ---- cut off ----
$c = $trap->client;
$c->cmd('EHLO x');
envelope();
$c->send("BDAT 100\r\nonly this");
$c->close;
$s = $trap->session_of($c);
my ($m) = $trap->messages_of($s);
is_deeply([@$m{qw(verdict size chunked)}, $s->{dialogue}[-1]{body}], ['aborted', 9, JSON::PP::true, 9],
    'a chunk that was cut off leaves a record of what came');
$trap->done;
done_testing;
