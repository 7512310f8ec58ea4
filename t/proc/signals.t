#!/usr/bin/perl
# signals.t: SIGTERM, SIGHUP, SIGUSR1, and what passes between the trap and its service manager.
use strict;
use warnings;
use IO::Socket::IP;
use POSIX ();
use Socket qw(SOMAXCONN);
use Test::More;
use Time::HiRes qw(sleep time);
use Trap qw(wait_for wait_for_new_workers);

# ---- SIGTERM ----
for my $signal (qw(TERM INT)) {
    my $trap = Trap->new(conf => {workers => {'spare-min' => 2, 'spare-max' => 4, max => 6}});
    my %c = map { $_ => $trap->client } qw(silent mail data body tls);
    $c{mail}->cmd('EHLO mail.example');
    $c{mail}->cmd('MAIL FROM:<a@b.test>');
    for my $name (qw(data body)) {
        $c{$name}->cmd('EHLO data.example');
        $c{$name}->cmd('MAIL FROM:<a@b.test>');
        $c{$name}->cmd('RCPT TO:<c@trap.test>');
        $c{$name}->cmd('DATA');
    }
    $c{body}->send("Subject: half\r\n\r\nhalf\r\n");
    $c{tls}->cmd('EHLO tls.example');
    $c{tls}->starttls;
    $c{tls}->cmd('EHLO tls.example');
    my $sixth = $trap->client;
    my $waiting = $trap->client(banner => 0); # all workers are busy
    my $began = time;
    $trap->signal($signal);
    for my $name (sort keys %c) {
        my $r = $c{$name}->reply;
        is($r && $r->text, "421 4.3.2 mx.trap.test Service shutting down\r\n",
            "SIG$signal: a session ($name) gets 421");
        ok($c{$name}->closed, "SIG$signal: and is closed");
    }
    my $r = $waiting->reply;
    is($r // 0, 421, "SIG$signal: a client that waited for a worker gets 421 too");
    ok($trap->wait_notify(qr/^STOPPING=1$/m), "SIG$signal: STOPPING=1 is notified");
    is($trap->wait_gone, 0, "SIG$signal: the trap leaves with status 0");
    cmp_ok(time - $began, '<', 8, "SIG$signal: within the deadline");
    my %ends = map { ($_ => $trap->session_of($c{$_})->{end_reason}) } keys %c;
    is_deeply(\%ends, {map { $_ => 'shutdown' } keys %c}, "SIG$signal: the records say shutdown");
    my @aborted = map { $_->{verdict} } $trap->records('message');
    is("@aborted", 'aborted aborted', "SIG$signal: messages that were not finished are recorded");
    is(join(' ', grep { /\.part$/ } map { $trap->log->files($_) } qw(session message mail)), '',
        "SIG$signal: all files are finished");
    ok(!defined eval { $trap->client }, "SIG$signal: nobody listens any more");
    $trap->done;
}

# A client that does not read its 421 does not hold the trap.
{
    my $trap = Trap->new(conf => {limits => {commands => 1000000}});
    my $c = $trap->client;
    $c->socket->blocking(0);
    my $text = "HELP\r\n" x 1000;
    1 while syswrite $c->socket, $text; # until both directions are full
    my $began = time;
    is($trap->stop, 0, 'with a client that does not read, the trap leaves with status 0');
    cmp_ok(time - $began, '<', 10, 'within the deadline');
    is($trap->session_of($c)->{end_reason}, 'shutdown', 'and its record says shutdown');
    $trap->done;
}

# ---- SIGHUP ----
for my $root (0, $> == 0 ? 1 : ()) {
    my $as = $root ? 'as root' : 'not root';
    my $trap = Trap->new(root => $root, conf => {limits => {'message-size' => '1m'}});
    my $size = sub { (map { /^250[ -]SIZE (\d+)/ ? $1 : () } $_[0]->cmd('EHLO x')->lines)[0] };
    my $old = $trap->client;
    is($size->($old), 1048576, "reload $as: the message size before");

    $trap->{conf}{limits}{'message-size'} = '2m';
    $trap->write_conf;
    $trap->notified;
    $trap->hup;
    ok($trap->wait_notify(qr/^RELOADING=1\nMONOTONIC_USEC=\d+/), "reload $as: RELOADING=1 is notified");
    ok($trap->wait_notify(qr/^READY=1$/m), "reload $as: and READY=1");
    $trap->expect(qr/ master: reload: \S+ is in force for new sessions$/);
    ok(wait_for_new_workers(sub { my $c = $trap->client; my $n = $size->($c); $c->quit; $n == 2097152 }),
        "reload $as: new sessions have the new limits");
    is($size->($old), 1048576, "reload $as: an old session goes on with the old ones");
    $old->quit;

    my $good = $trap->conf_text;
    my @lines = split /\n/, $good;
    my $at = @lines + 1;
    $trap->write_conf("$good" . "limits {\n\tmesage-size 3m\n}\nlog { rotate-size 1q }\n");
    $trap->hup;
    ok($trap->wait_notify(qr/^READY=1$/m), "reload $as: a wrong file is reloaded from as well");
    my $file = quotemeta $trap->conf_file;
    my $wrong = $at + 1;
    $trap->expect(qr/ master: $file:\d+:\d+: .*mesage-size/, qr/ master: $file:\d+:\d+: .*1q/,
        qr/ master: reload: 2 errors in $file: the old configuration stays$/);
    like($trap->log_text, qr/ $file:$wrong:2: .*mesage-size/, "reload $as: what is wrong is said with file and line");
    like($trap->log_text, qr/ $file:@{[$at + 3]}:19: .*1q/, "reload $as: all of it");
    is($size->($trap->client), 2097152, "reload $as: and the old configuration stays");

    $trap->write_conf($good =~ s/port \d+/port 1/r);
    $trap->hup;
    ok($trap->wait_notify(qr/^READY=1$/m), "reload $as: other listeners");
    $trap->expect(qr/ master: reload: listen changed, which needs a restart: the old configuration stays$/);
    like($trap->log_text, qr/listen changed, which needs a restart/, "reload $as: need a restart, and the log says so");

    unlink $trap->conf_file;
    $trap->hup;
    ok($trap->wait_notify(qr/^READY=1$/m), "reload $as: no file");
    $trap->expect(qr/ master: $file:1:1: /, qr/ master: reload: \d errors in $file/);
    is($size->($trap->client), 2097152, "reload $as: the old configuration stays");
    $trap->done;
}

# ---- SIGUSR1 ----
{
    my $trap = Trap->new;
    $trap->client->quit;
    $trap->wait_count('session', 1);
    like(($trap->log->files('session'))[0], qr/^session-\d{8}T\d{6}Z-000001\.jsonl\.gz\.part$/,
        'the file being written ends in .part');
    $trap->rotate;
    ok(wait_for(60, sub { my @f = $trap->log->files('session'); @f == 1 && $f[0] !~ /part$/ }),
        'SIGUSR1 finishes the files');
    is(system('gzip', '-qt', $trap->logs . '/' . ($trap->log->files('session'))[0]), 0, 'which zcat reads');
    $trap->client->quit;
    $trap->wait_count('session', 2);
    like(($trap->log->files('session'))[1], qr/-000002\.jsonl\.gz\.part$/, 'what follows goes to the next');
    is_deeply([map { $_->{seq} } $trap->records('session')], [1, 2], 'the records are numbered on');
    $trap->done;
}

# ---- sockets from a service manager ----
sub listener {
    my ($port) = @_;
    return IO::Socket::IP->new(LocalHost => $Trap::ADDRESS, LocalPort => $port, Listen => SOMAXCONN,
        ReuseAddr => 1) || die "listen: $@";
}

# A trap that gets these sockets as descriptors 3 and up.
sub activated {
    my ($sockets, %o) = @_;
    return Trap->new(%o, start => 0, before_exec => sub {
        # Out of the way first: the sockets may be in each other's places.
        my @high = map { my $fd = POSIX::dup(fileno $_); POSIX::dup2($fd, 50 + $_[0]++); } @$sockets;
        POSIX::dup2($high[$_], 3 + $_) for 0 .. $#high;
        POSIX::close($_) for @high;
        @ENV{qw(LISTEN_FDS LISTEN_PID)} = (scalar @$sockets, $$);
    });
}
{
    my $socket = listener(2400);
    my $trap = activated([$socket], listeners => [{port => 2400}, {port => 2401}]);
    my $early = $trap->client(banner => 0);
    $trap->start;
    is($early->reply, 220, 'a client that connected before the trap was started is served');
    $early->quit;
    is($trap->client(listener => 1)->quit, 221, 'what was not passed is bound');
    is($trap->stop, 0, 'the trap leaves');
    my $between = $trap->client(banner => 0);
    ok(!$between->readable(0.2), 'while it is away, a client waits and is not refused');
    $trap->start;
    is($between->reply, 220, 'and is served when the trap is back');
    $between->quit;
    $trap->done;
}
{
    my $socket = listener(2402);
    my $trap = activated([$socket], listeners => [{port => 2403}]);
    $trap->spawn;
    is($trap->wait_gone >> 8, 1, 'a socket that fits no listen block is fatal');
    like($trap->log_text, qr/socket 3 from the service manager, \S+ port 2402, fits no listen block/, 'and named');
}
SKIP: {
    my $activate = Trap::Process::program('systemd-socket-activate')
        or skip 'there is no systemd-socket-activate', 1;
    my $trap = Trap->new(start => 0, listeners => [{port => 2404}], notify_later => 1,
        wrap => [$activate, '-E', 'NOTIFY_SOCKET', '-l', "$Trap::ADDRESS:2404"]);
    $trap->expect(qr/^Listening on /, qr/^Communication attempt on fd 3/, qr/^Execing /);
    $trap->spawn;
    my $c;
    wait_for(60, sub { $c = eval { $trap->client(banner => 0) } });
    is($c && $c->reply, 220, 'systemd-socket-activate starts the trap for its first client');
    $c->quit if $c;
    $trap->done;
}

# ---- notifications ----
{
    my $trap = Trap->new(env => {WATCHDOG_USEC => 2000000});
    ok($trap->wait_notify(qr/^WATCHDOG=1$/m), 'the watchdog is fed');
    ok($trap->wait_notify(qr/^WATCHDOG=1$/m), 'again and again');
    like($trap->wait_notify(qr/^STATUS=/m), qr/^STATUS=\d+ workers, \d+ idle, 0 sessions, 0 messages$/m,
        'STATUS= tells what is going on');
    $trap->done;
}
{
    my $trap = Trap->new(env => {WATCHDOG_USEC => 1000000, WATCHDOG_PID => 1});
    $trap->wait_notify(qr/^STATUS=\d/m);
    $trap->wait_notify(qr/^STATUS=\d/m);
    ok(!(grep { /WATCHDOG/ } $trap->notified), "another process's watchdog is not fed");
    $trap->done;
}
done_testing;
