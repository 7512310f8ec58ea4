#!/usr/bin/perl
# rotation.t: log files: rotated by size and age, named and numbered on across restarts, removed when
# there are too many.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use List::Util qw(sum0);
use Test::More;
use Time::HiRes ();
use Time::Piece;
use Trap qw(wait_for);
use Trap::File qw(spew);
use Trap::Traffic;

my %suffix = (session => 'jsonl', message => 'jsonl', mail => 'mbox');

# Every name is well-formed, numbers go up by one from the first, times never go back.
sub names_are_good {
    my ($trap, $title, $first) = @_;
    for my $stream (sort keys %suffix) {
        my @files = $trap->log->files($stream);
        my (@wrong, $time);
        my $number = $first->{$stream} // 1;
        for my $file (@files) {
            my ($t, $n) = $file =~ /^$stream-(\d{8}T\d{6}Z)-(\d{6})\.$suffix{$stream}\.gz$/;
            push @wrong, $file if !$n || $n != $number++ || $t lt ($time // '');
            $time = $t;
        }
        is("@wrong", '', "$title: the $stream files are named and numbered as they should be");
    }
}

# ---- by size ----
{
    my $trap = Trap->new(conf => {log => {'rotate-size' => '64k'}});
    my (%sent, $files);
    for my $start (1 .. 3) {
        my $traffic = Trap::Traffic->new($trap, clients => 3, sizes => [1000, 30_000]);
        ok(wait_for(60, sub { $trap->log->files('mail') >= ($files // 0) + 5 }), 'many files are written');
        %sent = (%sent, $traffic->stop);
        is($trap->stop, 0, 'the trap leaves');
        $files = $trap->log->files('mail');
        $trap->start if $start < 3;
    }
    names_are_good($trap, 'by size', {});
    my @torn = grep { system('gzip', '-qt', $trap->logs . "/$_") != 0 } map { $trap->log->files($_) } keys %suffix;
    is("@torn", '', 'by size: gzip -t finds every file whole');
    my @small = grep { -s $trap->logs . "/$_" < 64 * 1024 } $trap->log->files('mail');
    cmp_ok(scalar @small, '<=', 3, 'by size: only the last file of each run is smaller than rotate-size');
    for my $stream (qw(session message)) {
        my @seq = map { $_->{seq} } $trap->records($stream);
        is_deeply(\@seq, [1 .. @seq], "by size: the $stream records are numbered on across files and restarts");
    }
    my %stored = map { $_->{id} => sha256_hex($_->{data}) } $trap->mails;
    is(join(' ', grep { ($stored{$_} // '') ne $sent{$_} } keys %sent), '', 'by size: no message is lost in between');
    my @misplaced;
    my %text;
    for my $m (grep { $_->{verdict} eq 'accepted' } $trap->records('message')) {
        my $text = $text{$m->{mail_file}} //= $trap->log->content($m->{mail_file}) // '';
        push @misplaced, $m->{id}
            if substr($text, $m->{mail_offset}, 2000) !~ /\AFrom [^\n]*\n(?:[^\n]+\r\n)*?X-Trap-Id: $m->{id}\r\n/;
    }
    is("@misplaced", '', 'by size: each record says in which file its message is, and where');
    my ($out, $err, $status) = $trap->smtptrap('verify');
    is($status, 0, 'by size: smtptrap verify finds nothing wrong') or diag $out, $err;
    $trap->done;
}

# ---- by age ----
{
    my $trap = Trap->new(conf => {log => {'rotate-age' => '2s'}});
    $trap->client->quit;
    $trap->wait_count('session', 1);
    my $finished;
    ok(wait_for(60, sub { ($finished) = $trap->log->files('session'); $finished !~ /\.part$/ }), 'by age: a file is finished');
    # Its end is written last; how old it is counts from the second in its name.  The file system's
    # clock may be some milliseconds behind.
    my $begun = Time::Piece->strptime($finished =~ /-(\d{8}T\d{6})Z/, '%Y%m%dT%H%M%S')->epoch;
    cmp_ok((Time::HiRes::stat $trap->logs . "/$finished")[9] - $begun, '>=', 1.9, 'by age: when it is old enough');
    is(scalar(() = $trap->log->files('session')), 1, 'by age: the next is not begun before there is something to write');
    $trap->client->quit;
    $trap->wait_count('session', 2);
    is(scalar(() = $trap->log->files('session')), 2, 'by age: and then it is');
    $trap->done;
    names_are_good($trap, 'by age', {});
}

# ---- retention ----
{
    my $keep = 600 * 1024;
    my $trap = Trap->new(conf => {log => {'rotate-size' => '64k', keep => $keep}});
    $trap->expect(qr/ logger: log file \S+: removed by retention \(keep\)$/);
    # Slow enough that no file is as large as all that is kept, for they are looked at twice a second.
    my $traffic = Trap::Traffic->new($trap, clients => 3, sizes => [1000, 15_000], pause => 0.05);
    ok(wait_for(60, sub { (($trap->log->files('mail'))[0] // '') =~ /-0000(?:0[5-9]|[1-9]\d)\./ }), 'keep: the oldest files are removed');
    $traffic->stop;
    my $total = sub { sum0(map { -s $trap->logs . "/$_" // 0 } map { $trap->log->files($_) } keys %suffix) };
    ok(wait_for(60, sub { $total->() < $keep + 3 * 128 * 1024 }), 'keep: about as much as is to be kept is there')
        or diag $total->();
    cmp_ok($total->(), '>', $keep / 2, 'keep: and not much less');
    is($trap->stop, 0, 'the trap leaves');
    my %first = map { $_ => ($trap->log->files($_))[0] =~ /-(\d{6})\./ ? $1 + 0 : 0 } keys %suffix;
    cmp_ok($first{mail}, '>', 1, 'keep: the first files are gone');
    names_are_good($trap, 'keep', \%first);
    my @gone = grep { $trap->log_text =~ /log file \Q$_\E: removed/ } map { $trap->log->files($_) } keys %suffix;
    is("@gone", '', 'keep: what is said to be removed is');
    # A restart counts on from what is left.
    my ($last) = ($trap->records('message'))[-1]{seq};
    $trap->start;
    my $c = $trap->client;
    $c->cmd('EHLO x');
    $c->send_message(data => "x\r\n");
    $c->quit;
    is(($trap->records('message'))[-1]{seq}, $last + 1, 'keep: the numbers go on');
    is($trap->stop, 0, 'the trap leaves');
    $trap->done;
}
{
    my $trap = Trap->new(conf => {log => {'keep-age' => '1d', 'rotate-size' => '64k'}});
    $trap->expect(qr/ logger: log file session-2020\S+: removed by retention \(keep-age\)$/);
    $trap->client->quit;
    $trap->stop;
    my $old = $trap->logs . '/session-20200101T000000Z-000001.jsonl.gz';
    my $other = $trap->logs . '/notes.txt';
    rename $trap->logs . '/' . ($trap->log->files('session'))[0], $old or die "rename: $!";
    spew($other);
    $trap->start;
    ok(!-e $old, 'keep-age: a file that is too old is removed');
    ok(-e $other, 'keep-age: files with other names are left alone');
    my $c = $trap->client;
    $c->quit;
    is($trap->session_of($c)->{seq}, 2, 'keep-age: the records are numbered on');
    like(($trap->log->files('session'))[0], qr/-000002\./, 'keep-age: the number of the removed file is not used again');
    is($trap->stop, 0, 'the trap leaves');
    $trap->done;
}
done_testing;
