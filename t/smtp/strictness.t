#!/usr/bin/perl
# strictness.t: what lenient, normal and strict make of commands that break RFC 5321: whatever is
# accepted or refused, the record names the oddity.
use strict;
use warnings;
use Test::More;
use Trap;

# command (behind EHLO, or behind MAIL where it is RCPT), codes of lenient, normal, strict; oddities;
# the address that is understood.
my @cases = (
    ['MAIL FROM:<a@b.test>', 250, 250, 250, [], 'a@b.test'],
    ['mail from:<a@b.test>', 250, 250, 250, [], 'a@b.test'],
    ['MAIL FROM:<>', 250, 250, 250, [], ''],
    ['MAIL FROM: <a@b.test>', 250, 250, 501, ['space_after_colon'], 'a@b.test'],
    ['MAIL FROM :<a@b.test>', 250, 250, 501, ['space_before_colon'], 'a@b.test'],
    ['MAIL FROM:a@b.test', 250, 250, 501, ['no_angle_brackets'], 'a@b.test'],
    ['MAIL FROM <a@b.test>', 250, 501, 501, ['missing_colon'], 'a@b.test'],
    ['MAIL FROM:', 250, 501, 501, ['empty_path'], ''],
    ['MAIL FROM:<a@b.test', 250, 501, 501, ['angle_bracket_unclosed'], 'a@b.test'],
    ['MAIL FROM:Ann <a@b.test>', 250, 501, 501, ['display_name'], 'a@b.test'],
    ['MAIL FROM:< a@b.test >', 250, 250, 501, ['space_in_path'], 'a@b.test'],
    ['MAIL FROM:<@x.test,@y.test:a@b.test>', 250, 250, 250, ['source_route'], 'a@b.test'],
    ['MAIL FROM:<a>', 250, 250, 501, ['domain_missing'], 'a'],
    ['MAIL FROM:<@b.test>', 250, 501, 501, ['local_part_missing'], '@b.test'],
    ['MAIL FROM:<a..b@c.test>', 250, 250, 501, ['local_part_bad'], 'a..b@c.test'],
    ['MAIL FROM:<a@b_c.test>', 250, 250, 501, ['domain_bad'], 'a@b_c.test'],
    ['MAIL FROM:<a@b.test.>', 250, 250, 501, ['domain_trailing_dot'], 'a@b.test.'],
    ['MAIL FROM:<a@[192.0.2.1]>', 250, 250, 250, [], 'a@[192.0.2.1]'],
    ['MAIL FROM:<a@[IPv6:2001:db8::1]>', 250, 250, 250, [], 'a@[IPv6:2001:db8::1]'],
    ['MAIL FROM:<a@[300.1.1.1]>', 250, 250, 501, ['domain_literal_bad'], 'a@[300.1.1.1]'],
    ['MAIL FROM:<a@b@c.test>', 250, 250, 501, ['local_part_bad', 'several_at'], 'a@b@c.test'],
    ["MAIL FROM:<m\xc3\xbcller\@b.test>", 250, 250, 553, ['utf8_undeclared'], "m\x{fc}ller\@b.test"],
    ["MAIL FROM:<m\xc3\xbcller\@b.test> SMTPUTF8", 250, 250, 250, [], "m\x{fc}ller\@b.test"],
    ['MAIL FROM:<a@b.test> BOGUS=1', 250, 555, 555, ['unknown_parameter'], 'a@b.test'],
    ['MAIL FROM:<a@b.test> SIZE=1 SIZE=2', 250, 501, 501, ['duplicate_parameter'], 'a@b.test'],
    ['MAIL FROM:<a@b.test> SIZE=big', 250, 501, 501, ['bad_parameter'], 'a@b.test'],
    [' MAIL FROM:<a@b.test>', 250, 250, 500, ['leading_space'], 'a@b.test'],
    ['MAIL  FROM:<a@b.test>', 250, 250, 500, ['extra_space'], 'a@b.test'],
    ['MAIL FROM:<a@b.test> ', 250, 250, 250, ['trailing_space'], 'a@b.test'],
    ['RCPT TO:<Postmaster>', 250, 250, 250, [], 'Postmaster'],
    ['RCPT TO:<"a b"@trap.test>', 250, 250, 250, [], '"a b"@trap.test'],
    ['RCPT TO: c@trap.test', 250, 250, 501, ['space_after_colon', 'no_angle_brackets'], 'c@trap.test'],
    ['RCPT TO:<@x.test:c@trap.test>', 250, 250, 250, ['source_route'], 'c@trap.test'],
    ['RCPT TO:<c>', 250, 250, 501, ['domain_missing'], 'c'],
);
my @strictness = qw(lenient normal strict);
for my $i (0 .. 2) {
    my $strictness = $strictness[$i];
    my $trap = Trap->new(tls => 0, conf => {strictness => $strictness,
        limits => {messages => 1000, errors => 1000}});
    my (@clients, @codes);
    for my $case (@cases) {
        my $c = $trap->client;
        $c->cmd('EHLO x.test');
        my $rcpt = $case->[0] =~ /RCPT/;
        $c->cmd('MAIL FROM:<s@b.test>') if $rcpt;
        push @codes, $c->cmd($case->[0])->code;
        $c->cmd('RCPT TO:<c@trap.test>') if !$rcpt;
        $c->cmd('DATA')->code == 354 and $c->cmd("x\r\n.");
        $c->quit;
        push @clients, $c;
    }
    for my $n (0 .. $#cases) {
        my ($command, $oddities, $address) = @{$cases[$n]}[0, 4, 5];
        my $expected = $cases[$n][1 + $i];
        my $shown = $command =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger;
        is($codes[$n], $expected, "$strictness: $shown gets $expected");
        my $s = $trap->session_of($clients[$n]);
        my %has = map { $_ => 1 } @{$s->{oddities} // []};
        is(join(' ', grep { !$has{$_} } @$oddities), '', "$strictness: $shown: its oddities are named");
        next if $expected != 250;
        my ($m) = $trap->messages_of($s);
        is($command =~ /RCPT/ ? $m->{rcpt_to}[0] : $m->{mail_from}, $address,
            "$strictness: $shown: the address is understood");
        is_deeply($m->{oddities} // [], $oddities, "$strictness: $shown: the message names its oddities, and no others");
    }

    # The greeting and line ends.
    my @lines = (
        ["EHLO\r\n", 250, 501, 501, 'helo_missing_argument'],
        ["EHLO a_b\r\n", 250, 250, 501, 'helo_bad_syntax'],
        ["EHLO 192.0.2.1\r\n", 250, 250, 501, 'helo_address_unbracketed'],
        ["NOOP\n", 250, 250, 500, 'bare_lf_command'],
        ["NO\0OP\r\n", 500, 500, 500, 'nul_in_command'],
        ["NOOP \xe4\r\n", 250, 250, 500, '8bit_in_command'],
        ["QUIT now\r\n", 221, 221, 501, 'unexpected_argument'],
        ["\r\n", 500, 500, 500, 'empty_line'],
        ["STARTLTS\r\n", 500, 500, 500, 'unknown_command'],
    );
    my @said = map {
        my $c = $trap->client;
        $c->send($_->[0]);
        my $code = $c->reply;
        $c->close;
        [$c, $code, $_];
    } @lines;
    for (@said) {
        my ($c, $code, $row) = @$_;
        my $shown = $row->[0] =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger;
        is($code // 'none', $row->[1 + $i], "$strictness: $shown gets $row->[1 + $i]");
        my $s = $trap->session_of($c);
        ok((grep { $_ eq $row->[4] } @{$s->{oddities} // []}), "$strictness: $shown: $row->[4] is named");
    }
    $trap->done;
}
done_testing;
