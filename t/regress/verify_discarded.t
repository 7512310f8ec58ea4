#!/usr/bin/perl
# verify_discarded.t: of a message that a rule discarded there is its record alone, and smtptrap verify
# took that for a message whose bytes are lost.
use strict;
use warnings;
use Test::More;
use Trap;

my $trap = Trap->new(start => 0);
$trap->write_conf($trap->conf_text . qq(rules { discard to "gone\@trap.test" }\n));
$trap->start;
my $c = $trap->client;
$c->cmd('EHLO x');
my ($id) = $c->send_message(to => ['gone@trap.test'], data => "x\r\n")->text =~ /Queued as (\S+)/;
$c->send_message(data => "y\r\n");
$c->quit;
$trap->stop;
my ($out, $err, $status) = $trap->smtptrap('verify');
is($status, 0, 'a discarded message is no error');
like($out, qr/^ok: .* 2 messages, 1 of them stored /, 'and not counted as stored');
($out, $err, $status) = $trap->smtptrap('mail', $id);
isnt($status, 0, 'smtptrap mail cannot give it');
like($err, qr/message $id: its bytes were not kept$/, 'and says why');
$trap->done;
done_testing;
