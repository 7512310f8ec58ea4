#!/usr/bin/perl
# data.t: message data: where it ends, what is kept of it, and how large it may be.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Test::More;
use Trap;

my $trap = Trap->new(conf => {limits => {'message-size' => '64k', messages => 1000}});

# A client that is behind the 354 of a transaction.
sub in_data {
    my $c = $trap->client(@_);
    $c->cmd('EHLO x');
    $c->cmd('MAIL FROM:<a@b.test>');
    $c->cmd('RCPT TO:<c@trap.test>');
    is($c->cmd('DATA'), 354, 'DATA gets 354') or die;
    return $c;
}

# The message that a client just got a 250 for: its record and its bytes.
sub stored {
    my ($reply) = @_;
    my ($id) = ($reply ? $reply->text : '') =~ /Queued as (\S+)/ or return ({}, {data => ''});
    my ($m) = grep { $_->{id} eq $id } $trap->records('message');
    my ($mail) = grep { $_->{id} eq $id } $trap->mails;
    return ($m // {}, $mail // {data => ''});
}

# ---- bytes as sent and as kept ----

my $all = join '', map { chr } 0 .. 255;
my @kept = (
    # title, sent up to the end marker, kept, bare CR, bare LF
    ['a message without lines', '', '', 0, 0],
    ['an empty line', "\r\n", "\r\n", 0, 0],
    ['a doubled dot becomes one', "..\r\n", ".\r\n", 0, 0],
    ['a dot before text is removed', ".text\r\n", "text\r\n", 0, 0],
    ['three dots become two', "...\r\n", "..\r\n", 0, 0],
    ['dots within a line stay', "a.b..c\r\nd.\r\n", "a.b..c\r\nd.\r\n", 0, 0],
    ['a dot behind bare LF stays', "a\n..b\r\n", "a\n..b\r\n", 0, 1],
    ['a dot behind bare CR stays', "a\r..b\r\n", "a\r..b\r\n", 1, 0],
    ['every byte is kept', "$all\r\n", "$all\r\n", 1, 1],
    ['NUL is kept', "a\0b\r\n\0\r\n", "a\0b\r\n\0\r\n", 0, 0],
    ['8-bit bytes are kept', "\xff\xfe\xc3\xa4\r\n", "\xff\xfe\xc3\xa4\r\n", 0, 0],
    ['CRCRLF is a CR and a line end', "a\r\r\nb\r\n", "a\r\r\nb\r\n", 1, 0],
    ['LFCR is two bare ones', "a\n\rb\r\n", "a\n\rb\r\n", 1, 1],
    ['lines that look like mbox separators are kept', "From me\r\n>From you\r\n>>From all\r\n",
        "From me\r\n>From you\r\n>>From all\r\n", 0, 0],
    ['From_ behind bare LF is kept', "\n\nFrom x\n\n\r\n", "\n\nFrom x\n\n\r\n", 0, 4],
    ['an end in LF LF is kept', "a\n\n\r\n", "a\n\n\r\n", 0, 2],
    ['a line of 40000 bytes is kept', ('x' x 40000) . "\r\n", ('x' x 40000) . "\r\n", 0, 0],
);
my $c = $trap->client;
$c->cmd('EHLO x');
for my $case (@kept) {
    my ($title, $sent, $kept, $cr, $lf) = @$case;
    $c->cmd('MAIL FROM:<a@b.test>');
    $c->cmd('RCPT TO:<c@trap.test>');
    $c->cmd('DATA');
    $c->send("$sent.\r\n");
    my ($m, $mail) = stored($c->reply);
    is($mail->{data}, $kept, "$title: kept byte for byte");
    is_deeply([@$m{qw(size sha256 bare_cr bare_lf)}], [length $kept, sha256_hex($kept), $cr, $lf],
        "$title: size, digest, bare CR and LF are recorded");
    is_deeply($m->{oddities}, $cr || $lf ? [$cr ? 'bare_cr_data' : (), $lf ? 'bare_lf_data' : ()] : undef,
        "$title: the oddities are named");
}
is($c->quit, 221, 'after all of them the session goes on');

# ---- nothing but CRLF.CRLF ends a message ----

my @smuggling = ("\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r", "\r\r\n.\r\r\n",
    "\n\n.\r\n", "\r\n\0.\r\n", "\r\n.\0\r\n", "\r\n.\r\r\n", "\n.\n\n", "\r\n. \r\n", "\0\r\n.\0\r\n\0",
    "\r\n.\r\0\n", "\r\n\x{0b}.\r\n", "\r\n.\x{85}");
my $smuggled = "MAIL FROM:<evil\@b.test>\r\nRCPT TO:<victim\@trap.test>\r\nDATA\r\nsmuggled\r\n";
for my $mark (@smuggling) {
    my $show = join ' ', map { sprintf '%02x', ord } split //, $mark;
    my $c = in_data();
    my $sent = "one$mark$smuggled";
    $c->send("$sent.\r\nQUIT\r\n");
    my @replies = map { scalar $c->reply } 1 .. 2;
    is(join(' ', map { $_ // 'none' } @replies), '250 221', "$show does not end a message");
    my (undef, $mail) = stored($replies[0]);
    is($mail->{data}, $sent =~ s/\r\n\./\r\n/gr, "$show is kept with what follows it");
}

# In small pieces.
for my $pieces (["a\r", "\n", ".", "\r", "\n"], ["a\r\n.", "\r\n"], ["a\r\n", ".\r", "\n"]) {
    my $c = in_data();
    for my $piece (@$pieces) {
        $c->send($piece);
        select undef, undef, undef, 0.002;
    }
    my (undef, $mail) = stored($c->reply);
    is($mail->{data}, "a\r\n", 'an end marker in ' . @$pieces . ' pieces ends the message');
}

# ---- too large ----

$c = $trap->client;
$c->cmd('EHLO x');
is($c->cmd('MAIL FROM:<a@b.test> SIZE=65537')->text, "552 5.3.4 Message size exceeds limit\r\n",
    'SIZE= over the limit gets 552');
is($c->cmd('MAIL FROM:<a@b.test> SIZE=65536'), 250, 'SIZE= at the limit is accepted');
$c->cmd('RCPT TO:<c@trap.test>');
$c->cmd('DATA');
my $line = ('x' x 98) . "\r\n";
my $large = $line x 655 . ('y' x 34) . "\r\n";
is(length $large, 65536, 'a message of exactly the limit');
$c->send("$large.\r\n");
my ($m, $mail) = stored($c->reply);
is($mail->{data}, $large, 'is kept');
$c->cmd('MAIL FROM:<a@b.test>');
$c->cmd('RCPT TO:<c@trap.test>');
$c->cmd('DATA');
$c->send("$large$line.\r\n");
is($c->reply->text, "552 5.3.4 Message size exceeds limit\r\n",
    'a larger one is read to its end and gets 552');
is($c->cmd('NOOP'), 250, 'and the session goes on');
$c->quit;
my $s = $trap->session_of($c);
is_deeply([@$s{qw(messages_accepted messages_rejected errors end_reason)}], [1, 1, 2, 'quit'],
    'the session record counts both');
($m) = grep { $_->{verdict} eq 'rejected' } $trap->messages_of($s);
is($m->{size}, 65636, 'the record of the rejected one has its whole size');
is($m->{reply}, '552 5.3.4 Message size exceeds limit', 'and the reply');
ok(!exists $m->{sha256} && !exists $m->{mail_file}, 'and no digest and no place: its bytes are not kept');

# ---- not finished ----

$c = in_data();
$c->send("Subject: half\r\n\r\nhalf a mess");
$c->close;
$s = $trap->session_of($c);
($m) = $trap->wait_record('message', sub { $_[0]{session_id} eq $s->{id} });
is_deeply([@$m{qw(verdict size subject)}], ['aborted', 28, 'half'],
    'a message that was cut off leaves a record');
is_deeply([@$s{qw(phase end_reason messages_rejected)}], ['data', 'client_closed', 1],
    'and its session says so');
ok(!(grep { $_->{id} eq $m->{id} } $trap->mails), 'and it is not in the mail stream');
is($s->{dialogue}[-1]{body}, 28, 'the dialogue has the number of its bytes') or diag explain $s->{dialogue};

# ---- the whole log ----

my @messages = $trap->records('message');
is_deeply([map { $_->{seq} } @messages], [1 .. @messages], 'the numbers of all records have no gap');
my @mails = $trap->mails;
is(scalar @mails, scalar(grep { $_->{verdict} eq 'accepted' } @messages),
    'the mail stream holds the accepted messages');
$trap->done;
done_testing;
