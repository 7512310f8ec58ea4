#!/usr/bin/perl
# crash.t: kill -9 of any process under traffic, twenty times: nothing that was acknowledged is
# lost, nothing is stored twice, and what the kills tore is mended.  A third of the messages is
# discarded by a rule, and so acknowledged with its record alone, and a third refused after keeping.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use List::Util qw(shuffle);
use Test::More;
use Time::HiRes qw(sleep time);
use Trap qw(wait_for);
use Trap::Traffic;

use constant KILLS => 20;

my $seed = $ENV{TRAP_SEED} // time ^ $$;
srand $seed;
note "TRAP_SEED=$seed";

my $trap = Trap->new(start => 0, conf => {log => {'rotate-size' => '1m', durability => 'fsync'},
    workers => {'spare-min' => 4, 'spare-max' => 8, max => 32}});
$trap->write_conf($trap->conf_text . <<'END');
rules {
	discard from discard@
	reject after keeping from keep@ with message "Kept as {id}"
}
END
$trap->start;
$trap->expect(
    qr/ master: worker \d+ \(pid \d+\) was killed by signal 9/,
    qr/ master: the (?:logger|keyholder) is gone \(signal 9\): every client gets 421/,
    qr/ master: keyholder: Broken pipe$/,
    qr/ master: a worker died while it started/,
    qr/ master: the logger did not finish in order$/,
    qr/ logger: log file \S+: repaired after a crash: /,
    qr/ master: listen \S+ port \d+: the address is in use/,
    qr/ worker \d+: a session record could not be handed to the logger$/,
    qr/ worker \d+: the master is gone$/,
);

# Sessions of these workers, which are stopped, by their identifiers.
sub sessions_of {
    my %pid = map { $_ => 1 } @_;
    return map { $_->{id} } grep { $pid{$_->{pid}} && $_->{state} eq 'session' } @{$trap->table->{slots}};
}

# Those that have no record, whichever: a worker may have written its own just before.
sub unrecorded {
    my %recorded = map { $_->{id} => 1 } $trap->records('session');
    return grep { !$recorded{$_} } @_;
}

my %victims = (
    worker => sub { (shuffle $trap->processes->workers)[0] },
    workers => sub { $trap->processes->workers },
    logger => sub { $trap->processes->logger },
    keyholder => sub { $trap->processes->keyholders },
    master => sub { $trap->pid },
    all => sub { map { -$_ } $trap->groups },
);
my @plan = shuffle((sort keys %victims) x 3, 'all', 'workers');

my $traffic = Trap::Traffic->new($trap, clients => 4, tls => 0.3, sizes => [100, 30000],
    from => [map { "$_\@client.test" } qw(a discard keep)]);
my (%slow, @lost_words);
for my $kill (1 .. KILLS) {
    my $what = $plan[$kill - 1];
    sleep 0.4 + rand 0.6;
    # So that at least one session is under way when all workers are killed, on any machine.
    my $held = $what eq 'workers' ? $trap->client : undef;
    $held->cmd('EHLO held.test') if $held;
    my @pids = $victims{$what}->();
    if ($what =~ /^worker/) {
        # The trap goes on; who was killed within a session has left last words.
        @pids = Trap::Process::halt(@pids);
        my @sessions = sessions_of(@pids);
        kill 'KILL', @pids;
        $trap->wait_log(qr/\(pid $_\) was killed by signal 9/) or diag "$_ is not missed" for @pids;
        wait_for(60, sub { !unrecorded(@sessions) });
        push @lost_words, map { "kill $kill: $_" } unrecorded(@sessions);
        next;
    }
    my $at = time;
    kill 'KILL', @pids;
    my $status = $trap->wait_gone;
    $slow{$what} = time - $at if time - $at > ($slow{$what} // 0);
    die "the trap does not leave after $what was killed\n" if !defined $status;
    $trap->start;
}
my %sent = $traffic->stop;
my $deaths = grep { $_->{end_reason} eq 'worker_died' } $trap->records('session');
note sprintf '%d messages acknowledged, %d workers died in a session; longest way out: %s',
    scalar keys %sent, $deaths, join ', ', map { sprintf '%s %.1f s', $_, $slow{$_} } sort keys %slow;
is($trap->stop, 0, 'the trap leaves in order at last');

cmp_ok(scalar keys %sent, '>', KILLS, 'messages were acknowledged between the kills');
is(join("\n", @lost_words), '', 'each worker that was killed within a session has a record that says so');
cmp_ok($deaths, '>', 0, 'and some were');

my (%recorded, %stored, %discarded, %refused, @twice);
for my $m (grep { $_->{verdict} eq 'accepted' || $_->{mail_file} } $trap->records('message')) {
    push @twice, "record $m->{id}" if exists $recorded{$m->{id}};
    $recorded{$m->{id}} = $m->{sha256};
    $discarded{$m->{id}} = 1 if $m->{mail_from} eq 'discard@client.test';
    $refused{$m->{id}} = 1 if $m->{verdict} eq 'rejected';
}
for my $mail ($trap->mails) {
    push @twice, "mail $mail->{id}" if exists $stored{$mail->{id}};
    $stored{$mail->{id}} = sha256_hex($mail->{data});
}
is(join(' ', grep { ($recorded{$_} // '') ne $sent{$_} } keys %sent), '',
    'every message that was acknowledged has its record');
is(join(' ', grep { !$discarded{$_} && ($stored{$_} // '') ne $sent{$_} } keys %sent), '',
    'and its bytes, if it was not discarded');
cmp_ok(scalar(grep { $discarded{$_} } keys %sent), '>', KILLS, 'many were discarded');
cmp_ok(scalar(grep { $refused{$_} } keys %sent), '>', KILLS, 'and many refused after keeping');
is("@twice", '', 'none is stored twice');
is(join(' ', grep { !exists $stored{$_} && !$discarded{$_} } keys %recorded), '', 'no record is without its message');
is(join(' ', grep { exists $stored{$_} } keys %discarded), '', 'and what was discarded is not stored');

for my $stream (qw(session message mail)) {
    my @files = $trap->log->files($stream);
    is(join(' ', grep { /\.part$/ || system('gzip', '-qt', $trap->logs . "/$_") != 0 } @files), '',
        "every $stream file is whole");
}
for my $stream (qw(session message)) {
    my @seq = map { $_->{seq} } $trap->records($stream);
    is_deeply(\@seq, [1 .. @seq], "the numbers of the $stream records have neither gaps nor repeats");
}
my ($out, $err, $status) = $trap->smtptrap('verify');
is($status, 0, 'smtptrap verify finds nothing wrong') or diag $out, $err;
$trap->done;
done_testing;
