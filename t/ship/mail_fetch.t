#!/usr/bin/perl
# mail_fetch.t: smtptrap-ship --fetch-mail: each message of the buckets as a file, byte for byte, once, whole or
# not at all, however often it is interrupted; hostile objects are named, left out, and harm nothing.
use strict;
use warnings;
use Digest::SHA qw(sha256);
use File::Temp qw(tempdir);
use JSON::PP;
use MIME::Base64 qw(encode_base64url);
use Test::More;
use Trap qw(wait_for);
use Trap::File qw(slurp slurp_or_empty);
use Trap::Nats;
use Trap::Process;
use Trap::Shipper;

my $why = Trap::Nats::missing();
plan skip_all => $why if $why;
use constant {PATIENCE => 120, CHUNK => 128 * 1024, LIMIT => 600 * 1024, MIB => 1 << 20};

my $nats = Trap::Nats->new(server => "max_payload: 20M\n");
my $work = tempdir(CLEANUP => 1);

sub shipper {
    my ($sensor, %o) = @_;
    return Trap::Shipper->new(nats => $nats, sensor => $sensor, %o, mail => {bucket => 'mail', size => LIMIT, %{$o{mail} // {}}});
}

sub run {
    my ($ship, @arguments) = @_;
    my ($out, $err, $status) = $ship->run(@arguments);
    is($status >> 8, 0, "$arguments[0]: exit status 0") or diag $err;
    return $out;
}

# A trap with these messages, shipped: what smtptrap mail prints of each, id => bytes.
sub ship_messages {
    my ($sensor, @data) = @_;
    my $trap = Trap->new(tls => 0, conf => {sensor => $sensor, log => {store => 'unique'}});
    my $c = $trap->client;
    $c->cmd('EHLO mail.test');
    $c->send_message(data => $_) for @data;
    $c->quit;
    $trap->done;
    run(shipper($sensor, logs => $trap->logs), '--once');
    my $folder = tempdir(CLEANUP => 1);
    Trap::Process::run("$Trap::BUILD/smtptrap", '-d', $trap->logs, 'mail', '--eml', $folder);
    return map { m{([^/]+)\.eml$} ? ($1 => slurp($_)) : () } glob "$folder/*.eml";
}

# All that is in a folder: name below it => bytes.
sub files {
    my ($folder) = @_;
    my @found = split /\0/, (Trap::Process::run('find', $folder, '-mindepth', 1, '!', '-type', 'd', '-print0'))[0];
    return map { substr($_, 1 + length $folder) => slurp($_) } grep { !m{/mx\d/\.fetched$} } @found;
}

sub below { my ($sensor, %bytes) = @_; return map { ("$sensor/$_.eml" => $bytes{$_}) } keys %bytes }

sub same_files {
    my ($folder, $expected, $title) = @_;
    my %got = files($folder);
    is_deeply([sort keys %got], [sort keys %$expected], "$title: these files, and no others");
    is(scalar(grep { ($got{$_} // '') ne $expected->{$_} } keys %$expected), 0, "$title: byte for byte");
}

sub folder { my $folder = "$work/$_[0]"; mkdir $folder; return $folder }

# ---- what sensors have shipped ----

my $line = 'x' x 998 . "\r\n";
my $big = "Subject: big\r\n\r\n.\r\n" . $line x 400;
my $fleet = shipper('fleet');
run($fleet, '--setup', 'mx1', 'mx2');
my %mx1 = ship_messages('mx1', "Subject: a\r\n\r\nhello\r\n", $big, '', $big, map { "Subject: $_\r\n\r\n" . $line x (20 * $_) } 1 .. 12);
my %mx2 = ship_messages('mx2', "Subject: b\r\n\r\n\0bytes \xff\r\n");
my %all = (below('mx1', %mx1), below('mx2', %mx2));

my $to = folder('a');
is(run($fleet, '--fetch-mail', $to), "17 messages fetched, 0 that were there already, 0 left out\n", 'all is fetched, and counted');
same_files($to, \%all, 'what is fetched is what smtptrap mail prints, a folder a sensor');
is((stat((glob "$to/mx1/*.eml")[0]))[2] & 0777, 0640, 'not for everybody');
is(run($fleet, '--fetch-mail', $to), "0 messages fetched, 0 that were there already, 0 left out\n", 'then there is nothing more');
unlink "$to/mx1/.fetched";
is(run($fleet, '--fetch-mail', $to), "0 messages fetched, 16 that were there already, 0 left out\n",
    'where the place is lost, all is there already');
my $one = folder('one');
is(run($fleet, '--fetch-mail', $one, 'mx2'), "1 messages fetched, 0 that were there already, 0 left out\n",
    'of a sensor that is named only its own');
same_files($one, {below('mx2', %mx2)}, 'of that sensor');

# ---- interrupted ----

# One that has all before it can be killed proves nothing: then another folder is filled.
my ($cut, $kills, $tries, $torn) = (folder('cut'), 0, 0, 0);
while ($kills < 3 && $tries++ < 30) {
    my $before = () = glob "$cut/mx1/*.eml";
    $fleet->start('--fetch-mail', $cut);
    wait_for(PATIENCE, sub { $fleet->gone || $before < (() = glob "$cut/mx1/*.eml") }) or die 'nothing is fetched';
    if ($fleet->gone) {
        $cut = folder("cut$tries");
        next;
    }
    $fleet->kill;
    $kills++;
    my %got = files($cut);
    $torn += grep { /\.eml$/ && $got{$_} ne $all{$_} } keys %got;
}
is($kills, 3, 'it is killed three times');
is($torn, 0, 'after kill -9 no file is half-written');
run($fleet, '--fetch-mail', $cut);
same_files($cut, \%all, 'the next one goes on');

my $full = folder('full');
my ($out, $err, $status) = Trap::Process::run('prlimit', '--fsize=' . 200 * 1024, "$Trap::BUILD/smtptrap-ship", '-f', $fleet->conf_file,
    '--fetch-mail', $full, 'mx1');
is($status >> 8, 1, 'where a file cannot grow it gives up');
like($err, qr{\Q$full\E: File too large}, 'and says why');
my %got = files($full);
is(scalar(grep { $got{$_} ne ($all{$_} // 'none') } keys %got), 0, 'without a file that is not whole');
run($fleet, '--fetch-mail', $full, 'mx1');
same_files($full, {below('mx1', %mx1)}, 'once there is room, all is fetched');

# ---- what others can put there ----

my $count = 0;
sub id { return sprintf '0198c300-0000-7000-8000-%012x', ++$count }

# Put an object as any client could: options override what its description says; chunks, data, text (of the
# description), subject.  Its name.
sub put {
    my ($bucket, %o) = @_;
    my $name = exists $o{name} ? $o{name} : id();
    my $nuid = $o{nuid} // 'N' . ++$count;
    my $data = $o{data} // "Subject: put\r\n\r\n$nuid\r\n";
    my @chunks = @{$o{chunks} // [unpack '(a' . CHUNK . ')*', $data]};
    $nats->publish("\$O.$bucket.C." . ($o{chunk_nuid} // $nuid), $_)->{error} and die 'a chunk is refused' for @chunks;
    my %meta = (name => $name, bucket => $bucket, nuid => $nuid, size => length $data, chunks => scalar @chunks,
        digest => 'SHA-256=' . encode_base64url(sha256($data)) . '=', %{$o{meta} // {}});
    my $text = $o{text} // JSON::PP->new->canonical->encode(\%meta);
    my $subject = $o{subject} // "\$O.$bucket.M." . do { my $s = encode_base64url($name); $s . '=' x (-length($s) % 4) };
    my $answer = $nats->publish($subject, $text, 'Nats-Rollup' => 'sub');
    die "it is refused: " . encode_json($answer) if $answer->{error};
    return $name;
}

my $name = qr/its name is not the identifier of a message, or not that of its subject/;
my $json = qr/its description is no object of JSON/;
my $sizes = qr/its number of chunks does not go with its size/;
my $fields = qr/its size, chunks or NUID are none/;
my @hostile = (
    ['a path for a name', $name, name => '../../../../../../../../tmp/mail_fetch'],
    ['a path as long as an identifier', $name, name => '../' x 12],
    ['a NUL in the name', $name, name => "0198c300-0000-7000-8000-00000000000\0"],
    ['control bytes in the name', $name, name => "\e[2J\r\n" x 6],
    ['a name of nothing', $name, name => '', subject => '$O.mail-mx1.M.x'],
    ['a long name', $name, name => 'x' x 2500],
    ['the subject of another name', $name, subject => '$O.mail-mx1.M.' . encode_base64url(id())],
    ['a name in capitals', $name, name => '0198C300-0000-7000-8000-00000000ABCD'],
    ['control bytes in the subject', $name, subject => "\$O.mail-mx1.M.\e[2J"],
    ['10 MB of description', qr/its description is too long/, meta => {description => 'x' x (10 * MIB)}],
    ['a deep description', $json, text => '{"a":' x 12000],
    ['a deep list', $json, text => '{"a":' . '[' x 60000],
    ['no JSON', $json, text => 'hello'],
    ['nothing', $json, text => ''],
    ['a list', $json, text => '["name"]'],
    ['two objects', $json, text => '{}{}'],
    ['an empty object', $name, text => '{}'],
    ['no UTF-8', $json, text => "{\"name\":\"\xff\xfe\"}"],
    ['another bucket', qr/it says that it is in another bucket/, meta => {bucket => 'mail-mx2'}],
    ['a wrong digest', qr/its bytes do not have its SHA-256/, meta => {digest => 'SHA-256=' . 'A' x 43 . '='}],
    ['no digest', qr/it has no SHA-256/, meta => {digest => undef}],
    ['a digest of another kind', qr/it has no SHA-256/, meta => {digest => 'MD5=' . 'A' x 43 . '='}],
    ['a short digest', qr/it has no SHA-256/, meta => {digest => 'SHA-256=AAAA'}],
    ['missing chunks', qr/chunks of it are missing/, data => 'x' x (3 * CHUNK), chunks => [('x' x CHUNK) x 2], meta => {chunks => 3}],
    ['no chunks at all', qr/chunks of it are missing/, chunks => [], meta => {chunks => 1}],
    ['chunks under a wildcard', $fields, nuid => '>', chunk_nuid => 'wild'],
    ['a NUID that is long', $fields, nuid => 'x' x 33],
    ['a NUID with a quote', $fields, nuid => 'x","seq":1,"a":"', chunk_nuid => 'quote'],
    ['a chunk too long', qr/its chunks are not of its size/, data => 'x' x 100, chunks => ['x' x 101]],
    ['a chunk of nothing', qr/its chunks are not of its size/, data => 'xx', chunks => ['']],
    ['fewer bytes than it says', qr/its chunks are not of its size/, data => 'x' x 100, chunks => ['x' x 99]],
    ['a chunk of 10 MB', qr/its chunks are not of its size/, data => 'x' x 100, chunks => ['x' x (10 * MIB)]],
    ['more than the limit', qr/it is larger than size/, data => 'x' x (LIMIT + 1)],
    ['a size past all numbers', $fields, meta => {size => '99999999999999999999'}],
    ['a negative size', $fields, meta => {size => -1}],
    ['chunks without end', $sizes, data => 'x' x 100, chunks => ['x'], meta => {chunks => 4294967295}],
    ['no chunks for bytes', $sizes, data => 'x', chunks => []],
    ['a link to another bucket', qr/it is a link to no message of the bucket/, meta => {options => {link => {bucket => 'mail-mx2', name => (keys %mx2)[0]}}}],
    ['a link to a path', qr/it is a link to no message of the bucket/, meta => {options => {link => {bucket => 'mail-mx1', name => '../x'}}}],
    ['a link to a bucket', qr/it is a link to no message of the bucket/, meta => {options => {link => {bucket => 'mail-mx1'}}}],
    ['a link to nothing', qr/the message that has its bytes is not there/, meta => {options => {link => {bucket => 'mail-mx1', name => id()}}}],
);
my $self = id();
push @hostile, ['a link to itself', qr/the message that has its bytes is not there/, name => $self,
    meta => {options => {link => {bucket => 'mail-mx1', name => $self}}}];
put('mail-mx1', @$_[2 .. $#$_]) for @hostile;

# And what is right beside it.
my %more;
$more{put('mail-mx1', data => 'x' x LIMIT)} = 'x' x LIMIT;
$more{put('mail-mx1', data => 'y' x 9000, chunks => ['y' x 8999, 'y'])} = 'y' x 9000;
my $first = (sort keys %mx1)[0];
put('mail-mx1', name => $first, data => 'replaced');
put('mail-mx1', meta => {deleted => JSON::PP::true});
put('mail-mx2', name => $first, data => 'mx2 takes a name');
$nats->publish('smtptrap.mx1.session', 'x' x (17 * MIB));
($out, $err, $status) = $fleet->run('--fetch-mail', $to);
is($status >> 8, 1, 'that something is left out, the exit status tells');
is($out, "3 messages fetched, 1 that were there already, " . @hostile . " left out\n", 'what is right is fetched, the rest counted');
my @said = $err =~ /^.*object at message \d+ of stream OBJ_mail-mx1: left out: (.*)$/mg;
is(scalar @said, scalar @hostile, 'each is named');
like($said[$_] // 'nothing', qr/^$hostile[$_][1]$/, "left out: $hostile[$_][0]") for 0 .. $#hostile;
unlike($err, qr/[^\x20-\x7e\n]/, 'what it says has no control bytes');
%all = (%all, below('mx1', %more), below('mx2', $first => 'mx2 takes a name'));
same_files($to, \%all, 'nothing else is there, and what was there is as it was');
ok(!-e '/tmp/mail_fetch.eml', 'nor outside of it');
is(run($fleet, '--fetch-mail', $to), "0 messages fetched, 0 that were there already, 0 left out\n", 'they do not come again');

my $records = folder('records');
($out, $err, $status) = $fleet->run('--fetch', $records);
like($out, qr/ 1 left out$/, '--fetch does not wait in vain for a record that is longer than all it asks for, but leaves it out');

# A copy whose first is not in the folder.
my ($copy) = grep { $mx1{$_} eq $big } sort keys %mx1;
my $copies = folder('copies');
run($fleet, '--fetch-mail', $copies, 'mx2');
my @big = grep { $mx1{$_} eq $big } sort keys %mx1;
is(scalar @big, 2, 'of a message that came twice');
mkdir "$copies/mx1";
symlink "$work/elsewhere", "$copies/mx1/$big[0].eml";
($out, $err, $status) = $fleet->run('--fetch-mail', $copies, 'mx1');
ok(-l "$copies/mx1/$big[0].eml" && !-e "$work/elsewhere", 'a link that lies there is neither followed nor replaced');

# ---- following ----

my $follow = folder('follow');
$fleet->start('--fetch-mail', $follow, '--follow');
ok(wait_for(PATIENCE, sub { -s "$follow/mx2/$first.eml" }), 'one that follows fetches what is there');
($out, $err, $status) = $fleet->run('--fetch-mail', $follow);
like($err, qr{\Q$follow\E: another process fetches into it}, 'two may not fetch into the same directory');
is($status >> 8, 1, 'which fails');
$nats->kill('TERM', 1);
$fleet->wait_said(qr/; trying again/);
$nats->start;
$nats->wait_ready;
run($fleet, '--setup', 'mx3');
my $new = put('mail-mx3', data => 'new');
ok(wait_for(PATIENCE, sub { slurp_or_empty("$follow/mx3/$new.eml") eq 'new' }), 'then what comes, of a new sensor too, after the servers were away')
    or diag $fleet->log_text;
is($fleet->stop, 0, 'at SIGTERM it leaves with 0') if !grep { /left out/ } $fleet->log_text;
$fleet->stop;

# ---- called wrongly ----

for my $wrong ([], [$to, 'a.b'], [$to, '../mx1'], [$to, '--consumer', 'a'], [$to, '-x']) {
    is(($fleet->run('--fetch-mail', @$wrong))[2] >> 8, 2, "refused: --fetch-mail @$wrong");
}
is(($fleet->run('--fetch-mail', "$work/none"))[2] >> 8, 1, 'a directory that is not there is an error');
is((Trap::Shipper->new(nats => $nats)->run('--fetch-mail', $to))[2] >> 8, 2, 'so is a configuration without a bucket');
done_testing;
