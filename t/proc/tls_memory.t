#!/usr/bin/perl
# tls_memory.t: addresses whose handshakes fail are asked for no certificate, then not offered
# STARTTLS; records say so; it ends by time or by success, outlives the process, and has an end.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Socket qw(SHUT_WR inet_pton AF_INET AF_INET6);
use Test::More;
use Time::HiRes qw(time);
use Trap qw(wait_for wait_for_new_workers);
use Trap::Process;

use constant REQUEST => 'no_certificate_request';
my $openssl = Trap::Process::program('openssl') or plan skip_all => 'there is no openssl';
my $work = tempdir('memory-XXXXXX', TMPDIR => 1, CLEANUP => 1);

sub trap_with {
    my ($memory, %o) = @_;
    return Trap->new(%o, conf => {memory => {'tls-failures' => 2, %$memory}, %{$o{conf} // {}}});
}

# A handshake that the client ends with an alert; its session record.
sub fail_tls {
    my ($trap, $ip, %o) = @_;
    my $c = $trap->client(local => $ip, %o);
    $c->cmd('EHLO fails.test');
    my $r = $c->cmd('STARTTLS');
    $c->send("\x15\x03\x01\x00\x02\x02\x28") if $r == 220;
    shutdown $c->socket, SHUT_WR; # or it is waited for whether a hello follows
    $c->drain;
    $c->close;
    return $trap->session_of($c);
}

sub offered {
    my ($trap, $ip, %o) = @_;
    my $c = $trap->client(local => $ip, %o);
    my $yes = join('|', $c->cmd('EHLO looks.test')->lines) =~ /\bSTARTTLS\b/ ? 1 : 0;
    $c->quit;
    return $yes;
}

# A handshake by OpenSSL's client: was it asked for a certificate?  undef: no handshake.
my $runs = 0;
sub asked {
    my ($trap, $ip, %o) = @_;
    my $name = 'run' . ++$runs . '.test';
    my ($out) = Trap::Process::run_client($openssl, 's_client', '-connect',
        $trap->address($o{listener} // 0) . ':' . $trap->port($o{listener} // 0), '-bind', "$ip:0", '-msg',
        $o{implicit} ? () : ('-starttls', 'smtp', '-name', $name), @{$o{with} // []});
    return $out !~ /ServerHello/ ? undef : $out =~ /CertificateRequest/ ? 1 : 0;
}

sub last_of {
    my ($trap, $ip, $n) = @_;
    my @all = $trap->wait_count('session', $n, 20, sub { $_[0]{client_ip} eq $ip });
    return $all[-1];
}

# ---- by default ----
my $trap = Trap->new(listeners => [{}, {tls => 'implicit'}],
    conf => {memory => {'tls-failures' => 2}, tls => {'client-certificate' => 'request'}});
my $ip = '127.11.0.1';
is(asked($trap, $ip), 1, 'an address that is not known is asked for a certificate');
my $s = last_of($trap, $ip, 1);
ok(!exists $s->{tls_memory}, 'and its record knows of no memory');
$s = fail_tls($trap, $ip);
is_deeply([@$s{qw(tls_outcome tls_failure)}, $s->{tls_memory}], ['failed', 'client_alert', undef],
    'a first failure: the record of that has no memory either');
is(asked($trap, '127.11.0.2'), 1, 'another address is not touched by it');
is(asked($trap, $ip), 0, 'the next session is offered STARTTLS, but not asked for a certificate');
$s = last_of($trap, $ip, 3);
is_deeply([@$s{qw(tls_outcome tls_memory)}], ['negotiated', REQUEST], 'and the record says so');
is(asked($trap, $ip), 1, 'that one went well: the next is asked again');
ok(!exists last_of($trap, $ip, 4)->{tls_memory}, 'with nothing in its record');

$ip = '127.11.0.3';
fail_tls($trap, $ip);
$s = fail_tls($trap, $ip);
is($s->{tls_memory}, REQUEST, 'a second failure: its record knows of the first');
my $c = $trap->client(local => $ip);
unlike(join('|', $c->cmd('EHLO twice.test')->lines), qr/STARTTLS/, 'then STARTTLS is not offered');
is($c->cmd('STARTTLS')->text, "502 5.5.1 Command not implemented\r\n", 'who sends it all the same gets what any unknown command gets');
is($c->send_message(data => "Subject: in clear\r\n\r\nx\r\n"), 250, 'a message in clear is taken');
$c->quit;
$s = $trap->session_of($c);
is_deeply([@$s{qw(tls_outcome tls_memory)}], ['not_offered', 'not_offered'], 'the session record says so');
is_deeply([@{($trap->messages_of($s))[0]}{qw(tls_outcome tls_memory)}], ['not_offered', 'not_offered'], 'and the message record');
is(offered($trap, '127.11.0.4'), 1, 'other addresses are offered it');
is($trap->table->{addresses}, 1, 'smtptrap status shows how many addresses are held');
is($trap->table->{addresses_max}, 65536, 'and how many may be');

is(asked($trap, $ip, listener => 1, implicit => 1), 0, 'a listener of implicit TLS goes on, but asks for no certificate');
$s = $trap->wait_record('session', sub { $_[0]{client_ip} eq $ip && $_[0]{tls_implicit} });
is_deeply([@$s{qw(tls_outcome tls_memory)}], ['negotiated', REQUEST], 'and its record says so');
is(offered($trap, $ip), 1, 'its success clears the failures');

# ---- what is no failure ----
$ip = '127.11.0.5';
for my $try (1 .. 2) {
    my $c = $trap->client(local => $ip);
    $c->cmd('EHLO clear.test');
    $c->cmd('STARTTLS');
    $c->send("EHLO again\r\n");
    $c->drain;
    is($trap->session_of($c)->{tls_failure}, 'not_tls', 'a client that speaks no TLS');
}
is(offered($trap, $ip), 1, 'is not remembered for it: nothing is known of its TLS');

# ---- certificates ----
# OpenSSL sends what GnuTLS cannot read: a key whose curve is spelt out.
my ($pem, $key) = map { "$work/explicit.$_" } qw(pem key);
my (undef, $err, $status) = Trap::Process::run($openssl, qw(req -x509 -nodes -subj /CN=explicit -days 3 -newkey ec
    -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out), $pem, '-keyout', $key);
is($status, 0, 'a certificate is made') or diag $err;
$ip = '127.11.0.6';
asked($trap, $ip, with => ['-cert', $pem, '-key', $key]);
$s = last_of($trap, $ip, 1);
is_deeply([@$s{qw(tls_outcome tls_failure)}], ['failed', 'client_certificate'],
    'a client certificate that cannot be read ends the handshake') or diag explain $s;
is(asked($trap, $ip, with => ['-cert', $pem, '-key', $key]), 0, 'next time its owner is not asked for it');
$s = last_of($trap, $ip, 2);
is_deeply([@$s{qw(tls_outcome tls_memory)}], ['negotiated', REQUEST], 'and the handshake goes well');
is(asked($trap, $ip, with => ['-cert', $pem, '-key', $key]), 0, 'which does not make it ask again');
is(last_of($trap, $ip, 3)->{tls_memory}, REQUEST, 'as the record says');

# ---- our own end is no failure of theirs ----
$ip = '127.11.0.7';
fail_tls($trap, $ip);
$c = $trap->client(local => $ip);
$c->cmd('EHLO held.test');
is($c->cmd('STARTTLS'), 220, 'a handshake is under way when the trap stops');
is($trap->stop, 0, 'it stops in order');
ok(-s $trap->logs . '/addresses.state', 'and has written its memory');
is((stat _)[2] & 0777, 0600, 'for nobody else to read');
$trap->start;
is(offered($trap, $ip), 1, 'that was not counted after the restart,');
is(asked($trap, $ip), 0, 'but what was learnt before was kept');
is(asked($trap, '127.11.0.6'), 0, 'also of certificates');
$trap->done;

# ---- without forgiveness, and with another number ----
$trap = trap_with({'tls-failures' => 3, 'tls-forgive' => 'no'});
$ip = '127.12.0.1';
fail_tls($trap, $ip);
is(asked($trap, $ip), 0, 'tls-forgive no: a success');
is(asked($trap, $ip), 0, 'clears nothing');
fail_tls($trap, $ip);
is(offered($trap, $ip), 1, 'tls-failures 3: after two STARTTLS is offered');
fail_tls($trap, $ip);
is(offered($trap, $ip), 0, 'after three it is not');
$trap->done;

# ---- with a time ----
$trap = trap_with({'tls-failures' => 1, 'tls-within' => '4s'});
my $failed; # when that began, behind which STARTTLS was withheld: a machine may be slower than the time
ok(wait_for(60, sub { $failed = time; fail_tls($trap, $ip); !offered($trap, $ip) }), 'tls-within: for a while STARTTLS is not offered');
ok(wait_for(60, sub { offered($trap, $ip) }), 'then it is again');
cmp_ok(time - $failed, '>', 2.9, 'and not before');
is(asked($trap, $ip), 1, 'with all that belongs to it');
$trap->done;

# ---- off ----
$trap = trap_with({'tls-failures' => 0});
fail_tls($trap, '127.13.0.1') for 1 .. 3;
is(offered($trap, '127.13.0.1'), 1, 'tls-failures 0: nothing is remembered');
is($trap->table->{addresses}, 0, 'of anybody');

# ---- reload ----
$trap->expect(qr/ master: reload: \S+ is in force for new sessions$/,
    qr/ master: reload: memory addresses changed, which needs a restart: the old configuration stays$/);
sub reload {
    my ($trap, $memory) = @_;
    $trap->{conf}{memory} = $memory;
    $trap->write_conf;
    $trap->notified;
    $trap->hup;
    $trap->wait_notify(qr/^READY=1/m);
}
reload($trap, {'tls-failures' => 1});
my $n = 0;
ok(wait_for_new_workers(sub { my $ip = '127.13.1.' . ++$n % 250; fail_tls($trap, $ip); !offered($trap, $ip) }),
    'SIGHUP switches it on, with the number it gives');
reload($trap, {'tls-failures' => 2});
ok(wait_for_new_workers(sub { offered($trap, "127.13.1.$n") }), 'and takes another');
reload($trap, {'tls-failures' => 2, addresses => 200});
ok($trap->wait_log(qr/memory addresses changed/), 'the size of the memory needs a restart');
$trap->done;

# ---- kill -9 ----
$trap = trap_with({save => '1s'}, root => $> == 0 ? 1 : 0);
$trap->expect(qr/ logger: log file \S+: repaired after a crash: /, qr/ master: listen \S+ port \d+: the address is in use/);
my $state = $trap->logs . '/addresses.state';
# The failures of the one address that is in the file: behind a head of 32 bytes, a key and a time.
sub saved_failures {
    open my $f, '<:raw', $state or return 0;
    read $f, my $bytes, 64;
    return length $bytes > 44 ? ord substr $bytes, 44, 1 : 0;
}
fail_tls($trap, '127.14.0.1') for 1 .. 2;
ok(wait_for(60, sub { saved_failures() == 2 }), 'the memory is written at intervals');
$trap->kill_hard;
$trap->start;
is(offered($trap, '127.14.0.1'), 0, 'what was written outlives a kill -9 of all');
$trap->stop;
$trap->{conf}{memory}{save} = '1h';
$trap->write_conf;
$trap->start;
fail_tls($trap, '127.14.0.2') for 1 .. 2;
is(offered($trap, '127.14.0.2'), 0, 'with a longer interval it is learnt');
$trap->kill_hard;
$trap->start;
is(offered($trap, '127.14.0.2'), 1, 'what came after the last time it was written is lost');
is(offered($trap, '127.14.0.1'), 0, 'and nothing else');

# A file that cannot be used stops nobody.
$trap->stop;
$trap->expect(qr/ logger: memory of addresses: addresses\.state cannot be used: it is damaged: set aside as addresses\.state\.bad, the memory begins empty$/);
truncate $state, (-s $state) - 1;
$trap->start;
ok(-e "$state.bad" && !-e $state, 'a torn file is set aside, and the trap starts');
is(offered($trap, '127.14.0.1'), 1, 'with an empty memory');
my ($out) = $trap->smtptrap('verify');
unlike($out, qr/addresses/, 'smtptrap verify does not take it for a log');
$trap->done;

# ---- many addresses ----
$trap = trap_with({addresses => 100}, listeners => [{'proxy-from' => '127.7.0.0/16'}], conf => {workers => {'spare-min' => 8}});
my $SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
sub from4 { my ($ip) = @_; return $SIGNATURE . pack 'C C n a4 a4 n n', 0x21, 0x11, 12, inet_pton(AF_INET, $ip), inet_pton(AF_INET, '192.0.2.25'), 4711, 25 }
sub from6 { my ($ip) = @_; return $SIGNATURE . pack 'C C n a16 a16 n n', 0x21, 0x21, 36, inet_pton(AF_INET6, $ip), inet_pton(AF_INET6, '2001:db8::25'), 4711, 25 }
sub fail_quietly {
    my ($header) = @_;
    my $c = $trap->client(local => '127.7.0.1', before => $header);
    $c->cmd('EHLO many.test');
    $c->cmd('STARTTLS');
    $c->send("\x15\x03\x01\x00\x02\x02\x28", quiet => 1);
    shutdown $c->socket, SHUT_WR;
    $c->drain;
    $c->close;
}
# Learnt is what was said before the record that is in the log.
my $said = 0;
sub learnt { $trap->wait_count('session', $said += $_[0]) }
sub offered_to { return offered($trap, '127.7.0.1', before => $_[0]) }

fail_quietly(from6('2001:db8:1:2::1'));
fail_quietly(from6('2001:db8:1:2:ffff::9'));
learnt(2);
is(offered_to(from6('2001:db8:1:2::77')), 0, 'an IPv6 address is its /64: whoever has one has all of them');
is(offered_to(from6('2001:db8:1:3::1')), 1, 'the next /64 is another');
is($trap->table->{addresses}, 1, 'so that one takes one place');
fail_quietly(from4('198.51.100.1'));
learnt(3);
is(offered_to(from4('198.51.100.2')), 1, 'an IPv4 address is itself');
is(asked($trap, '127.11.9.9'), 1, 'the proxy is not the client');

fail_quietly(from4("203.0.113.$_")) for 1 .. 240;
learnt(242);
my $held = $trap->table->{addresses};
cmp_ok($held, '<=', 105, "of many addresses no more are held than may be ($held)");
cmp_ok($held, '>=', 40, 'nor many fewer');
# A worker may teach only so much a second, and this was a flood.
my $last_one = from4('203.0.113.250');
ok(wait_for(60, sub { fail_quietly($last_one); !offered_to($last_one) }), 'the memory still learns');
is($trap->table->{bad_frames}, 0, 'all of it was in order');

# ---- who holds it ----
SKIP: {
    skip 'only root sees what processes have mapped', 5 if $> != 0;
    my $processes = $trap->processes;
    my $maps = sub {
        open my $f, '<', "/proc/$_[0]/maps" or return "maps: $!";
        return join ' ', map { /^\S+ (\S+) .*memory of addresses/ ? $1 : () } <$f>;
    };
    my $open = sub { grep { (readlink($_) // '') =~ /memory of addresses/ } glob "/proc/$_[0]/fd/*" };
    is($maps->($processes->logger), 'rw-s', 'the logger can write the memory');
    is($maps->($trap->pid), 'r--s', 'the master can read it');
    is_deeply([map { $maps->($_) } $processes->keyholders], [''], 'the keyholder has no part in it');
    # Some leave by themselves, as they did TLS: what they had mapped is gone before they are.
    my %worker = map { $_ => $maps->($_) } $processes->workers;
    my %lives = map { $_ => 1 } $processes->workers;
    my %mapped = map { $worker{$_} => 1 } grep { $lives{$_} } keys %worker;
    is(join(' ', keys %mapped), 'r--s', 'workers can read it');
    is(scalar(map { $open->($_) } $trap->pid, $processes->logger, $processes->keyholders, $processes->workers), 0,
        'and nobody has its descriptor any more');
}
$trap->done;
done_testing;
