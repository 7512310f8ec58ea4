#!/usr/bin/perl
# manual_examples.t: the EXAMPLES of smtptrap(1), smtptrap-report(1), smtptrap-export(1),
# smtptrap-rules(5) and smtptrap.conf(5) work as they stand there; those of smtptrap-records(5) are in
# records_examples.t.
use strict;
use warnings;
use File::Basename qw(basename);
use Test::More;
use Trap;
use Trap::Process;

my @missing = grep { !Trap::Process::program($_) } qw(mandoc col jq);
plan skip_all => "not there: @missing" if @missing;

# ---- a trap with some sessions ----

my $trap = Trap->new;
my $data = "Subject: x\r\n\r\nx\r\n";

sub session {
    my ($version, @to) = @_;
    my $c = $trap->client;
    $c->cmd('EHLO client.test');
    $c->starttls(SSL_version => $version, SSL_cipher_list => 'ALL:@SECLEVEL=0') if $version;
    $c->cmd('EHLO client.test') if $version;
    $c->send_message(data => $data, to => [$_]) for @to;
    $c->quit;
    return $trap->session_of($c);
}
my $first = session('TLSv1_2', 'a@trap.test', 'info@example.com');
session('TLSv1', 'info@example.com');
session(undef, 'a@trap.test');
my $bad = $trap->client;
$bad->cmd('EHLO bad.test');
$bad->cmd('STARTTLS');
$bad->send("no TLS\r\n", quiet => 1);
$bad->drain;
$bad->close;
$trap->session_of($bad);
my ($message) = grep { $_->{session_id} eq $first->{id} } $trap->wait_count('message', 4);

# ---- the pages ----

sub examples_text {
    my ($page) = @_;
    my $text = `mandoc -T ascii -O width=120 $Trap::SOURCE/doc/$page | col -bx`;
    return $text =~ /^EXAMPLES\n(.*?)^\S/ms ? $1 : die "$page has no EXAMPLES\n";
}

# [what is said before it, block] of each block of literal text under EXAMPLES.
sub examples {
    my ($page) = @_;
    my $part = examples_text($page);
    my ($before, @found) = ('');
    for my $block (split /\n{2,}/, $part) {
        if ($block =~ /^ {10,}/) {
            push @found, [$before, $block =~ s/^ {11}//mgr];
        } else {
            $before = $block =~ s/^\s+|\s+$//gr;
        }
    }
    return @found;
}

# The commands of a block: each begins with "$ ".
sub commands { my ($block) = @_; return map { s/\n+\z//r } grep { /\S/ } split /^\$ /m, $block }

# ---- commands ----

my $home = $trap->dir . '/home';
mkdir $_ or die "$_: $!" for $home, "$home/bin", "$home/fleet";
chmod 0755, $home;

sub put {
    my ($file, $text) = @_;
    open my $f, '>', "$home/$file" or die "$file: $!";
    print $f $text;
    close $f or die "$file: $!";
}

# The reader of this trap, and ssh to a trap that is here.
put('bin/smtptrap', "#!/bin/sh\nexec $Trap::BUILD/smtptrap -f " . $trap->conf_file . " \"\$@\"\n");
put('bin/ssh', "#!/bin/sh\nshift\nexec \"\$@\"\n");
put('bin/smtptrapd', "#!/bin/sh\nexec $Trap::BUILD/smtptrapd \"\$@\"\n");
chmod 0755, glob "$home/bin/*";
put('trap-names', "mx.trap.test\n");
put('rules.conf', "reject helo localhost\n");

sub run {
    my ($command) = @_;
    my $logs = $trap->logs;
    $command =~ s/019aab1d-1040-7000-957c-4a7fb979379e/$first->{id}/;
    $command =~ s/019aab1d-1040-7001-aaf8-94fe72f36e3c/$message->{id}/;
    $command =~ s{/srv/fleet/\*\.jsonl\.gz}{$logs/*.jsonl.gz*};
    $command = "timeout -s INT 2 $command || :" if $command =~ / follow /; # has no end
    local $ENV{PATH} = "$home/bin:$ENV{PATH}";
    local $ENV{HOME} = $home;
    my ($out, $err, $status) = Trap::Process::run('bash', '-euo', 'pipefail', '-c', "cd $home\n$command");
    return ($status, $err, $out);
}

# What some of them print: by the first words of what is said before.
my %answer = (
    'Sessions of the last hour in which TLS failed' => qr/^\{[^\n]*"tls_failure":"not_tls"[^\n]*\}\n\z/,
    'Sessions that negotiated less than TLS 1.2' => qr/^\{[^\n]*"tls_version":"TLSv1\.0"[^\n]*\}\n\z/,
    'How many messages came over which version' => qr/^ +1 TLSv1\.0\n +2 TLSv1\.2\n +1 offered_unused\n\z/,
    'A session and one of its messages' => qr/EHLO client\.test/,
    'A fleet, from what' => qr/^  mx\.trap\.test +4 +100\.0/m,
    'One report of three traps' => qr/^  TLSv1\.2 +3 /m,
    'Which fingerprints came up' => qr/^fingerprints ja4/m,
    "Zeek's view of the handshakes" => qr/\A\z/,
);
my %seen;
for my $page (qw(smtptrap.1 smtptrap-report.1 smtptrap-export.1)) {
    for (examples($page)) {
        my ($said, $block) = @$_;
        my $printed = '';
        for my $command (commands($block)) {
            my ($status, $err, $out) = run($command);
            my $sum = $command =~ /--as xarf/ ? "smtptrap: 0 reports; 0 records give none\n" : '';
            is_deeply([$status, $err], [0, $sum], "$page: $said $command") or diag $out;
            $printed .= $out;
        }
        my ($known) = grep { index($said, $_) == 0 } keys %answer;
        next if !defined $known;
        like($printed, $answer{$known}, "$page: $said it answers");
        $seen{$known} = 1;
    }
}
is_deeply([sort keys %seen], [sort keys %answer], 'no example is missing');

sub slurp { open my $f, '<:raw', "$home/$_[0]" or return ''; local $/; return <$f> }
is(slurp('message.eml'), $data, 'the message came out as it was sent');
is(scalar(@{[glob "$home/trapped/new/*"]}), 2, 'the maildir has the messages to that address');
like(slurp('failures.csv'), qr/^failures,reasons,value,[^,]*,"not_tls",1,/m, 'the spreadsheet has the failure');
like(slurp('report.html'), qr/^<!DOCTYPE html>/i, 'the page is one');
is(scalar(() = slurp('week.csv') =~ /\n/g), 5, 'the week has a head and four messages');
is(scalar(() = slurp('ssl.log') =~ /^\d/mg), 3, 'Zeek sees three handshakes');
is(slurp('reports.jsonl'), '', 'nobody of that network was here');

# ---- rules and configurations ----

for (examples('smtptrap-rules.5')) {
    my ($said, $block) = @$_;
    if ($block =~ s/^\$ //) {
        my ($status, $err, $out) = run($block);
        is_deeply([$status, $err], [0, ''], "smtptrap-rules.5: $said it runs");
        like($out, qr/^\@connect/m, 'and says what becomes of the phases');
        next;
    }
    put('these.rules', $block);
    my ($status, $err) = run('smtptrap explain --rules these.rules --ehlo x.example');
    is($status, 0, "smtptrap-rules.5: $said: the rules are right") or diag $err;
}

my ($example) = map { $_->[1] } examples('smtptrap.conf.5');
my ($misspelt, $complaint) = examples_text('smtptrap.conf.5') =~ /^ +\$ (smtptrapd .*?)$.*?^ +(\/etc\/smtptrap\/smtptrap\.conf:\d+:.*?)$/ms;
$complaint =~ s{^/etc/smtptrap/}{$home/};
for my $kind (qw(ecdsa rsa)) {
    my ($pair) = grep { $_->[0] =~ /$kind/ } Trap::Cert::pairs();
    system('cp', $pair->[0], "$home/$kind.pem") == 0 && system('cp', $pair->[1], "$home/$kind.key") == 0 or die "cp failed\n";
}
put('smtptrap.conf', $example);
my ($status, $err, $out) = run('smtptrapd -n -f smtptrap.conf');
is_deeply([$status, $out], [0, "smtptrap.conf: ok\n"], 'smtptrap.conf.5: the example is right') or diag $err;
put('smtptrap.conf', $example =~ s/address 0\.0/adress 0.0/r);
($status, $err) = run($misspelt);
is($status >> 8, 1, 'smtptrap.conf.5: the misspelt word is found');
like($err, qr/^\Q$complaint\E$/m, 'and told as the page says');
$trap->done;
done_testing;
