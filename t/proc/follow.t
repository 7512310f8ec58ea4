#!/usr/bin/perl
# follow.t: smtptrap follow prints records as they are written, over rotation and restarts, a safe line
# each, until it is told to end or nobody reads.
use strict;
use warnings;
use JSON::PP qw(decode_json);
use Test::More;
use Trap qw(wait_for);
use Trap::Background;
use Trap::Process;

my $trap = Trap->new;
my @follow = ("$Trap::BUILD/smtptrap", '-d', $trap->logs, 'follow');

sub session {
    my ($name, %o) = @_;
    my $c = $trap->client(local => $o{ip} // '127.5.4.3');
    $c->cmd("EHLO $name");
    if ($o{tls}) {
        $c->starttls(SSL_version => 'TLSv1_2');
        $c->cmd("EHLO $name");
    }
    $c->send_message(data => "Subject: of $name\r\n\r\nx\r\n", from => 'a@client.test') for 1 .. ($o{messages} // 0);
    $c->quit;
    return $trap->session_of($c);
}

# Has it read all that was there when it began?  It shows this session, which comes after.
sub ready {
    my ($p, $name) = @_;
    my $got = 0;
    my $n = 0;
    # Sessions that it does not show were there before it looked.
    while (!$got) {
        die "$name is never shown\n" if $n++ > 100;
        session("$name-" . $n);
        $got = eval { $p->line(2) };
    }
    return $n;
}

session('before.test');
my $p = Trap::Background->new(@follow, '--where', 'helo prefix one or helo prefix ready');
my $n = ready($p, 'ready');
session('two.test');
session('one.test', messages => 2);
my $line;
do { $line = $p->line } while $line =~ /ready-/;
like($line, qr/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d 127\.5\.4\.3:\d+ helo=one\.test offered_unused messages=2 quit \d+\.\ds$/,
    'a session that was chosen is a line: time, address, HELO, TLS, messages, end');
session('one-tls.test', tls => 1);
like($p->line, qr{ helo=one-tls\.test TLSv1\.2/TLS_\w+ messages=0 quit }, 'with version and cipher where there is TLS');

# ---- what peers send ----

my $evil = "one\x1b]0;title\x07\x1b[2J\x9b31m\xe2\x80\xae\xffend";
session($evil);
my $safe = $p->line;
unlike($safe, qr/[\x00-\x1f\x7f\x9b]/, 'no control byte of a peer is in it');
like($safe, qr/ helo=one\\x1b\]0;title\\x07\\x1b\[2J\S*\\u\{202e\}\S*end /, 'what it sent is told');
session('one-' . 'x' x 200);
like($p->line, qr/ helo=one-x{76}\.\.\. /, 'and cut where it is long');

my $f = $trap->client;
$f->cmd('EHLO one-fails.test');
$f->cmd('STARTTLS');
$f->send("GET / HTTP/1.0\r\n\r\n");
$f->drain;
$f->close;
like($p->line, qr/ helo=one-fails\.test failed:not_tls messages=0 client_closed /, 'a failure has its reason');

# ---- rotation and restart ----

$trap->rotate;
ok(wait_for(60, sub { !grep { -s } glob $trap->logs . '/session-*.part' }), 'the file is finished');
session('one-rotated.test');
like($p->line, qr/one-rotated\.test/, 'it goes on in the next file');
$trap->restart;
session('one-restarted.test');
like($p->line, qr/one-restarted\.test/, 'and with the next run of the trap');
$p->signal('TERM');
is($p->end, 0, 'SIGTERM ends it in order');
is($p->line, undef, 'and nothing else was printed');

# ---- JSON, since, messages ----

my @all = $trap->records('session');
my $j = Trap::Background->new(@follow, '--json', '--since', '1h');
my @seen = map { decode_json($j->line) } @all;
is_deeply([map { $_->{id} } @seen], [map { $_->{id} } @all], '--since begins with what is there, in order, over all files');
session('json.test');
is(decode_json($j->line)->{helo}, 'json.test', 'and goes on with what comes');
$j->signal('INT');
is($j->end, 0, 'SIGINT ends it in order');

my $last = $all[-1]{ts};
my $s = Trap::Background->new(@follow, '--json', '--since', $last);
is(decode_json($s->line)->{ts}, $last, '--since leaves out what is older');
$s->signal('TERM');
is($s->end, 0, 'it ends');

my $m = Trap::Background->new(@follow, '--stream', 'message', '--since', '1h');
like($m->line, qr/^\S+ \S+ 127\.5\.4\.3:\d+ accepted offered_unused size=\d+ from=<a\@client\.test> to=<\S+> subject=of one\.test$/,
    'a message is a line, too');
$m->close_output;
is($m->end, 0, 'it ends when nobody reads, without a record to write');
my $e = Trap::Background->new('bash', '-o', 'pipefail', '-c', "@follow --since 1h | head -n 1");
ok($e->line, 'a pipe that is closed early');
is($e->end, 0, 'is no trouble');
is($e->line, undef, 'and nothing is said');

# ---- files that cannot be read, or are damaged ----

{
    my $logs = $trap->dir . '/some';
    mkdir $logs or die;
    Trap::Process::run('cp', '-r', glob($trap->logs . '/session-*.gz'), $logs);
    $trap->rotate;
    ok(wait_for(60, sub { !grep { -s } glob $trap->logs . '/session-*.part' }), 'the file is finished');
    Trap::Process::run('cp', '-n', glob($trap->logs . '/session-*.gz'), $logs);
    my @files = sort glob "$logs/session-*.gz";
    cmp_ok(scalar @files, '>=', 3, 'there are three files');
    my ($bad, $damaged, $last) = @files[0, 1, 2];
    rename $bad, "$logs/kept" or die;
    symlink "$logs/kept", $bad or die; # root could read any file, but no link is followed
    open my $z, '<:raw', $damaged or die;
    my $bytes = do { local $/; <$z> };
    substr $bytes, length($bytes) / 2, 4, 'XXXX';
    open $z, '>:raw', $damaged or die;
    print $z $bytes;
    close $z;
    my ($text) = Trap::Process::run('zcat', @files[2 .. $#files]);
    my @expected = split /\n/, $text;
    my $u = Trap::Background->new("$Trap::BUILD/smtptrap", '-d', $logs, qw(follow --json --since 1h));
    my (@got, $said);
    while (@got < @expected) {
        my $l = $u->line;
        $l =~ /^\{/ ? push(@got, $l) : ($said .= "$l\n");
    }
    is_deeply(\@got, \@expected, 'what is behind a file that cannot be read, and a damaged one, is shown');
    $u->signal('TERM');
    is($u->end >> 8, 1, 'and the exit status tells of it');
    while (defined(my $l = $u->line)) { $said .= "$l\n" }
    is(scalar(() = $said =~ /cannot be read/g), 1, 'the one is named once')
        or diag $said;
    my ($name) = $bad =~ m{([^/]+)$};
    like($said, qr/\Q$name\E, .*: cannot be read: Too many levels/, 'with the reason');
    ($name) = $damaged =~ m{([^/]+)$};
    like($said, qr/\Q$name\E, member at byte 0, .*a gzip member is damaged/, 'the other with its place');
}

# ---- what is wrong ----

my ($out, $err, $status) = Trap::Process::run(@follow, '--until', '1h');
is($status >> 8, 2, 'what is to come has no end: --until is wrong usage');
(undef, $err, $status) = Trap::Process::run(@follow, '--where', 'helo =');
is($status >> 8, 2, 'a wrong expression is, too');
like($err, qr/column 7/, 'with its column');
(undef, $err, $status) = Trap::Process::run("$Trap::BUILD/smtptrap", '-d', $trap->dir . '/none', 'follow');
is($status >> 8, 1, 'a directory that is not there is trouble');
$trap->done;
done_testing;
