#!/usr/bin/perl
# tarpit.t: 2,000 clients that rules hold up, half of them before the greeting and half byte by byte,
# while one DNS server is dead and the other slow: everybody else is served as before.
use strict;
use warnings;
use IO::Poll qw(POLLIN);
use IO::Socket::IP;
use List::Util qw(max);
use POSIX ();
use Test::More;
use Time::HiRes qw(time);
use Trap qw(wait_for);
use Trap::DNS;
use Trap::File qw(spew);

use constant HOLDERS => 8;       # processes, so that each holds fewer than 1,024 descriptors
use constant EACH => 250;        # clients of one
use constant TARPITTED => HOLDERS * EACH;
use constant OTHERS => 40;       # sessions before and meanwhile
use constant LOOK_UP => 4;       # seconds: less than all tries take of a look-up without an answer

my @missing = Trap::DNS::missing();
plan skip_all => "missing: @missing" if @missing;

# Both servers answer at once until this file is there; then one does not answer, and the other knows
# the list no more.
my $trouble = File::Temp::tempdir(CLEANUP => 1) . '/trouble';
my $answer = sub { Trap::DNS::reply($_[0], rcode => 'NXDOMAIN') };
my $dead = Trap::DNS->odd(sub { -e $trouble ? () : $answer->(@_) });
my $slow = Trap::DNS->odd(sub {
    my ($q) = @_;
    return $answer->($q) if !-e $trouble;
    return $q->{name} =~ /bl\.test$/ ? () : (\1.5, $answer->($q));
});
my %conf = (workers => {'spare-min' => 8, 'spare-max' => 64, max => TARPITTED + 100},
    dns => {server => [$dead->server, $slow->server], dnsbl => 'bl.test', timeout => '5s', 'session-wait' => '5s'});
my $calm = Trap->new(tls => 0, conf => \%conf); # the same without a tarpit
$calm->expect(qr/ resolver: /);
my $trap = Trap->new(start => 0, tls => 0, conf => \%conf);
$trap->write_conf($trap->conf_text . <<'END');
rules {
	@connect set ip 127.10.0.0/17 with slow 1 tag slowed
	@connect set ip 127.10.128.0/17 with delay 10m tag delayed
}
END
$trap->expect(qr/ resolver: /);
$trap->start;

sub median { return (sort { $a <=> $b } @_)[@_ / 2] }

# Seconds of a whole session with a message.
sub served {
    my ($by, $ip) = @_;
    my $began = time;
    my $c = $by->client(local => $ip);
    my @replies = map { scalar $c->cmd($_) } 'EHLO x.test', 'MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', 'DATA',
        "x\r\n.";
    $c->quit;
    die "replies: @replies\n" if "@replies" ne '250 250 250 354 250';
    return time - $began;
}

# A process that holds clients, of one half each, and says when all are connected and each that is
# slowed has got a byte.  It ends by a signal, and with the test.
sub hold {
    my ($n) = @_;
    my $half = $n % 2 ? 128 : 0;
    my $test = $$;
    pipe my $from, my $to or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid) { return {pid => $pid, said => $from} }
    close $from;
    my $poll = IO::Poll->new;
    my $left = 0;
    my @held; # or they are closed
    for my $i (0 .. EACH - 1) {
        my $socket = IO::Socket::IP->new(PeerHost => $trap->address, PeerPort => $trap->port,
            LocalHost => sprintf('127.10.%d.%d', $half + $n, 1 + $i)) or POSIX::_exit(1);
        push @held, $socket;
        $poll->mask($socket => POLLIN), $left++ if !$half;
    }
    while ($left > 0 && $poll->poll(60) > 0) {
        for my $socket ($poll->handles(POLLIN)) {
            POSIX::_exit(2) if !sysread $socket, my $byte, 1;
            $poll->remove($socket);
            $left--;
        }
    }
    syswrite $to, "$left\n";
    sleep 1 while getppid == $test;
    POSIX::_exit(0);
}

served($trap, "127.11.1.$_") for 1 .. OTHERS;

my @holders = map { hold($_) } 0 .. HOLDERS - 1;
my @left = map { scalar readline $_->{said} } @holders;
is(join("", @left), "0\n" x HOLDERS, 'each client that is slowed has got a byte');

# From the words of smtptrap status, which are read faster than its JSON.
sub status { return (Trap::Process::run("$Trap::BUILD/smtptrap", '-f', $trap->conf_file, 'status'))[0] }
sub recorded { return status() =~ /^logs +(\d+) session records/m ? $1 : die "no count of records\n" }
sub workers { return status() =~ /^workers +(\d+) of /m ? $1 : die "no count of workers\n" }
sub held { return scalar(() = status() =~ / 127\.10\.\d+\.\d+/g) }
ok(wait_for(60, sub { held() == TARPITTED }), TARPITTED . ' clients are in the tarpit');
spew($trouble);
# In turn, so that whatever else the machine does it does to both.
my (@without, @with);
for my $n (1 .. OTHERS) {
    push @without, served($calm, "127.11.2.$n");
    push @with, served($trap, "127.11.2.$n");
}
cmp_ok(median(@with), '<', 5 * median(@without) + 0.1, sprintf 'others are served as without them: median %.1f ms without, '
    . '%.1f ms with (slowest %.1f and %.1f)', map { $_ * 1000 } median(@without), median(@with), max(@without), max(@with));
cmp_ok(max(@with), '<', LOOK_UP, 'and none waits for the DNS');
is(held(), TARPITTED, 'and all clients are still in the tarpit');

# ---- the end of it, and what was recorded ----

kill 'TERM', map { $_->{pid} } @holders;
waitpid $_->{pid}, 0 for @holders;
my $all = TARPITTED + 2 * OTHERS;
ok(wait_for(60, sub { recorded() >= $all }), "each of the $all sessions has its record");
my @sessions = $trap->wait_count('session', $all);
my %tag;
$tag{$_->{tags}[0] // 'none'}++ for grep { $_->{client_ip} =~ /^127\.10\./ } @sessions;
is_deeply(\%tag, {slowed => TARPITTED / 2, delayed => TARPITTED / 2}, 'which says what held it up');
is(scalar(grep { $_->{client_ip} =~ /^127\.11\.1\./ && $_->{rdns} eq 'none' } @sessions), OTHERS,
    'before, the DNS had answers');
is(scalar(grep { $_->{client_ip} =~ /^127\.11\.2\./ && $_->{messages_accepted} == 1 } @sessions), OTHERS,
    'all messages of the others are recorded');
is(scalar(grep { $_->{client_ip} =~ /^127\.11\.2\./ && join(' ', @{$_->{dns_unknown} // []}) =~ /bl\.test/ } @sessions),
    OTHERS, 'meanwhile it had none of the list');
ok(wait_for(60, sub { workers() < TARPITTED }), 'the workers that are not needed any more leave');
$trap->done;
$calm->done;
done_testing;
