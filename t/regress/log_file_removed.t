#!/usr/bin/perl
# log_file_removed.t: when somebody removed the files that were being written, messages were acknowledged
# that no file had; when they or the moved files were to get their final names, no message was taken
# any more; and each second it was said that this was over.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Trap qw(wait_for);

# One message over a connection of its own: its identifier if it was acknowledged.
sub message {
    my ($trap) = @_;
    my $c = $trap->client;
    $c->cmd('EHLO x.test');
    my ($id) = $c->send_message(data => "Subject: x\r\n\r\nx\r\n")->text =~ /^250 .* as (\S+)/;
    $c->cmd('RSET');
    $c->quit;
    return $id;
}

sub is_served {
    my ($trap, $title, $ids) = @_;
    ok(wait_for(60, sub { my $id = message($trap); push @$ids, $id // (); defined $id }), $title);
}

sub parts { map { s{.*/}{}r } glob $_[0]->logs . '/*.part' }

sub is_stored {
    my ($trap, $title, @ids) = @_;
    $trap->stop;
    my %record = map { $_->{id} => 1 } $trap->records('message');
    my %mail = map { $_->{id} => 1 } $trap->mails;
    is(join(' ', grep { !$record{$_} || !$mail{$_} } @ids), '', $title);
}

my @said = (qr/ logger: log file \S+\.part was removed or moved away while it was written: another is begun$/,
    qr/ logger: \w+ log: No such file or directory: messages are refused until this works again$/,
    qr/ logger: the log directory can be written again: messages are accepted$/);

# ---- removed ----
{
    my $trap = Trap->new(tls => 0);
    $trap->expect(@said);
    ok(message($trap), 'a message is stored');
    ok(unlink(map { $trap->logs . "/$_" } parts($trap)), 'the files that are written are removed');
    my @ids = grep { defined } map { message($trap) } 1 .. 3;
    is_served($trap, 'messages are taken again', \@ids);
    like($trap->log_text, qr/mail-\S+\.part was removed/, 'the log says which file is lost');
    is_stored($trap, 'all that was acknowledged since is in the logs', @ids);
    my ($out, $err, $status) = $trap->smtptrap('verify');
    is($status, 0, 'smtptrap verify finds nothing wrong in what is left') or diag $out, $err;
    $trap->done;
}

# ---- moved away ----
{
    my $trap = Trap->new(tls => 0);
    $trap->expect($said[0]);
    my @ids = message($trap);
    my @parts = parts($trap);
    rename $trap->logs . "/$_", $trap->dir . "/$_" or die "rename $_: $!" for @parts;
    push @ids, message($trap);
    is(scalar @ids, 2, 'into files that were moved away messages are stored');
    $trap->rotate;
    ok($trap->wait_log($said[0]), 'when they should get their final names, the log says so');
    is_served($trap, 'and messages go into others', \@ids);
    rename $trap->dir . "/$_", $trap->logs . '/' . s/\.part$//r or die "rename $_: $!" for @parts;
    is_stored($trap, 'with the files that were moved away, all that was acknowledged is there', @ids);
    $trap->done;
}

# ---- the directory, too ----
{
    my $trap = Trap->new(tls => 0);
    $trap->expect(@said, qr/ logger: (session|message) log: \d+ bytes of records could not be written yet$/,
        qr/ logger: \S+: cannot be removed/, qr/ logger: addresses\.state/);
    ok(message($trap), 'a message is stored');
    $trap->wait_count('session', 1); # so that no file is made while they are removed
    system('rm', '-rf', $trap->logs) == 0 or die "rm failed\n";
    my $end = time + 4; # trials whether it is over come each second
    my $taken = 0;
    while (time < $end) { $taken++ if defined message($trap); sleep 0.1 }
    is($taken, 0, 'without the log directory no message is acknowledged');
    is(scalar(() = $trap->log_text =~ /messages are refused/g), 1, 'that this is so is said once');
    unlike($trap->log_text, qr/can be written again/, 'and not that it was over');
    $trap->stop;
    $trap->done;
}
done_testing;
