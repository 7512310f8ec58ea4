#!/usr/bin/perl
# smtptrap export: sessions with the real daemon in each format, read by readers of other making
# and compared with the records.
use strict;
use warnings;
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Trap;
use Trap::Export qw(export reread);

my $trap = Trap->new(conf => {auth => {'auth-secrets' => 'yes'}});
my @reporter = ('--reporter-org' => 'Example Lab', '--reporter-contact' => 'abuse@lab.example');

# A message in a session of its own; the session's record and the message's.
sub message {
    my ($from, $to, $data, %o) = @_;
    my $c = $trap->client;
    $c->cmd('EHLO client.example');
    if ($o{tls}) {
        $c->starttls;
        $c->cmd('EHLO client.example');
    }
    $c->cmd("MAIL FROM:<$from>");
    $c->cmd("RCPT TO:<$_>") for @$to;
    $c->cmd('DATA');
    $c->send("$data\r\n.\r\n");
    is($c->reply, 250, 'a message is taken');
    $c->quit;
    my $s = $trap->session_of($c);
    return ($s, $trap->messages_of($s));
}

my ($s1, $m1) = message('"a,b"@sender.example', ['walter@trap.example', 'jesse@trap.example'],
    "From: =?utf-8?Q?M=C3=BCller?= <\"x, y\"\@one.example>, two\@two.example\r\n"
    . "To: walter\@trap.example\r\nSubject: =1+1, \"quoted\"\t\\back \xc3\xa9\r\n"
    . "Date: Sun, 22 Nov 2026 14:50:44 +0100\r\nMessage-ID: <1\@sender.example>\r\n\r\nhello", tls => 1);
my ($s2, $m2) = message('', ['walter@trap.example'], "Subject: -\r\nDate: whenever\r\n\r\nhello");
my $c = $trap->client;
$c->cmd('EHLO bot');
$c->cmd('AUTH PLAIN ' . encode_base64("\0info\@trap.example\0pass", ''));
$c->quit;
my $s3 = $trap->session_of($c);
$trap->stop;

# ---- csv ----

my ($out, $err, $status) = export($trap, '--as', 'csv', '--stream', 'message', '--fields',
    'id,rcpt_to,mail_from,subject,size,tls_outcome,x_mailer');
is("$err$status", '0', 'csv is written');
my $rows = reread('csv', $out);
is(scalar @$rows, 2, 'csv has a line a message');
is($rows->[0]{id}, $m1->{id}, 'in the order of the records');
is($rows->[0]{rcpt_to}, 'walter@trap.example;jesse@trap.example', 'a list is joined by semicolons');
is($rows->[0]{mail_from}, '"a,b"@sender.example', 'quotes and commas come through');
is($rows->[0]{subject}, "'=1+1, \"quoted\"\\x09\\\\back \xe9",
    'a formula has an apostrophe before it, control characters are escaped');
is($rows->[0]{size}, $m1->{size}, 'numbers are as in the record');
is($rows->[1]{mail_from}, '', 'an empty text is empty');
like($out, qr/,\r\n/, 'so is what is absent');
($out) = export($trap, '--as', 'csv', '--exact', '--fields', 'subject', '--where', "id = $m1->{id}");
is(reread('csv', $out)->[0]{subject}, "=1+1, \"quoted\"\\x09\\\\back \xe9",
    '--exact writes a formula as it is');
($out) = export($trap, '--as', 'csv');
is(scalar @{reread('csv', $out)}, 5, 'without --stream all records are there');
is(join(',', sort keys %{reread('csv', $out)->[0]}),
    join(',', sort qw(type ts id session_id client_ip client_port helo end_reason tls_outcome tls_version
        tls_cipher tls_failure ja4 mail_from rcpt_to header_from subject size verdict)),
    'with the fields that the manual names');
for (['--fields', 'dialogue'], ['--fields', 'id,nonsense'], ['--fields', '']) {
    ($out, $err, $status) = export($trap, '--as', 'csv', @$_);
    is("$out$status", '1', "@$_ is refused");
    like($err, qr/no field that has a column/, 'and it is said why');
}

# ---- zeek ----

# Every column stands in record.def as the name of its field, or the trap does not know it.
my ($fields) = $trap->smtptrap('fields');
my %zeek_names = map { $_ => 1 } map { split /, /, (split /\t/, $_, -1)[5] } split /\n/, $fields;
my %unknown = map { $_ => 1 } qw(trans_depth cc reply_to in_reply_to x_originating_ip first_received
    second_received path tls next_protocol ssl_history cert_chain_fps subject issuer proto service
    conn_state local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts
    resp_ip_bytes tunnel_parents);
my %zeek;
for my $path (qw(smtp ssl conn)) {
    ($out, $err, $status) = export($trap, '--as', 'zeek', '--path', $path);
    is("$err$status", '0', "$path.log is written");
    $zeek{$path} = reread('zeek', $out);
    is($zeek{$path}{path}, $path, 'and read as that');
    is(join(' ', grep { !$zeek_names{$_} && !$unknown{$_} } @{$zeek{$path}{fields}}), '',
        'its columns are those that smtptrap fields names, and known to be unknown');
}
my ($z1, $z2) = @{$zeek{smtp}{rows}};
is(scalar @{$zeek{smtp}{rows}}, 2, 'smtp.log has a line a message');
is($z1->{uid}, $s1->{id}, 'uid is the session');
is_deeply($z1->{rcptto}, ['walter@trap.example', 'jesse@trap.example'], 'a set has its elements');
is_deeply([$z1->{'id.orig_h'}, $z1->{'id.orig_p'}, $z1->{'id.resp_h'}, $z1->{'id.resp_p'}],
    [@$m1{qw(client_ip client_port local_ip local_port)}], 'addresses and ports are those of the record');
is($z1->{mailfrom}, '"a,b"@sender.example', 'a comma in a string is itself');
is($z1->{subject}, "=1+1, \"quoted\"\t\\back \xc3\xa9", 'tab and backslash come back from their escapes');
ok($z1->{tls} && !$z2->{tls}, 'tls is whether it was negotiated');
is($z2->{mailfrom}, '', 'an empty string is not unset');
is($z2->{subject}, '-', 'and a hyphen neither');
is($z2->{msg_id}, undef, 'what is absent is unset');
is(scalar @{$zeek{ssl}{rows}}, 1, 'ssl.log has a line a handshake');
my $z = $zeek{ssl}{rows}[0];
is($z->{version}, $s1->{tls_version} =~ s/\.//r, 'with the version in its words');
is_deeply($z->{client_ciphers}, [map { hex } $s1->{hello_ciphers} =~ /(....)/g], 'ciphers are numbers');
is($z->{client_version}, 0x303, 'so is the version of the hello');
is_deeply($z->{client_supported_versions}, [map { {'TLSv1.3' => 772, 'TLSv1.2' => 771, 'TLSv1.1' => 770,
    'TLSv1.0' => 769}->{$_} } @{$s1->{hello_versions}}], 'and those that it offers');
is($z->{ja4}, $s1->{ja4}, 'fingerprints are there');
ok($z->{established}, 'and that it was established');
is(scalar @{$zeek{conn}{rows}}, 3, 'conn.log has a line a session');
is($zeek{conn}{rows}[0]{duration} * 1e6, $s1->{duration_us}, 'with its duration in seconds');
is($zeek{conn}{rows}[0]{orig_bytes}, $s1->{bytes_in}, 'and its bytes');
is($zeek{conn}{rows}[2]{service}, 'smtp', 'and its service');
for (['--path', 'dns'], ['--path', 'ssl', '--stream', 'message']) {
    ($out, $err, $status) = export($trap, '--as', 'zeek', @$_);
    is("$out$status", '1', "@$_ is refused");
    like($err, qr/--path/, 'and it is said why');
}

# ---- ecs ----

($out, $err, $status) = export($trap, '--as', 'ecs');
is("$err$status", '0', 'ECS is written');
my %event = map { $_->{event}{id} => $_ } @{reread('ecs', $out)};
is(scalar keys %event, 5, 'with an event a record, all of them of the schema');
my $e = $event{$m1->{id}};
is($e->{'@timestamp'}, $m1->{ts}, 'the time is that of the record');
is_deeply($e->{source}, {ip => $m1->{client_ip}, port => $m1->{client_port}}, 'the source too');
is($e->{email}{from}{address}[-1], 'two@two.example', 'addresses of From: are a list');
is($e->{email}{origination_timestamp}, '2026-11-22T13:50:44.000000Z', 'a date is one of ISO 8601');
is_deeply($e->{tls}{version} . $e->{tls}{version_protocol}, '1.3tls', 'version and protocol are apart');
is($e->{event}{outcome}, 'success', 'what was accepted is a success');
ok(!exists $event{$m2->{id}}{email}{origination_timestamp}, 'a date that is none is left out');
is($event{$m2->{id}}{smtptrap}{date}, 'whenever', 'and stands as it came under smtptrap');
is($event{$s1->{id}}{event}{duration}, 1000 * $s1->{duration_us}, 'a duration is in nanoseconds');
is_deeply($event{$s1->{id}}{event}{category}, ['network'], 'a session is of the network');
is_deeply($event{$s1->{id}}{tls}{client}{supported_ciphers}, $s1->{hello_cipher_names}, 'lists are arrays');
is($event{$s3->{id}}{event}{outcome}, 'unknown', 'a session that came to nothing has an unknown outcome');

# ---- xarf ----

($out, $err, $status) = export($trap, '--as', 'xarf', '--no-redact', @reporter);
is($status, 0, 'XARF is written');
is($err, "smtptrap: 3 reports; 2 records give none\n", 'and it is told how many reports there are');
my @reports = @{reread('xarf', $out)};
my ($login) = grep { $_->{type} eq 'login_attack' } @reports;
my ($spam) = grep { ($_->{smtp_from} // '') eq 'two@two.example' || ($_->{message_id} // '') ne '' } @reports;
is($login->{timestamp}, $s3->{ts}, 'a session with AUTH is a login attack');
is(decode_base64($login->{evidence}[0]{payload}), "AUTH PLAIN refused info\@trap.example\r\n",
    'its evidence is the attempt, without the secret');
is($spam->{source_identifier}, $m1->{client_ip}, 'a message is spam from its client');
like(decode_base64($spam->{evidence}[0]{payload}), qr/^Return-Path: .*\r\nX-Trap-Size: \d+\r\nFrom: .*hello\r\n\z/s,
    'its evidence is the message behind its trace header');
is((grep { $_->{type} eq 'spam' && $_ != $spam } @reports)[0]{smtp_from}, 'none@reverse-path.invalid',
    'an empty reverse-path has an address that stands for it');
is($spam->{sender}{domain}, 'lab.example', 'who sends it is who reports it, if not said');
my ($again) = export($trap, '--as', 'xarf', '--no-redact', @reporter);
is($again, $out, 'a second export has the same identifiers');
($out) = export($trap, '--as', 'xarf', '--no-redact', @reporter, '--evidence-max', '100',
    '--where', "id = $m1->{id}");
my $item = reread('xarf', $out)->[0]{evidence}[0];
is($item->{size}, 100, 'evidence is cut at the limit');
like($item->{description}, qr/; truncated: the first 100 of \d+ bytes$/, 'and its description says so');
for (['--reporter-org', 'x'], ['--reporter-contact', 'a@b.example'], [@reporter, '--evidence-max', '6m'],
    [@reporter, '--evidence-max', 'x'], ['--reporter-org', 'x' x 201, '--reporter-contact', 'a@b.example']) {
    ($out, $err, $status) = export($trap, '--as', 'xarf', @$_);
    is("$out$status", '1', "xarf with @$_ is refused") or diag $err;
}
($out, $err, $status) = export($trap, '--as', 'xarf', '--reporter-org', 'x', '--reporter-contact',
    'me@mx.trap.test');
is("$out$status", '1', 'a reporter whose address gives the trap away is refused');
like($err, qr/gives the trap away/, 'and it is said why');

# ---- choice of records, files, damage ----

my ($file) = map { $trap->logs . "/$_" } $trap->log->files('message');
($out) = export($trap, '--as', 'csv', '--fields', 'id', $file);
is(scalar @{reread('csv', $out)}, 2, 'a file can be named');
($out) = export($trap, '--as', 'xarf', '--no-redact', @reporter, $file);
is(scalar @{reread('xarf', $out)}, 2, 'and the messages of its records are found');
($out) = export($trap, '--as', 'csv', '--fields', 'id', '--field', "id=$s3->{id}", $trap->logs);
is_deeply(reread('csv', $out), [{id => $s3->{id}}], 'so can a folder, and records are chosen');
($out, $err, $status) = export($trap, '--as', 'csv', '/nowhere/at/all');
is($status, 1, 'a file that is not there is trouble');
my ($mail) = map { $trap->logs . "/$_" } $trap->log->files('mail');
rename $mail, "$mail.away" or die "rename: $!";
($out, $err, $status) = export($trap, '--as', 'xarf', '--no-redact', @reporter);
is($status, 1, 'a message that is gone is trouble');
like($err, qr/^smtptrap: message $m1->{id}: its mail file is not there$/m, 'named by its record');
is(scalar @{reread('xarf', $out)}, 1, 'the other reports are there');
rename "$mail.away", $mail or die "rename: $!";
for ([], ['--as', 'xml'], ['--as', 'csv', '--stream', 'mail'], ['--as', 'csv', '--nonsense']) {
    ($out, $err, $status) = export($trap, @$_);
    is($status, 2, "export @$_ is wrong usage");
}

$trap->done;
done_testing;
