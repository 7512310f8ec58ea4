#!/usr/bin/perl
# session.t: a whole session, its replies, and every field of the records it leaves.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Test::More;
use Time::HiRes qw(time);
use Trap;

my $trap = Trap->new(conf => {sensor => 'sensor-1', limits => {'message-size' => '1m'}});
my $began = time;
my $c = $trap->client(local => '127.9.8.7');

is($c->banner->text, "220 mx.trap.test ESMTP\r\n", 'the banner names the host');
is(join("\n", $c->cmd('EHLO client.example')->lines), join("\n", '250-mx.trap.test',
    '250-SIZE 1048576', '250-PIPELINING', '250-8BITMIME', '250-SMTPUTF8', '250-CHUNKING',
    '250-ENHANCEDSTATUSCODES', '250-DSN', '250-STARTTLS', '250 AUTH PLAIN LOGIN'),
    'EHLO lists the extensions');

my $body = "first line\r\n.dot\r\nFrom the start\r\n";
my $data = "From: Ann <ann\@client.example>\r\nTo: bob\@trap.test\r\nSubject: hello\r\n"
    . "Message-ID: <1\@client.example>\r\nDate: Sat, 22 Nov 2025 10:30:00 +0000\r\n"
    . "Received: from a by b; Sat, 22 Nov 2025 10:30:00 +0000\r\n"
    . "DKIM-Signature: v=1; a=rsa-sha256; d=client.example; s=x; b=AAAA\r\n\r\n$body";
my $code = $c->cmd('MAIL FROM:<ann@client.example> SIZE=500 BODY=8BITMIME');
is($code->text, "250 2.1.0 Sender ok\r\n", 'MAIL is accepted');
is($c->cmd('RCPT TO:<bob@trap.test>')->text, "250 2.1.5 Recipient ok\r\n", 'RCPT is accepted');
is($c->cmd('RCPT TO:<"odd one"@trap.test> NOTIFY=NEVER'), 250, 'a quoted recipient is accepted');
is($c->cmd('RCPT TO:<Postmaster>'), 250, 'Postmaster without a domain is accepted');
is($c->cmd('DATA')->text, "354 End data with <CR><LF>.<CR><LF>\r\n", 'DATA gets 354');
$c->send(Trap::Client::dotted($data));
my $stored = $c->reply;
my ($id) = $stored->text =~ /^250 2\.6\.0 Queued as ([0-9a-f-]{36})\r\n\z/;
ok($id, 'the message is acknowledged with its id');

# What was acknowledged is there at this moment, not later.
my ($m) = grep { $_->{id} eq ($id // '') } $trap->records('message');
ok($m, 'the record of a message is in the log when it is acknowledged');
is_deeply([map { $_->{id} } $trap->mails], [$id], 'and so is the message');

is($c->cmd('RCPT TO:<x@trap.test>'), 503, 'RCPT before MAIL gets 503');
is($c->cmd('BOGUS'), 500, 'an unknown command gets 500');
is($c->quit->text, "221 2.0.0 mx.trap.test Bye\r\n", 'QUIT gets 221');

my $s = $trap->session_of($c);
my $ended = time;

like($s->{id}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    'the id is a UUIDv7');
like($s->{ts}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, 'ts has microseconds and is UTC');
my $ts_ms = (hex(substr $s->{id}, 0, 8) * 65536 + hex substr $s->{id}, 9, 4) / 1000;
ok($ts_ms >= $began - 0.01 && $ts_ms <= $ended, 'the time within the id is the time of the session');
ok($s->{duration_us} > 0 && $s->{duration_us} < ($ended - $began) * 1e6,
    'duration_us is the time that the session took');

my ($speech, $header) = ('EHLO {fqdn}|MAIL FROM:<{a}> SIZE={n} BODY={v}|RCPT TO:<{a}>|RCPT TO:<{a}> NOTIFY={v}|RCPT TO:<{l}>|DATA', 'ftsmd=');
my $dialect = join '_', 'd1', substr(sha256_hex($speech), 0, 12), substr(sha256_hex($header), 0, 8);
my $dialogue = delete $s->{dialogue};
my %varies = map { $_ => delete $s->{$_} } qw(id ts duration_us bytes_in bytes_out client_port),
    grep { /^tcp_syn/ } keys %$s;
is_deeply($s, {
    v => 1, type => 'session', seq => 1, sensor => 'sensor-1', client_ip => '127.9.8.7',
    local_ip => $trap->address, local_port => $trap->port,
    listener => $trap->address . ':' . $trap->port, helo => 'client.example',
    esmtp => JSON::PP::true, phase => 'message', end_reason => 'quit', commands => 9, errors => 2,
    messages_accepted => 1, messages_rejected => 0, recipients_accepted => 3,
    recipients_rejected => 1, early_talk => JSON::PP::false, pipelined_early => JSON::PP::false,
    tls_injected => JSON::PP::false, pipelined => 0, bare_cr => 0, bare_lf => 0,
    oddities => ['unknown_command', 'out_of_order'], tls_outcome => 'offered_unused',
    dialect => "${dialect}_" . substr(sha256_hex('{?}|QUIT.quit'), 0, 8), dialect_string => $speech . ';' . $header . ';{?}|QUIT.quit',
}, 'the session record has exactly these fields') or diag explain $s;

my @client = map { defined $_->{text} ? $_->{text} : "[$_->{body}]" }
    grep { $_->{dir} eq 'c' } @$dialogue;
is_deeply(\@client, ['EHLO client.example',
    'MAIL FROM:<ann@client.example> SIZE=500 BODY=8BITMIME', 'RCPT TO:<bob@trap.test>',
    'RCPT TO:<"odd one"@trap.test> NOTIFY=NEVER', 'RCPT TO:<Postmaster>', 'DATA',
    '[' . length(Trap::Client::dotted($data)) . ']', 'RCPT TO:<x@trap.test>', 'BOGUS', 'QUIT'],
    'the dialogue holds what the client said, the body as its length');
my @server = map { $_->{text} } grep { $_->{dir} eq 's' } @$dialogue;
is($server[0], '220 mx.trap.test ESMTP', 'the dialogue begins with the banner');
is(scalar @server, 11, 'the dialogue holds every reply');
is($server[7], $stored->text =~ s/\r\n\z//r, 'and the acknowledgement as it was sent');
my @us = map { $_->{us} } @$dialogue;
is_deeply(\@us, [sort { $a <=> $b } @us], 'the time offsets never go back');
ok($us[-1] <= $varies{duration_us}, 'and end within the session');

my ($sent) = (0);
$sent += length($_) + ($_ =~ /^\[(\d+)\]$/ ? $1 - length $_ : 2) for @client;
is($varies{bytes_in}, $sent, 'bytes_in counts every byte received');

is_deeply({map { $_ => $m->{$_} } grep { !/^(?:id|ts|client_port|mail_\w*(?:file|offset|member|skip))$/ } keys %$m}, {
    v => 1, type => 'message', seq => 1, sensor => 'sensor-1', session_id => $varies{id},
    client_ip => '127.9.8.7', local_ip => $trap->address, local_port => $trap->port,
    listener => $trap->address . ':' . $trap->port, helo => 'client.example',
    esmtp => JSON::PP::true, tls_outcome => 'offered_unused', tcp_syn => $varies{tcp_syn},
    dialect => $dialect, mail_from => 'ann@client.example', mail_params => 'SIZE=500 BODY=8BITMIME',
    rcpt_to => ['bob@trap.test', '"odd one"@trap.test', 'Postmaster'],
    rcpt_params => ['', 'NOTIFY=NEVER', ''], size => length $data, sha256 => sha256_hex($data),
    body_sha256 => sha256_hex($body), verdict => 'accepted',
    reply => "250 2.6.0 Queued as $id", header_from => 'Ann <ann@client.example>',
    header_to => 'bob@trap.test', subject => 'hello', message_id => '<1@client.example>',
    date => 'Sat, 22 Nov 2025 10:30:00 +0000', has_dkim => JSON::PP::true,
    dkim_domains => ['client.example'], received_count => 1, bare_cr => 0, bare_lf => 0,
}, 'the message record has exactly these fields') or diag explain $m;
is($m->{client_port}, $c->local_port, 'both records name the port of the client');

my ($mail) = $trap->mails;
is($mail->{data}, $data, 'the message is kept byte for byte');
is($mail->{size}, length $data, 'and its length is in the trace header');
like($mail->{trace}, qr/\AReturn-Path: <ann\@client\.example>\r\n/, 'the trace header names the sender');
is(join('|', $mail->{trace} =~ /^Delivered-To: (.*)\r$/mg),
    'bob@trap.test|"odd one"@trap.test|Postmaster', 'and each recipient');
like($mail->{trace}, qr/^Received: from client\.example \(\[127\.9\.8\.7\]:$varies{client_port}\)\r\n\tby mx\.trap\.test with ESMTP id $id;\r\n\t\w{3}, \d+ \w{3} \d{4} [\d:]{8} \+0000\r$/m,
    'and how it came');

my $text = $trap->log->content($m->{mail_file} . '.part');
is(substr($text, $m->{mail_offset}, 5), 'From ', 'mail_offset is where the message begins');

# Others.
my $h = $trap->client;
is($h->cmd('HELO old.example')->text, "250 mx.trap.test\r\n", 'HELO gets the host name alone');
is($h->cmd('MAIL FROM:<>'), 250, 'the null sender is accepted');
is($h->cmd('LHLO x'), 500, 'LHLO is an unknown command');
is($h->cmd('VRFY ann'), 252, 'VRFY tells nothing');
is($h->cmd('EXPN list'), 502, 'EXPN is not implemented');
is($h->cmd('HELP'), 214, 'HELP helps');
is($h->cmd('NOOP'), 250, 'NOOP does nothing');
is($h->cmd('RSET'), 250, 'RSET forgets');
is($h->cmd('DATA'), 503, 'DATA before MAIL gets 503');
$h->close;
$s = $trap->session_of($h);
is_deeply([@$s{qw(end_reason esmtp phase helo tls_outcome)}],
    ['client_closed', JSON::PP::false, 'mail', 'old.example', 'not_offered'],
    'a client that left without QUIT is recorded so, and STARTTLS was not offered to HELO');
is($s->{seq}, 2, 'the next record has the next number');

my $silent = $trap->client(banner => 0);
$silent->close;
$s = $trap->session_of($silent);
is_deeply([@$s{qw(end_reason phase commands tls_outcome)}], ['client_closed', 'connect', 0, 'not_offered'],
    'a client that says nothing leaves a record too');

$trap->done;
done_testing;
