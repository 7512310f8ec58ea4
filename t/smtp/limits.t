#!/usr/bin/perl
# limits.t: every limit of a session: what is answered at it and past it, and how the record says so.
use strict;
use warnings;
use Test::More;
use Trap;

# ---- lines ----
{
    my $trap = Trap->new(conf => {limits => {'line-length' => 1000, errors => 100}});
    my $c = $trap->client;
    $c->cmd('EHLO x');
    # NOOP and its space are five bytes.
    is($c->cmd('NOOP ' . 'x' x 993), 250, 'a line of 1,000 bytes, its end included, is served');
    is($c->cmd('NOOP ' . 'x' x 1100)->text, "500 5.5.2 Line too long\r\n", 'a longer one gets 500');
    is($c->cmd('NOOP ' . 'x' x 100_000), 500, 'a very long one gets one 500');
    is($c->cmd('NOOP'), 250, 'and the next line is a command again');
    $c->quit;
    my $s = $trap->session_of($c);
    is_deeply($s->{oddities}, ['line_too_long', 'long_line'], 'the oddities are named');
    is($s->{errors}, 2, 'each counts as one error');
    cmp_ok($s->{dialogue_bytes_cut}, '>', 99_000, 'what was left out of the dialogue is counted');
    my @long = grep { $_->{dir} eq 'c' && length $_->{text} > 900 } @{$s->{dialogue}};
    is(scalar @long, 3, 'the dialogue has the beginning of each');
    is($long[2]{eol}, 'none', 'marked as cut') or diag explain $long[2];
    $trap->done;
}

# ---- errors ----
{
    my $trap = Trap->new(conf => {limits => {errors => 5}});
    my $c = $trap->client;
    is($c->cmd('BOGUS'), 500, 'an error is answered') for 1 .. 5;
    is($c->cmd('BOGUS')->text, "421 4.7.0 mx.trap.test Too many errors\r\n", 'one more than the limit gets 421');
    ok($c->closed, 'and the connection is closed');
    my $s = $trap->session_of($c);
    is_deeply([@$s{qw(end_reason errors commands)}], ['too_many_errors', 6, 6], 'the record says why');
    $trap->done;
}

# ---- commands ----
{
    my $trap = Trap->new(conf => {limits => {commands => 10}});
    my $c = $trap->client;
    is($c->cmd('NOOP'), 250, 'a command is answered') for 1 .. 10;
    is($c->cmd('NOOP')->text, "421 4.7.0 mx.trap.test Too many commands\r\n", 'one more than the limit gets 421');
    ok($c->closed, 'and the connection is closed');
    is($trap->session_of($c)->{end_reason}, 'limit', 'the record says why');
    $trap->done;
}

# ---- recipients, messages ----
{
    my $trap = Trap->new(conf => {limits => {recipients => 3, messages => 2}});
    my $c = $trap->client;
    $c->cmd('EHLO x');
    for my $n (1, 2) {
        $c->cmd('MAIL FROM:<a@b.test>');
        is($c->cmd("RCPT TO:<$_\@trap.test>"), 250, "recipient $_ is accepted") for 1 .. 3;
        is($c->cmd('RCPT TO:<4@trap.test>')->text, "452 4.5.3 Too many recipients\r\n", 'one more than the limit gets 452');
        is($c->cmd('DATA'), 354, 'the message goes on');
        $c->send("message $n\r\n.\r\n");
        is($c->reply, 250, 'and is accepted');
    }
    is($c->cmd('MAIL FROM:<a@b.test>')->text, "421 4.7.0 mx.trap.test Too many messages\r\n",
        'one message more than the limit gets 421');
    ok($c->closed, 'and the connection is closed');
    my $s = $trap->session_of($c);
    is_deeply([@$s{qw(end_reason messages_accepted recipients_accepted recipients_rejected errors)}],
        ['limit', 2, 6, 2, 0], 'the record counts them');
    my ($m) = $trap->messages_of($s);
    is_deeply($m->{rcpt_to}, [map { "$_\@trap.test" } 1 .. 3], 'the message has those that were accepted');
    $trap->done;
}
{
    my $trap = Trap->new(conf => {limits => {dialogue => '1k'}});
    my $c = $trap->client;
    $c->cmd('EHLO x');
    $c->cmd('MAIL FROM:<a@b.test>');
    my @to = map { sprintf '%s-%04d@trap.test', 'u' x 50, $_ } 1 .. 1000;
    $c->send(join '', map { "RCPT TO:<$_>\r\n" } @to);
    my %codes;
    $codes{$c->reply // 'none'}++ for @to;
    is_deeply(\%codes, {250 => 1000}, 'a thousand recipients are accepted, as many as the default');
    is($c->cmd('RCPT TO:<one@trap.test>'), 452, 'and one more is not');
    $c->cmd('DATA');
    $c->send("to many\r\n.\r\n");
    is($c->reply, 250, 'and their message');
    $c->quit;
    my $s = $trap->session_of($c);
    my ($m) = $trap->messages_of($s);
    is_deeply($m->{rcpt_to}, \@to, 'the record has them all');
    my ($mail) = $trap->mails;
    is_deeply([$mail->{trace} =~ /^Delivered-To: (\S+)\r$/mg], \@to, 'and the trace header');
    is($mail->{data}, "to many\r\n", 'and the message is whole');

    # The dialogue, cut.
    my $kept = 0;
    $kept += length($_->{text} // '') for @{$s->{dialogue}};
    cmp_ok($kept, '<', 1024, 'the dialogue is bounded');
    cmp_ok($kept, '>', 300, 'but used');
    cmp_ok($s->{dialogue_bytes_cut}, '>', 60_000, 'what was left out is counted');
    is($s->{commands}, 1005, 'the counters go on');
    my @said = map { $_->{text} } grep { $_->{dir} eq 'c' } @{$s->{dialogue}};
    is_deeply(\@said, ['EHLO x', 'MAIL FROM:<a@b.test>', map { "RCPT TO:<$to[$_]>" } 0 .. $#said - 2],
        'what is kept has no gap');
    $trap->done;
}

# No dialogue at all.
{
    my $trap = Trap->new(conf => {limits => {dialogue => 0}});
    my $c = $trap->client;
    $c->quit;
    my $s = $trap->session_of($c);
    ok(!exists $s->{dialogue}, 'with dialogue 0 there is none');
    cmp_ok($s->{dialogue_bytes_cut}, '>', 0, 'and the record says that it was left out');
    $trap->done;
}
done_testing;
