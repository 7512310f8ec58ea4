#!/usr/bin/perl
# unique.t: store unique and unique-body: the bytes of copies are stored once, every record leads to
# the bytes of its message, and nothing that was acknowledged is lost.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Copy qw(copy);
use IO::Compress::Gzip qw(gzip);
use JSON::PP qw(decode_json);
use List::Util qw(sum0);
use MIME::Base64 qw(decode_base64);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use Trap qw(wait_for wait_for_new_workers);
use Trap::File qw(slurp_or_empty spew);
use Trap::Process;

my @COPY = qw(copy_of copy_file copy_offset copy_member copy_member_skip copy_from);

# Send them over one connection; returns their ids, '' for those that were refused.
sub give {
    my ($trap, @data) = @_;
    my $c = $trap->client;
    $c->cmd('EHLO copies.test');
    my @ids = map { $c->send_message(data => $_)->text =~ /Queued as (\S+)/ ? $1 : '' } @data;
    $c->quit;
    return @ids;
}

# The records of all messages by id.
sub by_id { my ($trap) = @_; return map { $_->{id} => $_ } $trap->records('message') }

# What it is a copy of, each as its number, '-' for none.
sub firsts {
    my ($trap, @ids) = @_;
    my %m = by_id($trap);
    my %number = map { $ids[$_] => $_ } 0 .. $#ids;
    return join ' ', map { my $of = $m{$_}{copy_of}; defined $of ? $number{$of} // '?' : '-' } @ids;
}

# Bytes of messages that stand in the mail stream.
sub stored { my ($trap) = @_; return sum0(map { $_->{size} } $trap->mails) }

# smtptrap mail gives each message (id => bytes or digest) byte for byte, and verify finds nothing.
sub all_there {
    my ($trap, $title, %sent) = @_;
    my %digest = map { $_ => $sent{$_} =~ /^[0-9a-f]{64}\z/ ? $sent{$_} : sha256_hex($sent{$_}) } keys %sent;
    my ($got, $err) = $trap->mail_digests;
    is_deeply($got, \%digest, "$title: smtptrap mail gives all messages, byte for byte");
    is($err, '', "$title: and complains of nothing");
    (my $out, $err, my $status) = $trap->smtptrap('verify');
    is($status, 0, "$title: smtptrap verify finds nothing wrong") or diag $out, $err;
    return $out;
}

my $big = join '', "Subject: big\r\n\r\n", map { "line $_\r\nFrom here\r\n" } 1 .. 20000;
my $small = "Subject: small\r\n\r\nFrom here on\r\n>From there\r\nthe end\r\n";

# ---- unique ----
{
    my $trap = Trap->new(conf => {log => {store => 'unique'}});
    my @data = ($small, $small, $small =~ s/end/ene/r, $small =~ s/small/smale/r, $small, '', '',
        $big, $big, $big =~ s/line 19999/line 19998/r, $big, $small);
    my @ids = give($trap, @data);
    is(firsts($trap, @ids), '- 0 - - 0 - - - 7 - 7 0', 'unique: what is equal in every byte is a copy of the first');
    my %m = by_id($trap);
    is_deeply([map { $_->{size} } @m{@ids}], [map { length } @data], 'unique: size is that of the message');
    is_deeply([map { $_->{sha256} } @m{@ids}], [map { sha256_hex($_) } @data], 'unique: and so is sha256');
    is_deeply([map { $_->{unique_from} // '-' } @m{@ids}], [qw(0 - 0 0 - - - 0 - 0 - -)],
        'unique: those that copies will refer to say so');
    is_deeply([map { $_->{copy_from} // '-' } @m{@ids}], [qw(- 0 - - 0 - - - 0 - 0 0)], 'unique: copies share all bytes');
    my ($first, $copy) = @m{@ids[7, 8]};
    is_deeply([@$copy{@COPY[1 .. 4]}], [@$first{qw(mail_file mail_offset mail_member mail_member_skip)}],
        'unique: and say where they are');
    is(join(' ', grep { exists $m{$ids[0]}{$_} } @COPY), '', 'unique: a first one has none of these fields');
    is(stored($trap), sum0(map { length $data[$_] } 0, 2, 3, 5, 6, 7, 9), 'unique: their bytes are stored once');
    my ($mail) = grep { $_->{id} eq $ids[8] } $trap->mails;
    like($mail->{trace}, qr/^X-Trap-Copy-Of: $ids[7]\r\nX-Trap-Size: 0\r\n\z/m, 'unique: the trace header of a copy names the first');
    my $out = all_there($trap, 'unique', map { $ids[$_] => $data[$_] } 0 .. $#ids);
    like($out, qr/ 12 of them stored \(\d+ bytes\), 5 copies$/m, 'unique: it counts the copies');
    my ($mbox, $err, $status) = $trap->smtptrap(qw(mail --mbox --trace), $ids[8], $ids[7]);
    my ($one, $two) = Trap::Log::parse_mail($mbox);
    ok($one->{data} eq $big && $one->{id} eq $ids[8] && $one->{size} == length $big && $two->{data} eq $big,
        'unique: a mailbox with trace headers has the copy whole, under its own');
    unlike($one->{trace}, qr/Copy-Of/, 'unique: as if it were none');
    like($one->{trace}, qr/^Received: from copies\.test/m, 'unique: and says who sent it');
    ok(wait_for(60, sub { $trap->table->{copies} == 5 }), 'unique: smtptrap status counts them');
    my $table = $trap->table;
    is_deeply([@$table{qw(copies_bytes store_index store_index_max)}],
        [2 * length($small) + 2 * length($big) + length $small, 5, 1000000], 'unique: and what was saved, and what is known');
    my ($xarf) = $trap->smtptrap(qw(export --as xarf --no-redact --evidence-max 1m --reporter-org x
        --reporter-contact a@b.example --where), "id = $ids[8]");
    my $evidence = decode_base64((decode_json($xarf))->{evidence}[0]{payload});
    is($evidence, $one->{trace} . $big, 'unique: the evidence of an exported copy is all of it');
    my ($report) = $trap->smtptrap(qw(report --format json tls));
    like($report, qr/"unit":"accepted messages"[^\n]*\n\{"kind":"value","value":"in clear","count":12,"of":12,/,
        'unique: to reports every copy is a message');
    $trap->done;
}

# ---- records that are wrong about copies ----
{
    my $trap = Trap->new(conf => {log => {store => 'unique'}});
    my @ids = give($trap, ($small) x 3);
    $trap->done;
    my ($file) = $trap->log->files('message');
    my $good = $trap->log->content($file);
    my $folder = File::Temp::tempdir(CLEANUP => 1);
    copy($trap->logs . "/$_", $folder) or die "copy: $!" for $trap->log->files('mail');
    my $complains = sub {
        my ($wrong, $change) = @_;
        my @lines = split /^/, $good;
        $change->() for $lines[1];
        my $text = join '', @lines;
        gzip(\$text => "$folder/$file") or die "gzip: $!";
        my ($out) = Trap::Process::run("$Trap::BUILD/smtptrap", '-d', $folder, 'verify');
        like($out, qr/^\S+: line 2: record $ids[1]: \Q$wrong\E$/m, "verify finds: $wrong");
        my ($bytes, $err, $status) = Trap::Process::run("$Trap::BUILD/smtptrap", '-d', $folder, 'mail', $ids[1]);
        isnt($status, 0, "and mail complains too");
    };
    $complains->('its sha256 is not that of the raw message', sub { s/"sha256":"..../"sha256":"0000/ });
    $complains->('its size is not that of the raw message', sub { s/"size":\d+/"size":1/ });
    $complains->("it is a copy of $ids[0]; of that one, its mail_member does not lead to its mail_offset",
        sub { s/"copy_offset":0/"copy_offset":1/ });
    $complains->("it is a copy of $ids[2]; of that one, another message is where it should be",
        sub { s/"copy_of":"$ids[0]"/"copy_of":"$ids[2]"/ });
    $complains->("it is a copy of $ids[0]; of that one, there is less than its copy_from says",
        sub { s/"copy_from":0/"copy_from":1000/ });
    $complains->('its size is not that of the raw message', sub { s/"copy_from":0/"copy_from":1/ });
    $complains->('its copy_* fields are not all there', sub { s/"copy_member_skip":0,// });
    $complains->('its copy_file is no mail file', sub { s/"copy_file":"mail/"copy_file":"snail/ });
    $complains->("it is a copy of $ids[0]; of that one, its mail file is not there",
        sub { s/("copy_file":"mail-\w+-)000001/${1}000009/ });
    # The first copy is whole; what the second says is compared with what was read for that.
    my ($second) = $good =~ /\A(?:.*\n){2}(.*)/;
    for my $field (qw(sha256 size copy_of)) {
        my $bad = $second =~ s/"$field":"?\K\w{2}/10/r;
        my $text = $good =~ s/\Q$second\E/$bad/r;
        gzip(\$text => "$folder/$file") or die "gzip: $!";
        my ($out) = Trap::Process::run("$Trap::BUILD/smtptrap", '-d', $folder, 'verify');
        like($out, qr/^\S+: line 3: record $ids[2]: .*(?:copy of|copy)/m, "verify compares $field of a second copy");
    }
}

# ---- unique-body ----
{
    my $trap = Trap->new(conf => {log => {store => 'unique-body'}});
    my @data = ("A: 1\r\n\r\nbody\r\n", "B: 22\r\n\r\nbody\r\n", "A: 1\r\n\r\nbody\r\n", "A: 1\r\n\r\nbodz\r\n", "\nbody\r\n",
        "C: 3\r\n\r\n", "D: 4\r\n\r\n", "no empty line\r\n", '', $big, $big =~ s/big/other/r);
    my @ids = give($trap, @data);
    is(firsts($trap, @ids), '- 0 0 - 0 - - - - - 9', 'unique-body: what has the same body is a copy');
    my %m = by_id($trap);
    is_deeply([map { $_->{copy_from} // '-' } @m{@ids}], [qw(- 8 8 - 8 - - - - - 16)],
        'unique-body: copy_from passes over the header of the first');
    is(stored($trap), sum0(map { length } @data) - 3 * length("body\r\n") - length($big) + 16,
        'unique-body: bodies are stored once, headers each');
    my ($mail) = grep { $_->{id} eq $ids[1] } $trap->mails;
    is($mail->{data}, "B: 22\r\n\r\n", 'unique-body: a copy has its own header in the mailbox');
    all_there($trap, 'unique-body', map { $ids[$_] => $data[$_] } 0 .. $#ids);
    $trap->done;
}

# ---- BDAT, and what rules decide ----
{
    my $trap = Trap->new(conf => {log => {store => 'unique'}}, start => 0);
    $trap->write_conf($trap->conf_text . <<'END');
rules {
	discard to "gone@trap.test"
	reject after keeping to "refused@trap.test" with message "no"
	accept to "label@trap.test" with keep "special"
}
END
    $trap->start;
    my $c = $trap->client;
    $c->cmd('EHLO x');
    my @ids;
    my $to = sub {
        my ($who, $data) = @_;
        $c->send_message(to => [$who], data => $data);
        push @ids, ($trap->records('message'))[-1]{id};
    };
    $to->('gone@trap.test', "kept\r\n");
    $to->('refused@trap.test', "kept\r\n");
    $to->('b@trap.test', "kept\r\n");
    $to->('label@trap.test', "kept\r\n");
    $to->('gone@trap.test', "kept\r\n");
    $c->cmd('MAIL FROM:<a@x.test>');
    $c->cmd('RCPT TO:<b@trap.test>');
    $c->send("BDAT 3\r\nkep");
    $c->reply;
    $c->send("BDAT 3 LAST\r\nt\r\n");
    is($c->reply, 250, 'BDAT: a message in chunks is accepted');
    push @ids, ($trap->records('message'))[-1]{id};
    $c->quit;
    is(firsts($trap, @ids), '- - 1 1 - 1', 'a message that is kept and refused is a first, one that is discarded is neither first nor copy');
    my %m = by_id($trap);
    is($m{$ids[3]}{keep}, 'special', 'a copy has its own label');
    ok($m{$ids[5]}{chunked}, 'a message in chunks is a copy of one without');
    is(stored($trap), 6, 'and one is stored');
    all_there($trap, 'rules and BDAT', map { $_ => "kept\r\n" } @ids[1, 2, 3, 5]);
    $trap->done;
}

# ---- many at once ----
{
    my $trap = Trap->new(conf => {log => {store => 'unique'}, limits => {messages => 1000}, workers => {'spare-min' => 8}});
    my (@pids, %sent);
    my @data = map { "Subject: $_\r\n\r\n" . "$_ is what it says\r\n" x ($_ == 3 ? 10000 : 100) } 1 .. 4;
    for my $n (1 .. 10) {
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            my @ids = give($trap, map { $data[$_ % 10 ? $_ % 3 : 3] } 1 .. 100);
            eval { spew($trap->dir . "/sent-$n", join "\n", @ids) };
            POSIX::_exit(0);
        }
        push @pids, $pid;
    }
    waitpid $_, 0 for @pids;
    for my $n (1 .. 10) {
        my @ids = split /\n/, slurp_or_empty($trap->dir . "/sent-$n");
        $sent{$ids[$_ - 1]} = sha256_hex($data[$_ % 10 ? $_ % 3 : 3]) for 1 .. @ids;
    }
    is(scalar keys %sent, 1000, 'at once: 1,000 messages are accepted');
    my @m = $trap->records('message');
    is(scalar @m, 1000, 'at once: and have records');
    is(stored($trap), sum0(map { length } @data), 'at once: their bytes are stored once');
    is(scalar(grep { exists $_->{copy_of} } @m), 996, 'at once: all but the first of each are copies');
    is(join(' ', grep { ($sent{$_->{id}} // '') ne $_->{sha256} } @m), '', 'at once: each record has the digest of its message');
    all_there($trap, 'at once', %sent);
    $trap->done;
}

# ---- the bound, and what is known after a restart ----
{
    my $trap = Trap->new(conf => {log => {store => 'unique', 'store-index' => 3}});
    my @data = map { "message $_\r\n" } 0 .. 4;
    my @ids = give($trap, @data[0 .. 3], $data[1], $data[0]);
    is(firsts($trap, @ids), '- - - - 1 -', 'bound: what is too long ago is stored anew');
    is($trap->stop, 0, 'bound: the trap leaves');
    $trap->start;
    push @ids, give($trap, @data[0, 3, 2]);
    is(firsts($trap, @ids), '- - - - 1 - 5 3 2', 'restart: the newest are known again');
    ok(wait_for(60, sub { $trap->table->{store_index} == 3 }), 'restart: as many as the bound allows');
    $trap->kill_hard;
    $trap->expect(qr/ logger: log file \S+: repaired after a crash: /);
    $trap->start;
    push @ids, give($trap, @data[0, 3, 2, 4]);
    is(firsts($trap, @ids), '- - - - 1 - 5 3 2 5 3 2 -', 'kill -9: so they are');
    all_there($trap, 'bound', map { $ids[$_] => $data[(0 .. 3, 1, 0, 0, 3, 2, 0, 3, 2, 4)[$_]] } 0 .. $#ids);
    $trap->done;
}

# ---- SIGHUP ----
{
    my $trap = Trap->new;
    my $data = "the same\r\n";
    my @ids = give($trap, $data, $data);
    my $set = sub {
        my (%log) = @_;
        $trap->{conf}{log} = {%log};
        $trap->write_conf;
        my $max = ($log{store} // 'all') eq 'all' ? 0 : $log{'store-index'};
        $trap->hup;
        ok(wait_for(60, sub { $trap->table->{store_index_max} == $max }), "SIGHUP: the index has room for $max");
    };
    $set->(store => 'unique', 'store-index' => 10);
    push @ids, give($trap, $data, $data);
    $set->(store => 'unique', 'store-index' => 20);
    push @ids, give($trap, $data);
    $set->(store => 'all');
    push @ids, give($trap, $data);
    $set->(store => 'unique-body', 'store-index' => 5);
    push @ids, give($trap, $data, "A: b\r\n\r\nsame\r\n", "B: b\r\n\r\nsame\r\n");
    is(firsts($trap, @ids), '- - - 2 2 - - - 7', 'SIGHUP: each setting holds from then on, and what is known stays known');
    $trap->expect(qr/ master: reload: \S+ is in force for new sessions$/);
    all_there($trap, 'SIGHUP', map { $ids[$_] => $_ < 7 ? $data : $_ == 7 ? "A: b\r\n\r\nsame\r\n" : "B: b\r\n\r\nsame\r\n" } 0 .. $#ids);
    $trap->done;
}

# ---- durability none ----
{
    my $trap = Trap->new(conf => {log => {store => 'unique', durability => 'none'}});
    $trap->expect(qr/durability none/);
    my @data = map { $_ % 2 ? $small : $big } 0 .. 9;
    my @ids = give($trap, @data);
    $trap->wait_count('message', 10);
    is(firsts($trap, @ids), '- - 0 1 0 1 0 1 0 1', 'durability none: copies are copies');
    all_there($trap, 'durability none', map { $ids[$_] => $data[$_] } 0 .. $#ids);
    $trap->done;
}

# ---- retention ----
{
    my $trap = Trap->new(conf => {log => {store => 'unique'}});
    $trap->expect(qr/ logger: log file \S+-000001\S+: removed by retention \(keep\)$/,
        qr/ master: reload: \S+ is in force for new sessions$/);
    open my $random, '<:raw', '/dev/urandom' or die "/dev/urandom: $!";
    read $random, my $noise, 4000;
    my $data = "the first\r\n" . unpack('H*', $noise) . "\r\n";
    my ($first) = give($trap, $data);
    my $file = {by_id($trap)}->{$first}{mail_file};
    # The copy comes into files that are younger by a second at least.
    my $second = int time;
    $trap->rotate;
    ok(wait_for(60, sub { -e $trap->logs . "/$file" && int(time) > $second }), 'retention: the file with the first is finished');
    my ($copy) = give($trap, $data);
    is({by_id($trap)}->{$copy}{copy_of}, $first, 'retention: a copy refers to it');
    # As much is to be kept as to have just the oldest file of each stream removed.
    $trap->wait_count('session', 2);
    my %size = map { $_ => -s $trap->logs . "/$_" } map { $trap->log->files($_) } qw(session message mail);
    my $keep = sum0(values %size) - $size{$file} / 2;
    $keep -= $size{$_} for grep { /^(?:session|message)-.*-000001\./ } keys %size;
    $trap->{conf}{log}{keep} = int $keep;
    $trap->write_conf;
    $trap->hup;
    ok($trap->wait_log(qr/is in force/), 'retention: other settings are in force');
    $trap->rotate;
    ok(wait_for(60, sub { !-e $trap->logs . "/$file" }), 'retention: it is removed');
    my ($out, $err, $status) = $trap->smtptrap('mail', $copy);
    isnt($status, 0, 'retention: smtptrap mail does not give what is gone');
    like($err, qr/message $copy: it is a copy of $first; of that one, its mail file is not there$/, 'retention: and says why');
    ($out, $err, $status) = $trap->smtptrap('verify');
    is($status, 0, 'retention: to smtptrap verify that is no error');
    like($out, qr/^info: .*message $copy is a copy of $first, which was removed with old files$/m, 'retention: it names the copy');
    like($out, qr/^ok: .*, 1 copies of messages removed with old files/m, 'retention: and counts it');
    $trap->{conf}{log}{keep} = '1g';
    $trap->write_conf;
    $trap->hup;
    ok($trap->wait_log(qr/(?:is in force[^\0]*){2}/), 'retention: all is kept again');
    my ($young, $again) = give($trap, $data, $data);
    my %m = by_id($trap);
    ok(!exists $m{$young}{copy_of}, 'retention: the next copy is stored anew');
    is($m{$again}{copy_of}, $young, 'retention: and known');
    $trap->done;
}
done_testing;
