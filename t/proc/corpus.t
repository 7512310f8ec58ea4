#!/usr/bin/perl
# corpus.t: 6,046 real messages over STARTTLS from four clients at once, and all of them read back.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Test::More;
use Time::HiRes qw(time);
use Trap;
use Trap::File qw(spew);

use constant MESSAGES => 6046;
use constant CLIENTS => 4;
use constant SAMPLE => 200;

my $archive = Trap::shared('spamassassin-corpus.tar.xz')
    or plan skip_all => 'spamassassin-corpus.tar.xz is not at hand';
my $python = Trap::Process::program('python3') or plan skip_all => 'there is no python3';
my $tool = "$Trap::SOURCE/t/lib/corpus.py";

my $corpus = File::Temp::tempdir(CLEANUP => 1);
system('tar', '-C', $corpus, '-xJf', $archive, '--wildcards', '*.txt') == 0 or die "tar failed\n";

my $trap = Trap->new(conf => {limits => {messages => 100}, log => {'rotate-size' => '2m'}});
my $began = time;
my @clients = map {
    open my $f, '-|', $python, $tool, 'send', $trap->address, $trap->port, $_, CLIENTS, $corpus
        or die "fork: $!";
    $f;
} 0 .. CLIENTS - 1;

# What the clients say: the id that the trap acknowledged with, and the digest of what they sent.
my %sent;
my $select = IO::Select->new(@clients);
my %rest;
my $failed = 0;
while ($select->count) {
    for my $f ($select->can_read) {
        my $n = sysread $f, $rest{$f}, 65536, length($rest{$f} // '');
        next if $n;
        $select->remove($f);
        close $f or $failed++;
        for (split /\n/, $rest{$f}) { my ($id, $sha) = split; $sent{$id} = $sha }
    }
}
note sprintf '%d messages in %.1f s', scalar keys %sent, time - $began;
is($failed, 0, 'no client was refused');
is(scalar keys %sent, MESSAGES, 'every message of the corpus is acknowledged, with an id of its own');
is($trap->stop, 0, 'the trap leaves in order');

# Tell how two tables of digests differ.
sub differences {
    my ($got) = @_;
    return join ' ', grep { ($sent{$_} // '') ne ($got->{$_} // '') }
        keys %{{%sent, %$got}};
}

my (@torn, %recorded, %tls);
for my $stream (qw(session message mail)) {
    my @files = $trap->log->files($stream);
    push @torn, grep { /\.part$/ || system('gzip', '-qt', $trap->logs . "/$_") != 0 } @files;
    cmp_ok(scalar @files, '>', 1, "the $stream stream was rotated") if $stream eq 'mail';
}
is("@torn", '', 'every file is finished, and zcat reads each without complaint');

my @messages = $trap->records('message');
for my $m (@messages) {
    $recorded{$m->{id}} = $m->{sha256};
    $tls{"$m->{tls_outcome} " . ($m->{tls_version} // '')}++;
}
is(scalar @messages, MESSAGES, 'there is a record for each, and no other');
is(differences(\%recorded), '', 'the digest in each record is that of what was sent');
is_deeply(\%tls, {'negotiated TLSv1.3' => MESSAGES}, 'all came over TLS 1.3');
is_deeply([map { $_->{seq} } @messages], [1 .. MESSAGES], 'their numbers have no gap');

my $mbox = "$corpus/mbox";
spew($mbox, $trap->log->text('mail'));
my ($out, $err, $status) = Trap::Process::run($python, $tool, 'mbox', $mbox);
is($status, 0, 'Python reads the mail stream with mailbox.mbox') or diag $err;
my %read = map { split } split /\n/, $out;
is(scalar(() = $out =~ /\n/g), MESSAGES, 'and finds as many messages as were sent');
is(differences(\%read), '', 'and each is what was sent, byte for byte');

my @ids = (sort keys %sent)[map { int($_ * MESSAGES / SAMPLE) } 0 .. SAMPLE - 1];
my @wrong;
for my $id (@ids) {
    my ($data) = $trap->smtptrap('mail', $id);
    push @wrong, $id if sha256_hex($data) ne $sent{$id};
}
is("@wrong", '', 'smtptrap mail gives back the exact bytes of ' . SAMPLE . ' of them');
($out, $err, $status) = $trap->smtptrap('verify');
is($status, 0, 'smtptrap verify finds nothing wrong') or diag $out, $err;

$trap->done;
done_testing;
