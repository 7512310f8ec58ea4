#!/usr/bin/perl
# mail.t: raw messages in the object store: byte for byte what smtptrap mail prints, each once, whole or
# not at all, through any number of kill -9; what is left out, missing or refused is named and counted.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Trap qw(wait_for);
use Trap::File qw(slurp spew);
use Trap::Nats;
use Trap::ObjectStore;
use Trap::Process;
use Trap::Shipper;

my $why = Trap::Nats::missing();
plan skip_all => $why if $why;
use constant {PATIENCE => 120, CHUNK => 128 * 1024, LIMIT => 400 * 1024};

my $nats = Trap::Nats->new;
my $work = tempdir(CLEANUP => 1);

# A message of so many bytes, with dots, From_ lines and long lines in it; no two are alike.
my $number = 0;
sub message {
    my ($size) = @_;
    my $text = sprintf "Subject: %08d\r\n\r\n.\r\nFrom x\r\n>From y\r\n", $number++;
    $text .= sprintf "%08x%s\r\n", length $text, 'abc.' x (length($text) % 200) while length $text < $size - 1100;
    my $left = $size - length $text;
    $text .= substr('x' x 998 . "\r\n", -($left > 1000 ? 1000 : $left)) while ($left = $size - length $text) > 0;
    die 'the size is wrong' if length $text != $size;
    return $text;
}

# Send them over one connection; the ids of those that were taken.
sub give {
    my ($trap, @data) = @_;
    my $c = $trap->client;
    $c->cmd('EHLO mail.test');
    my @ids = map { $c->send_message(data => $_)->text =~ /Queued as (\S+)/ ? $1 : () } @data;
    $c->quit;
    return @ids;
}

# What smtptrap mail prints of each message in the logs: id => bytes.
sub mails {
    my ($logs) = @_;
    my $folder = tempdir(CLEANUP => 1);
    Trap::Process::run("$Trap::BUILD/smtptrap", '-d', $logs, 'mail', '--eml', $folder);
    return map { m{([^/]+)\.eml$} ? ($1 => slurp($_)) : () } glob "$folder/*.eml";
}

sub shipper {
    my ($logs, $sensor, %o) = @_;
    my $ship = Trap::Shipper->new(nats => $nats, logs => $logs, sensor => $sensor, %o,
        mail => {bucket => 'mail', size => LIMIT, %{$o{mail} // {}}});
    return $ship;
}

sub run {
    my ($ship, @arguments) = @_;
    my ($out, $err, $status) = $ship->run(@arguments);
    is($status >> 8, 0, "$arguments[0]: exit status 0") or diag $err;
    return wantarray ? ($out, $err) : $err;
}

sub store { my ($sensor) = @_; my $s = Trap::ObjectStore->new($nats, "mail-$sensor"); $s->read; return $s }

sub same_bytes {
    my ($got, $expected, $title) = @_;
    my %digest = map { $_ => sha256_hex($expected->{$_}) } keys %$expected;
    my %is = map { $_ => defined $got->{$_} ? sha256_hex($got->{$_}) : 'none' } keys %$got;
    is_deeply(\%is, \%digest, $title);
}

sub counts { my ($ship) = @_; return ($ship->run('--status'))[0] =~ /^mail: (.*)$/m ? $1 : 'none' }

# ---- messages of all kinds, from a real trap ----

my $trap = Trap->new(tls => 0, start => 0, conf => {sensor => 'mx1', log => {store => 'unique-body'}});
spew($trap->dir . '/rules', "rules {\n\tdiscard from discard\@client.test\n\treject from reject\@client.test\n"
    . "\treject after keeping from keep\@client.test\n}\n");
$trap->write_conf($trap->conf_text . 'include "' . $trap->dir . "/rules\"\n");
$trap->start;
my $twice = message(3000);
my $same_body = $twice =~ s/^Subject: \d+/Subject: another one/r;
my @sizes = (1000, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 300_000, LIMIT);
my @ids = give($trap, (map { message($_) } @sizes), '', "\r\n", $twice, $twice, $same_body, message(LIMIT + 1));
is(scalar @ids, @sizes + 6, 'the trap takes messages of all sizes');
my $large = $ids[-1];
my @sent = map { my ($from) = $_; my $c = $trap->client; $c->cmd('EHLO mail.test');
    my $r = $c->send_message(from => $from, data => message(2000)); $c->quit; $r->code }
    map { "$_\@client.test" } qw(discard reject keep);
is("@sent", '250 550 554', 'some are discarded, rejected, or rejected and kept');
$trap->done;
my $records = () = ($trap->records('message'), $trap->records('session'));
my %mail = mails($trap->logs);
my %wanted = %mail;
delete $wanted{$large};

my $ship = shipper($trap->logs, 'mx1');
run($ship, '--setup');
run($ship, '--once');
my $store = store('mx1');
is_deeply([$store->wrong], [], 'the bucket is as ADR-20 says');
same_bytes({$store->bytes}, \%wanted, 'each object has the bytes that smtptrap mail prints, up to the limit');
is(length $mail{$large}, LIMIT + 1, 'of the one past the limit the trap has them');
is(counts($ship), keys(%wanted) . ' put, 1 left out, 0 missing, 0 refused', 'all are counted');
is($nats->messages('SMTPTRAP'), $records, 'all records are in the stream');
my $chunks = 0;
$chunks += int((length($_) + CHUNK - 1) / CHUNK) for values %wanted;
is($store->messages, $chunks + keys %wanted, 'nothing else is in the bucket');
is($store->object($ids[-2])->{size}, length $same_body, 'a message of which another has the body is an object');
is_deeply($store->object($ids[3])->{headers}, {sensor => ['mx1'], sha256 => [sha256_hex($mail{$ids[3]})]},
    'headers tell the sensor and the SHA-256');
is_deeply([map { $store->object($_)->{chunks} } @ids[0 .. 8]], [1, 1, 1, 2, 2, 3, 4, 0, 1], 'chunks are of 128 KiB');

# ---- messages of which another has all bytes ----

my $copies = Trap->new(tls => 0, conf => {sensor => 'mx9', log => {store => 'unique'}});
my ($first, @same) = give($copies, $twice, $twice, $same_body, $twice);
$copies->done;
my $ship9 = shipper($copies->logs, 'mx9');
run($ship9, '--setup');
run($ship9, '--once');
my $store9 = store('mx9');
is_deeply([$store9->wrong], [], 'copies leave the bucket as it must be');
is_deeply($store9->object($_)->{options}{link}, {bucket => 'mail-mx9', name => $first}, 'a copy is a link to the first')
    for @same[0, 2];
is($store9->object($same[1])->{options}{link}, undef, 'what is no copy is not');
same_bytes({$store9->bytes}, {mails($copies->logs)}, 'by links too all bytes are found');
is($store9->messages, 4 + 2, 'the bytes of copies are there once');

# ---- real messages ----

SKIP: {
    my $archive = Trap::shared('spamassassin-corpus.tar.xz') or skip 'spamassassin-corpus.tar.xz is not at hand', 5;
    my $corpus = tempdir(CLEANUP => 1);
    system('tar', '-C', $corpus, '-xJf', $archive, '--wildcards', './hard-ham-1/*.txt') == 0 or die "tar failed\n";
    my $logs = "$work/corpus";
    mkdir $logs;
    my (undef, $said, $status) = Trap::Process::run("$Trap::BUILD/t/tools/logwrite", '-r', 50, $logs, glob "$corpus/*/*.txt");
    is($status, 0, 'real messages are logged') or diag $said;
    my $ship = shipper($logs, 'corpus', mail => {size => '10m'});
    run($ship, '--setup');
    run($ship, '--once');
    my $store = store('corpus');
    is_deeply([$store->wrong], [], 'the bucket is as it must be');
    same_bytes({$store->bytes}, {mails($logs)}, 'and has every message byte for byte');
}

# ---- replay ----

my ($out, $err) = run($ship, '--replay', glob $trap->logs . '/message-*');
is(store('mx1')->messages, $store->messages, 'within the duplicate window a replay adds nothing');
my $elsewhere = "$work/backup";
mkdir $elsewhere;
copy($_, $elsewhere) for glob $trap->logs . '/*';
my $ship2 = shipper("$work/none", 'mx2');
run($ship2, '--setup');
run($ship2, '--replay', glob "$elsewhere/message-*");
same_bytes({store('mx2')->bytes}, \%wanted, 'a replay finds mail beside the file that is replayed');

# Chunks of a former attempt that the servers do not know as duplicates any more.
my ($several, $one) = @ids[3, 0];
my $ship3 = shipper($trap->logs, 'mx3');
run($ship3, '--setup');
my $nuid = $store->object($several)->{nuid};
$nats->publish("\$O.mail-mx3.C.$nuid", substr($mail{$several}, 0, CHUNK), 'Nats-Msg-Id' => 'a former attempt');
$nats->publish('$O.mail-mx3.C.' . $store->object($one)->{nuid}, $mail{$one}, 'Nats-Msg-Id' => 'another');
run($ship3, '--once');
my $store3 = store('mx3');
is_deeply([$store3->wrong], [], 'where chunks were there, all is well');
same_bytes({$store3->bytes}, \%wanted, 'and all objects are whole');
is($store3->object($several)->{nuid}, "${nuid}1", 'one of several chunks has begun anew under another NUID');
is_deeply([$store3->orphans], [$nuid], 'the former chunks belong to no object');
is($store3->object($one)->{nuid}, $store->object($one)->{nuid}, 'one of one chunk has that');

# ---- kill -9 in the middle of objects ----

# Passes on bytes between a shipper and the server, until the shipper has sent so many; what is left.
sub pass_on {
    my ($client, $server, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $select = IO::Select->new($client, $server);
    while ($bytes > 0) {
        my @ready = $select->can_read(PATIENCE) or die "nothing comes\n";
        for my $from (@ready) {
            my $text;
            my $got = sysread $from, $text, $from == $client && $bytes < 65536 ? $bytes : 65536;
            return $bytes if !$got;
            $bytes -= $got if $from == $client;
            for (my $to = $from == $client ? $server : $client; length $text;) {
                my $n = syswrite($to, $text) // last;
                substr $text, 0, $n, '';
            }
        }
    }
    return 0;
}

# The same over all connections that it makes.  Returns them: the last is open until the caller forgets it.
sub relay {
    my ($listener, $bytes) = @_;
    my ($address, $port) = ($nats->urls)[0] =~ m{//(.*):(\d+)};
    my @open;
    while ($bytes > 0) {
        my $client = $listener->accept or die "accept: $!";
        my $server = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port) or die "connect: $!";
        $bytes = pass_on($client, $server, $bytes);
        @open = ($client, $server);
    }
    return @open;
}

my $big = Trap->new(tls => 0, conf => {sensor => 'mx4'});
my @big = give($big, map { message($_) } (2000, 50_000, CHUNK, 200_000, 700_000, 1_500_000, 900_000));
$big->done;
my %big = mails($big->logs);
my $listener = IO::Socket::INET->new(LocalAddr => $Trap::ADDRESS, Listen => 5, ReuseAddr => 1) or die "listen: $!";
my %small_steps = (batch => 1, 'in-flight-bytes' => '256k', checkpoint => '10ms');
my $ship4 = shipper($big->logs, 'mx4', mail => {size => '10m'}, conf => {%small_steps});
run($ship4, '--setup');
my $direct = $ship4->{servers};
$ship4->{servers} = ["nats://$Trap::ADDRESS:" . $listener->sockport];
$ship4->write_conf;
my ($seen, $partly) = (0, 0);
for my $bytes (1_000, 50_000, 150_000, 300_000, 400_000, 400_000, 900_000, 900_000) { # fewer than all
    $ship4->start;
    my @open = relay($listener, $bytes);
    $ship4->kill;
    close $listener->accept while IO::Select->new($listener)->can_read(0); # of one that is dead
    @open = ();
    my $now = store('mx4');
    my @wrong = $now->wrong;
    my %bytes = $now->bytes;
    my @other = grep { $bytes{$_} ne $big{$_} } keys %bytes;
    is("@wrong @other", ' ', "killed after $bytes bytes: what can be found is whole");
    $partly++ if $now->orphans;
    $seen = keys %bytes if keys %bytes > $seen;
}
note "$partly kills in the middle, $seen objects";
cmp_ok($partly, '>', 3, 'most kills were in the middle of objects');
cmp_ok($seen, '>', 2, 'and some objects were there already');
$ship4->{servers} = $direct;
$ship4->write_conf;
run($ship4, '--once');
my $store4 = store('mx4');
is_deeply([$store4->wrong, $store4->orphans], [], 'after that no chunk is there twice or left behind');
same_bytes({$store4->bytes}, \%big, 'and every object is there');
my $all_chunks = 0;
$all_chunks += int((length($_) + CHUNK - 1) / CHUNK) for values %big;
is($store4->messages, $all_chunks + keys %big, 'nothing more is in the bucket');

# ---- memory ----

my $huge = Trap->new(tls => 0, conf => {sensor => 'mx5'});
give($huge, message(8_000_000), message(100));
$huge->done;
my $ship5 = shipper($huge->logs, 'mx5', mail => {size => '8m'}, conf => {%small_steps});
run($ship5, '--setup');
$ship5->start;
ok(wait_for(PATIENCE, sub { counts($ship5) =~ /^2 put/ }), 'a message of 8 MB is put');
my $peak = $ship5->peak_kib;
cmp_ok($peak, '<', Trap::sanitized() ? 400_000 : 15_000, "in chunks: memory stays small, $peak KiB");
is($ship5->stop, 0, 'the shipper leaves in order');
same_bytes({store('mx5')->bytes}, {mails($huge->logs)}, 'it is whole');

# ---- messages as they come, and a bucket from a reload on ----

my $live = Trap->new(tls => 0, conf => {sensor => 'mx10'});
my $ship10 = shipper($live->logs, 'mx10', conf => {checkpoint => '10ms'});
run($ship10, '--setup');
my %bucket = %{$ship10->{mail}};
$ship10->{mail} = {};
$ship10->write_conf;
$ship10->start;
give($live, message(2000));
ok(wait_for(PATIENCE, sub { ($ship10->run('--status'))[0] =~ /^message: 1 shipped/m }), 'without a bucket a record is shipped alone');
$ship10->{mail} = \%bucket;
$ship10->write_conf;
kill 'HUP', $ship10->pid;
$ship10->wait_said(qr/reloaded/);
my ($new) = give($live, message(2001));
ok(wait_for(PATIENCE, sub { counts($ship10) =~ /^1 put/ }), 'after a reload that names one, what comes is put');
is(join(' ', store('mx10')->names), $new, 'and only that');
my @coming = map { my $n = $_; my ($id) = give($live, message(2001 + $n * 90_000));
    wait_for(PATIENCE, sub { counts($ship10) =~ /^${\($n + 1)} put, 0 left out, 0 missing/ }) ? $id : () } 1 .. 4;
is(join(' ', store('mx10')->names), join(' ', sort $new, @coming), 'one after the other, from a file that is being written');
is($ship10->stop, 0, 'the shipper leaves in order');
$live->done;

# ---- mail that is not there any more, or damaged ----

my $gaps = Trap->new(tls => 0, conf => {sensor => 'mx6'});
my @gone = give($gaps, map { message(5000) } 1 .. 3);
$gaps->rotate;
ok(wait_for(PATIENCE, sub { my @f = glob $gaps->logs . '/mail-*.gz'; @f == 1 }), 'a mail file is finished');
my @left = give($gaps, map { message(5000) } 1 .. 2);
$gaps->rotate;
ok(wait_for(PATIENCE, sub { my @f = glob $gaps->logs . '/mail-*.gz'; @f == 2 }), 'and another');
my @bad = give($gaps, message(5000));
$gaps->done;
my @files = sort glob $gaps->logs . '/mail-*.gz';
unlink $files[0] or die "unlink: $!";
my $bytes = slurp($files[2]);
substr $bytes, length($bytes) / 2, 20, 'x' x 20;
spew($files[2], $bytes);
my $ship6 = shipper($gaps->logs, 'mx6');
run($ship6, '--setup');
my $before = $nats->messages('SMTPTRAP');
$err = run($ship6, '--once');
like($err, qr/the mail of message $_ is missing: its mail file is not there/, 'mail that retention removed is named') for @gone;
like($err, qr/the mail of message $_ is missing: \w/, 'and what is damaged') for @bad;
is(counts($ship6), '2 put, 0 left out, 4 missing, 0 refused', 'they are counted');
is($nats->messages('SMTPTRAP') - $before, 6 + 3, 'their records are shipped');
my $store6 = store('mx6');
is(join(' ', $store6->names), join(' ', sort @left), 'the others are put');
is_deeply([$store6->wrong], [], 'and whole');

# ---- a bucket that is full, and one that is not there ----

my $ship7 = shipper($trap->logs, 'mx7', setup => {'mail-max-bytes' => '200k'});
run($ship7, '--setup');
$err = run($ship7, '--once');
my ($put, $refused) = counts($ship7) =~ /^(\d+) put, 1 left out, 0 missing, (\d+) refused$/;
is($put + $refused, keys %wanted, 'where the bucket is full all are counted');
cmp_ok($put < 2 ? 0 : $refused, '>', 2, 'some are put, others not');
is(scalar(() = $err =~ /^.*the mail of message \S+ is refused by bucket mail-mx7: maximum bytes exceeded$/mg), $refused,
    'these are named');
my $store7 = store('mx7');
is_deeply([$store7->wrong], [], 'what can be found is whole');
is(scalar $store7->names, $put, 'and that is what was put');

my $ship8 = shipper($trap->logs, 'mx8', conf => {stop => '3s'});
my $status;
($out, $err, $status) = $ship8->run('--once');
is($status >> 8, 1, 'without its bucket it does not go on');
like($err, qr/No responders/i, 'and says why');
like(($ship8->run('--status'))[0], qr/^message: 0 shipped/m, 'no record counts as shipped whose mail is not there');
run($ship8, '--setup');
$ship8->{conf}{stop} = '10s';
$ship8->write_conf;
run($ship8, '--once');
same_bytes({store('mx8')->bytes}, \%wanted, 'once it is made, all is shipped');

# ---- the bucket ----

my $setup = shipper("$work/none", 'fleet', setup => {'mail-max-age' => '5d', 'mail-max-bytes' => '1g'});
$out = (run($setup, '--setup', 'a1', 'a2'))[0];
like($out, qr/^stream OBJ_mail-$_: made/m, "the bucket of $_ is made") for qw(a1 a2);
unlike($out, qr/OBJ_mail-fleet/, 'and no other');
my %config = %{$nats->api('STREAM.INFO.OBJ_mail-a1')->{config}};
my %is_wanted = (name => 'OBJ_mail-a1', storage => 'file', retention => 'limits', discard => 'new', num_replicas => 1,
    max_age => 5 * 86400 * 1e9, max_bytes => 1 << 30, duplicate_window => 4 * 3600 * 1e9, max_msgs => -1,
    allow_rollup_hdrs => 1);
is($config{$_}, $is_wanted{$_}, "its $_ is $is_wanted{$_}") for sort keys %is_wanted;
is(join(' ', @{$config{subjects}}), '$O.mail-a1.C.> $O.mail-a1.M.>', 'its subjects are those of a bucket');
like((run($setup, '--setup', 'a1'))[0], qr/^stream OBJ_mail-a1: as configured/m, 'again: nothing to do');
my $other = shipper("$work/none", 'fleet', setup => {'mail-max-age' => '6d', 'mail-max-bytes' => '1g'});
($out, $err, $status) = $other->run('--setup', 'a1');
is($status >> 8, 1, 'a bucket that differs is an error');
like($err, qr/^.*stream OBJ_mail-a1: max-age \(ns\): is 432000000000000, configured 518400000000000$/m, 'which is told');
is_deeply($nats->api('STREAM.INFO.OBJ_mail-a1')->{config}, \%config, 'nothing was changed');
is(($setup->run('--setup', 'a.b'))[2] >> 8, 2, 'a sensor that is no token is refused');
my $plain = Trap::Shipper->new(nats => $nats, sensor => 'fleet');
is(($plain->run('--setup', 'a1'))[2] >> 8, 2, 'and so are sensors where no bucket is configured');
done_testing;
