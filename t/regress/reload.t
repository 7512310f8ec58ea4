#!/usr/bin/perl
# reload.t: SIGHUP, what it once broke: workers of a greater message-size had too little address
# space for TLS; and workers that it reached before they could handle it died of it.
use strict;
use warnings;
use Test::More;
use Trap;

my $trap = Trap->new(conf => {limits => {'message-size' => '1m'},
    workers => {'spare-min' => 10, 'spare-max' => 20, max => 64}});
$trap->expect(qr/ master: reload: \S+ is in force for new sessions$/);

# ---- a greater message size ----
$trap->{conf}{limits}{'message-size'} = '512m';
$trap->write_conf;
$trap->notified;
$trap->hup;
ok($trap->wait_notify(qr/^READY=1/m), 'a greater message-size is taken');
my $c;
for (1 .. 200) {
    $c = $trap->client;
    last if join('', $c->cmd('EHLO x')->lines) =~ /SIZE 536870912/;
    $c->quit;
}
$c->starttls;
my $r = $c->cmd('EHLO x');
like($r->text, qr/SIZE 536870912/, 'its workers speak TLS');
is($c->cmd('MAIL FROM:<a@b.test>'), 250, 'and take');
is($c->cmd('RCPT TO:<c@trap.test>'), 250, 'a message');
is($c->cmd('DATA'), 354, 'beyond');
my $data = "Subject: large\r\n\r\n" . ('0123456789' x 7 . "\r\n") x 30_000;
$c->send($data . ".\r\n");
is($c->reply, 250, 'what was allowed before');
$c->quit;
my ($m) = $trap->wait_count('message', 1);
is($m->{size}, length $data, 'whole');

# ---- many at once ----
for (1 .. 100) {
    $trap->hup;
    select undef, undef, undef, 0.002 * ($_ % 4);
}
is($trap->client->banner, 220, 'after many reloads there are workers');
my ($status) = $trap->smtptrap('status', '--socket', $trap->dir . '/run/status.sock');
like($status, qr/; 0 died$/m, 'and none died of them') or diag $status;
$trap->done; # fails where the trap spoke of dead workers
done_testing;
