#!/usr/bin/perl
# records_examples.t: smtptrap-records(5).  Each command of its EXAMPLES runs on the log of a trap, and
# answers what it says; the page has every field; the names of Zeek and ECS in it are such names.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Hello qw(hello sni);

my $page = "$Trap::BUILD/doc/smtptrap-records.5";
if (!-e $page || system('which mandoc jq xxd >/dev/null') != 0) {
    plan skip_all => 'the page, mandoc, jq or xxd is not there';
}

# ---- sessions ----

my $trap = Trap->new(conf => {log => {hello => 'full', store => 'unique'}});

sub from { return $trap->client(local => $_[0]) }

sub over_tls {
    my ($address, $version, $messages, $helo) = @_;
    my $c = from($address);
    $c->cmd('EHLO example.test');
    $c->starttls(SSL_version => $version);
    $c->cmd('EHLO ' . ($helo // 'example.test'));
    $c->send_message(data => "Subject: $_\r\n\r\nx\r\n") for 1 .. $messages;
    $c->quit;
    $trap->session_of($c);
}

sub in_clear {
    my ($address) = @_;
    my $c = from($address);
    $c->cmd('EHLO example.test');
    $c->send_message(data => "Subject: clear\r\n\r\nx\r\n");
    $c->quit;
    $trap->session_of($c);
}

sub failing {
    my ($address, $bytes) = @_;
    my $c = from($address);
    $c->cmd('EHLO example.test');
    $c->cmd('STARTTLS');
    $c->send($bytes, quiet => 1);
    shutdown $c->socket, 1;
    $c->drain;
    $c->close;
    return $trap->session_of($c)->{tls_failure};
}

over_tls('127.6.0.1', 'TLSv1_3', 1);
over_tls('127.6.0.2', 'TLSv1_2', 2);
in_clear('127.6.0.3');
my $first = failing('127.6.0.4', hello(version => 0x0301, ciphers => [0x0005, 0x002f])->{bytes});
in_clear('127.6.0.4');
my $second = failing('127.6.0.5', "GET / HTTP/1.1\r\n\r\n");
over_tls('127.6.0.6', 'TLSv1_3', 0, "\xe9t\xe9.test");
$trap->done; # so that all files are finished

# ---- the page ----

sub page_text {
    local $ENV{MANPAGER} = 'cat';
    my $text = `mandoc -T ascii -O width=110 $page | col -bx`;
    return $text;
}

# [what is said before it, command] of each block that begins with "$ ".
sub examples {
    my ($text) = @_;
    my ($part) = $text =~ /^EXAMPLES\n(.*?)^\S/ms or return;
    my @found;
    my $before = '';
    for my $block (split /\n{2,}/, $part) {
        if ($block =~ /^\s*\$ /) {
            push @found, [$before =~ s/\s+/ /gr =~ s/^ //r, $block =~ s/^\s*\$ //r];
        } else {
            $before = $block;
        }
    }
    return @found;
}

# What it prints, a line an element, without the blanks that uniq(1) puts in front.
sub run {
    my ($command) = @_;
    my ($logs, $conf, $dir) = ($trap->logs, $trap->conf_file, $trap->dir);
    $command =~ s{/var/log/smtptrap}{$logs}g;
    $command =~ s{^smtptrap }{$Trap::BUILD/smtptrap -f $conf };
    open my $out, '-|', 'bash', '-c', "cd $dir && set -o pipefail; $command" or die "bash: $!\n";
    my @lines = map { s/^ +|\n//gr } <$out>;
    close $out;
    return ($?, @lines);
}

my %expected = (
    'TLS versions of the sessions that negotiated' => ['1 TLSv1.2', '2 TLSv1.3'],
    'What became of TLS in all sessions' => ['2 failed', '3 negotiated', '2 offered_unused'],
    'Messages accepted, by TLS version' => ['2 TLSv1.2', '1 TLSv1.3', '2 clear'],
    'The share of messages that came over TLS' => ['3 of 5'],
    'Why handshakes failed, and the highest version' => [sort "1 $first TLSv1.0", "1 $second http"],
    'Whether those who failed tried again' =>
        [sort "1 $first: offered_unused, delivered", "1 $second: never came again"],
    'The highest version offered, beside' => ['1 TLSv1.0 failed', '1 TLSv1.2 TLSv1.2', '2 TLSv1.3 TLSv1.3'],
    'Addresses whose clients still offer RC4' => ['127.6.0.4'],
    'The JA4 fingerprints that most addresses share' => qr/^2 t13\S+\|1 t\S+\|1 t\S+$/,
    'What the client said in each session' => qr/^\["127\.6\.0\.1","EHLO example\.test","STARTTLS".*\|.*QUIT"\]$/,
    'Which systems speak which dialect' => qr{^(?:\d+ d1_[0-9a-f]{12}\s[4:\d]\S+\|?)+$},
    'The exact bytes of a HELO that is not UTF-8' => ["\xe9t\xe9.test"],
    'The messages that came most often' => qr/^1 [0-9a-f-]{36}\|1 [0-9a-f-]{36}$/,
    'A mail file as a mailbox that mail readers open' => [],
);
my $text = page_text();
my %seen;
for (examples($text)) {
    my ($said, $command) = @$_;
    my ($title) = grep { index($said, $_) >= 0 } keys %expected;
    next if !ok(defined $title, "this test knows the example \"$said\"");
    $seen{$title}++;
    my ($status, @lines) = run($command);
    is($status, 0, "$title: it runs");
    if (ref $expected{$title} eq 'ARRAY') {
        is_deeply(\@lines, $expected{$title}, "$title: it answers");
    } else {
        like(join('|', @lines), $expected{$title}, "$title: it answers");
    }
}
is_deeply([sort keys %seen], [sort keys %expected], 'no example is missing');
cmp_ok(scalar(() = `cat ${\$trap->dir}/mbox` =~ /^From /mg), '==', 5, 'the mailbox has all messages');

# ---- fields ----

my (%zeek, %ecs, @missing);
open my $def, '<', "$Trap::SOURCE/lib/record.def" or die "record.def: $!\n";
my @rows = map { [/"((?:[^"\\]|\\.)*)"/g] } grep { /^FIELD\(/ } <$def>;
cmp_ok(scalar @rows, '>=', 100, 'record.def has ' . @rows . ' fields');
for (@rows) {
    my ($name, $unit, $doc, $zeek, $ecs) = @$_;
    push @missing, $name if $text !~ /^ +\Q$name\E(?: |$)/m;
    $zeek{$_}++ for split /, /, $zeek;
    $ecs{$_}++ for split /, /, $ecs;
}
is_deeply(\@missing, [], 'the page has each of them');

sub known {
    my ($which) = @_;
    open my $f, '<', "$Trap::SOURCE/t/golden/foreign-names.txt" or die "foreign-names.txt: $!\n";
    return map { /^$which (\S+)$/ ? ($1 => 1) : () } <$f>;
}
my %known = (zeek => {known('zeek')}, ecs => {known('ecs')});
is_deeply([grep { !$known{zeek}{$_} } sort keys %zeek], [], "Zeek's logs have the columns named");
is_deeply([grep { !$known{ecs}{$_} } sort keys %ecs], [], 'ECS has the fields named');
done_testing;
