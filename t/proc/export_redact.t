#!/usr/bin/perl
# smtptrap export with redaction: real messages with an address hidden in them go through the real
# daemon, and Python's decoders look for it in the reports (t/lib/redacted.py).
use strict;
use warnings;
use File::Temp qw(tempdir);
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Trap;
use Trap::Export qw(export reread);
use Trap::File qw(spew);

use constant MESSAGES => 150;
use constant ADDRESS => 'walter.white@trap-7f3.example';

my $python = Trap::Process::program('python3') or plan skip_all => 'there is no python3';
my $tool = "$Trap::SOURCE/t/lib/redacted.py";
my $seed = $ENV{TRAP_SEED} // int rand 1e9;
note "seed $seed";
my @reporter = ('--reporter-org' => 'Example Lab', '--reporter-contact' => 'abuse@lab.example',
    '--evidence-max' => '5m');

my $corpus = '-';
if (my $archive = Trap::shared('spamassassin-corpus.tar.xz')) {
    $corpus = tempdir(CLEANUP => 1);
    system('tar', '-C', $corpus, '-xJf', $archive, '--wildcards', '*.txt') == 0 or die "tar failed\n";
} else {
    diag 'spamassassin-corpus.tar.xz is not at hand: with made-up messages only';
}

my $trap = Trap->new(tls => 0, conf => {limits => {messages => 100, recipients => 200}});
my $keep = tempdir(CLEANUP => 1);
my ($sent, $err, $status) = Trap::Process::run($python, $tool, 'send', $trap->address, $trap->port,
    MESSAGES, $seed, $corpus, $keep);
is($status, 0, 'messages with an address hidden in them are sent') or diag $err;
chomp $sent;

# And one whose recipients make it too dear to search.
my $c = $trap->client;
$c->cmd('EHLO client.example');
$c->cmd('MAIL FROM:<a@b.example>');
$c->cmd('RCPT TO:<' . 'a' x 60 . "$_\@trap.example>") for 100 .. 199;
$c->cmd('DATA');
$c->send(('a' x 900 . "\r\n") x 40 . ".\r\n");
is($c->reply, 250, 'a message of many recipients that are alike is taken');
# One that tries to log in as an address of the trap, to the name that the trap has.
$c->cmd('RSET');
$c->cmd('AUTH PLAIN ' . encode_base64("\0info\@other-trap.example\0x", ''));
$c->quit;
my $session = $trap->session_of($c);
$trap->stop;

# ---- XARF is redacted unless it is told not to ----

(my $out, $err, $status) = export($trap, '--as', 'xarf', '--stream', 'message', @reporter);
is($status, 1, 'a message that cannot be redacted is trouble');
like($err, qr/^smtptrap: message \S+: not exported: redaction of its message is not certain$/m,
    'it is named');
like($err, qr/^smtptrap: 1 of @{[$sent + 1]} records were not exported$/m, 'and counted');
my @reports = @{reread('xarf', $out)};
is(scalar @reports, $sent, 'all others are reported, as XARF wants it');
spew("$keep/.reports", $out);
(my $counts, $err, $status) = Trap::Process::run('sh', '-c', 'exec "$0" "$1" check "$2" <"$2/.reports"',
    $python, $tool, $keep);
is($status, 0, 'Python reads the evidence') or diag $err;
chomp $counts;
note $counts;
my %count = map { split /=/ } split ' ', $counts;
is($count{found}, 0, 'and finds the address in no form of any of it') or diag $err;
is($count{changed}, 0, 'what held no secret is there byte for byte') or diag $err;
cmp_ok($count{same}, '>', $sent / 3, 'which is so for many of the messages');
my ($bare) = export($trap, '--as', 'xarf', '--stream', 'message', '--no-redact', @reporter);
spew("$keep/.bare", join "\n", (split /\n/, $bare)[0 .. 9], '');
($counts) = Trap::Process::run('sh', '-c', 'exec "$0" "$1" check "$2" <"$2/.bare"', $python, $tool, $keep);
like($counts, qr/reports=10 found=10 same=10 /, 'in what is not redacted it finds it each time');
my %tokens = map { $_->{smtp_to} => 1 } @reports;
is(scalar keys %tokens, 1, 'the recipient has the same token in all reports');
like((keys %tokens)[0], qr/^r-[a-z2-7]{12}\@redacted\.invalid$/, 'which looks as the manual says');

# ---- what else gives a trap away ----

my $evidence = join '', map { decode_base64($_->{evidence}[0]{payload}) } @reports;
my $local = $trap->address;
is(scalar(() = $evidence =~ /\Q$local\E(?!\d)/g), 0, 'the address of the trap is nowhere');
is(scalar(() = $evidence =~ /mx\.trap\.test/g), 0, 'nor its name');
like($evidence, qr/^\tby d-[a-z2-7]{12}\.redacted\.invalid with E?SMTP/m, 'Received: has its token');
($out) = export($trap, '--as', 'xarf', '--stream', 'session', @reporter);
my ($login) = @{reread('xarf', $out)};
like(decode_base64($login->{evidence}[0]{payload}), qr/^AUTH PLAIN refused r-\w{12}\@redacted\.invalid\r\n$/,
    'who tried to log in as an address is reported with its token');

# ---- the other formats, if they are told to ----

for my $as (['csv', '--fields', 'rcpt_to,local_ip,sensor,header_to,subject,sha256'], ['zeek'], ['ecs']) {
    my ($format, @more) = @$as;
    ($out) = export($trap, '--as', $format, @more);
    like($out, qr/trap-7f3/, "$format has the recipient");
    ($out) = export($trap, '--as', $format, @more, '--redact', '--field', 'rcpt_to=' . ADDRESS);
    reread($format, $out);
    unlike($out, qr/trap-7f3|walter\.white|\Q$local\E(?!\d)|mx\.trap\.test/i,
        "$format with --redact has neither recipient nor names and addresses of the trap");
    like($out, qr/(??{(keys %tokens)[0]})/, 'it has the token that the reports have');
}
my $whole = $trap->records('message') ? ($trap->records('message'))[0]{sha256} : '';
ok($whole =~ /^[0-9a-f]{64}$/ && $out !~ /$whole/, 'digests of messages are left out');

# ---- key and list of secrets ----

my @stat = stat $trap->dir . '/export.key';
is(sprintf('%o %d', $stat[2] & 07777, $stat[7]), '600 32', 'the key is for its owner alone');
($out) = export($trap, '--as', 'csv', '--fields', 'rcpt_to', '--redact', '--key-file', $trap->dir . '/other.key',
    '--field', 'rcpt_to=' . ADDRESS);
unlike($out, qr/(??{(keys %tokens)[0]})/, 'with another key there are other tokens');
chmod 0640, $trap->dir . '/other.key';
($out, $err, $status) = export($trap, '--as', 'csv', '--redact', '--key-file', $trap->dir . '/other.key');
is("$out$status", '1', 'a key that others may read is refused');
like($err, qr/others may read this key/, 'and it is said why');
chmod 0600, $trap->dir . '/other.key';
truncate $trap->dir . '/other.key', 31;
($out, $err, $status) = export($trap, '--as', 'csv', '--redact', '--key-file', $trap->dir . '/other.key');
is("$out$status", '1', 'a key that is too short is refused');
spew($trap->dir . '/secrets', "# what else there is\n\ncorpus.example\n");
($out) = export($trap, '--as', 'csv', '--fields', 'helo,mail_from', '--redact', '--redact-file', $trap->dir . '/secrets');
unlike($out, qr/corpus\.example/, 'what the file lists is hidden');
spew($trap->dir . '/secrets', "corpus.example\nabc\n");
($out, $err, $status) = export($trap, '--as', 'csv', '--redact', '--redact-file', $trap->dir . '/secrets');
is("$out$status", '1', 'a secret that is too short to be looked for is refused');
like($err, qr/'abc': too short to be looked for/, 'and named');

$trap->done;
done_testing;
