#!/usr/bin/perl
# report_list.t: smtptrap report compared names of a list with texts that it did not have any longer: of
# names with a quote the fourth was taken for the first and not counted, or freed memory was read.
use strict;
use warnings;
use Test::More;
use Trap;

my $trap = Trap->new;

# A message with a signature of each of these domains, and the domains that the report then has of it.
sub reported {
    my (@domains) = @_;
    my $sender = @domains . '@client.test';
    my $c = $trap->client;
    $c->cmd($_) for 'EHLO client.test', "MAIL FROM:<$sender>", 'RCPT TO:<r@trap.test>', 'DATA';
    $c->send("DKIM-Signature: v=1; d=$_; b=\r\n") for @domains;
    is($c->cmd("\r\nbody\r\n."), 250, 'a message with ' . @domains . ' signatures is accepted');
    $c->quit;
    $trap->session_of($c);
    my ($out, $err, $status) = $trap->smtptrap('report', '--field', "mail_from=$sender", '--format', 'csv', 'dkim');
    is("$status$err", '0', 'and the report of it is made');
    return [sort $out =~ /^dkim,domains,value,,"((?:[^"]|"")+)",1,/mg];
}

my @four = map { qq("$_.example) } qw(five four nine zero);
is_deeply(reported(@four), [map { qq("$_) } @four], 'names of one length are told apart');
my @five = (@four, '"' . "\xff" x 250);
is(scalar @{reported(@five[0, 1, 2, 4], $five[3])}, 5, 'a long one among them changes nothing');
is_deeply(reported((@four) x 3), [map { qq("$_) } @four], 'and each counts once a message');
$trap->done;
done_testing;
