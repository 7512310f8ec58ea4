#!/usr/bin/perl
# utf8_log.t: whatever bytes come, the log is valid UTF-8, one JSON object a line, without control
# bytes, and tells the exact bytes.
use strict;
use warnings;
use Encode qw(decode encode_utf8 FB_CROAK);
use Test::More;
use Trap;

my $seed = $ENV{TRAP_SEED} // time ^ $$;
srand $seed;
note "TRAP_SEED=$seed";

# Bytes without CR and LF, and without blanks at the ends.
sub noise {
    my ($n) = @_;
    return '<' . join('', map { chr((0 .. 9, 11, 12, 14 .. 255)[rand 254]) } 1 .. $n) . '>';
}
my @texts = (
    map({ noise(1 + rand 60) } 1 .. 40),
    "plain", "caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x93\xa7",    # UTF-8
    "\xc3", "\xe2\x82", "\xf0\x9f\x93",                            # cut off
    "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",                # overlong
    "\xed\xa0\x80", "\xed\xbf\xbf",                                # surrogates
    "\xf4\x90\x80\x80", "\xff", "\xfe",                            # beyond
    "\xef\xbf\xbd", "\xc2\x80", "\xef\xbb\xbfbom", "\xe2\x80\xa8", # shown as they are
    "a\0b", "\0", "\x01\x1f\x7f", "\t tab \t", '"quoted\\"', '\\u0000', '</script>',
);
my $trap = Trap->new(conf => {auth => {'auth-secrets' => 'yes'}, limits => {errors => 1000, messages => 1000, commands => 100000}});

# The text in the record and its _hex field together are exactly these bytes.
sub is_exact {
    my ($record, $field, $bytes, $title) = @_;
    my ($text, $hex) = @$record{$field, "${field}_hex"};
    my $clean = $bytes !~ /\0/ && defined eval { decode('UTF-8', my $copy = $bytes, FB_CROAK) };
    if ($clean) {
        is(defined $text && encode_utf8($text), $bytes, "$title: the text is exact");
        ok(!defined $hex, "$title: and needs no hex");
    } else {
        is($hex, unpack('H*', $bytes), "$title: the exact bytes are beside the text");
        like($text, qr/\x{fffd}/, "$title: which shows that it is not exact");
    }
}

my @clients;
for my $text (@texts) {
    my $c = $trap->client;
    $c->cmd("EHLO x$text");
    $c->cmd("MAIL FROM:<x$text\@b.test>");
    $c->cmd('RSET');
    $c->cmd('MAIL FROM:<s@b.test>');
    $c->cmd('RCPT TO:<r@trap.test>');
    $c->cmd('DATA');
    $c->send("Subject: x${text}x\r\nFrom: x${text}x\r\n\r\n$text\r\n.\r\n");
    is($c->reply, 250, 'the message is accepted');
    $c->cmd("BOGUS $text");
    $c->cmd("NOOP $text");
    $c->quit;
    push @clients, $c;
}
for my $text (@texts) {
    my $c = shift @clients;
    my $shown = $text =~ s/([^!-~])/sprintf '\\x%02x', ord $1/ger;
    my $s = $trap->session_of($c);
    is_exact($s, 'helo', "x$text" =~ s/[ \t]+\z//r, "helo x$shown");
    my ($m) = $trap->messages_of($s);
    is_exact($m, 'subject', "x${text}x", "subject $shown");
    is_exact($m, 'header_from', "x${text}x", "header_from $shown");
    my @wrong;
    for my $e (@{$s->{dialogue}}) {
        next if $e->{dir} ne 'c' || !defined $e->{text} || $e->{text} !~ /^(BOGUS|NOOP) /;
        my $bytes = defined $e->{hex} ? pack 'H*', $e->{hex} : encode_utf8($e->{text});
        push @wrong, $bytes if $bytes ne "$1 $text";
    }
    is("@wrong", '', "dialogue $shown: is exact");
    my ($mail) = grep { $_->{id} eq $m->{id} } $trap->mails;
    unlike($mail->{trace}, qr/[^\x09\x0d\x0a\x20-\x7e\x80-\xff]/, "trace header $shown: has no control bytes");
}

# The files as bytes.
for my $stream (qw(session message)) {
    my $bytes = $trap->log->text($stream);
    ok(defined eval { decode('UTF-8', my $copy = $bytes, FB_CROAK) }, "the $stream stream is UTF-8");
    ok($bytes !~ /[\x00-\x09\x0b-\x1f]/, "the $stream stream has no control bytes but line ends");
    ok($bytes !~ /(?<!\\)(?:\\\\)*\\u0000/, "the $stream stream has no escaped NUL");
    ok($bytes !~ /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/, "the $stream stream has no escaped surrogate");
    is(scalar(grep { !/^\{"v":1,"type":"$stream",.*\}$/ } split /\n/, $bytes), 0, "each line of the $stream stream is an object");
    ok($bytes !~ /":null[,}]/, "no field of the $stream stream is null");
}
$trap->done;
done_testing;
