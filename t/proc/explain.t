#!/usr/bin/perl
# smtptrap explain: what it says of sessions; smtptrapd -n: what it says of rules; both on files
# on disk.
use strict;
use warnings;
use File::Temp qw(tempdir);
use POSIX ();
use Test::More;
use Trap::File qw(spew);
use Trap::Process;

my $build = $ENV{TRAP_BUILD} // '.';
my $source = $ENV{TRAP_SOURCE} // '.';
my $dir = tempdir(CLEANUP => 1);
my $rules = "$dir/rules";

sub put { return spew("$dir/$_[0]", $_[1]) }

# Returns what the program wrote to both, $dir taken out, and its status.
sub run {
    my ($out, $err, $status) = Trap::Process::run(@_);
    die "$_[0] died of signal " . ($status & 127) if $status & 127;
    return map({ s/\Q$dir\E\///gr } $out, $err), $status >> 8;
}

sub ask { return run("$build/smtptrap", 'explain', '--rules', $rules, @_) }

# Only the verdicts: "@helo reject rules:1".
sub verdicts {
    my ($out, $err, $status) = ask(@_);
    is($err, '', "nothing is complained of: @_");
    is($status, 0, 'it succeeds');
    my @verdicts;
    for (split /\n/, $out) {
        push @verdicts, $_ if /^\@/;
        $verdicts[-1] .= " $1" if /^    => no (rule)/ || /^    => (.*)/;
    }
    return join '; ', @verdicts;
}

# ---- what it says ----

put(rules => <<'END');
# ours
reject helo-has none
@mail set from @b with tag b message "one
    two"
reject from a@ ip 192.0.2.0/24 tls < 1.2; to x@y with code 554 5.7.1
stall dnsbl zen.example.org or dbl from dbl.example.org with drop
END

my ($out, $err, $status) = ask(qw(--client 192.0.2.1 --helo x --from a@b --to c@d --tls 1.0));
is($err, '', 'explain has nothing to complain of');
is($status, 0, 'it succeeds');
is($out, <<'END', 'it says for each phase which rule decides and why');
@connect
    => no rule decides
@helo
    => no rule decides
@mail
    rules:3: set, holds
      from @b: yes
         message "one" and more lines
         tag b
    => no rule decides
@rcpt c@d
    rules:5: reject, holds
      from a@: yes
      ip 192.0.2.0/24: yes
      tls < 1.2: yes
    => reject by rules:5
END

($out) = ask(qw(--verbose --client 192.0.2.1 --ehlo x --from z@q));
like($out, qr/^    rules:6: stall, is not known to hold\n      dnsbl zen.example.org: unknown\n/m,
    'with --verbose it says why others do not match');
is(verdicts('--ehlo', ''), '@connect rule; @helo reject by rules:2', 'the session ends where it is refused');
is(verdicts(qw(--ehlo x --from z@q --dnsbl zen.example.org=127.0.0.2)),
    '@connect rule; @helo rule; @mail stall by rules:6, without a reply', 'a list can list the client');
is(verdicts(qw(--ehlo x --from z@q --dbl from:dbl.example.org)),
    '@connect rule; @helo rule; @mail stall by rules:6, without a reply', 'and a name');
is(verdicts(qw(--ehlo x --from z@q --dns-none --to x@y --to q@r)),
    '@connect rule; @helo rule; @mail rule; @rcpt x@y reject by rules:5; @rcpt q@r rule; '
    . '@data rule; @message rule', 'recipients are refused one by one');

# ---- every option ----

my @facts = (
    ['local 192.0.2.5', '--local', '192.0.2.5'],
    ['local port 465', '--port', '465'],
    ['local listener mx', '--listener', 'mx'],
    ['helo-has helo', '--helo', 'x'],
    ['host .example.org', '--rdns', 'a.example.org'],
    ['dns noforward', '--rdns-noforward', 'x'],
    ['dns inconsistent', '--rdns-inconsistent', 'x'],
    ['dns nodns', '--dns-none'],
    ['tls 1.3', '--tls', '1.3'],
    ['tls off', '--tls', 'off'],
    (map { ["$_ a*c", "--$_", 'abc'] } qw(cipher ja3 ja4 sni arm dialect)),
    ['from-has baddom', '--from-domain', 'baddom'],
    ['to-has resolves', '--to-domain', 'resolves'],
    ['size > 1k', '--size', '1025'],
    ['time 10:00-11:00', '--time', '10:30'],
    ['random 10%', '--random', '9.9'],
    ['rate 5 per 1h', '--rate', '6'],
    ['header Subject "^hi"', '--message', "$dir/message"],
    ['body "^ho"', '--message', "$dir/message"],
    ['size 12', '--message', "$dir/message"],
);
put(message => "Subject: Hi\r\n\r\nHo\r\n");
for (@facts) {
    my ($condition, @options) = @$_;
    $condition = 'size = 19' if $condition eq 'size 12';
    put(rules => "reject $condition\n");
    my @session = (qw(--from a@b.c --to c@d.e), $condition =~ /^helo/ ? () : qw(--ehlo x));
    like(verdicts(@session, @options), qr/reject by rules:1$/, "$condition: @options");
}
put(rules => "reject not random 10%\n");
is(verdicts('--random', '9.9'), '@connect rule', 'a number among 10% is among them');
is(verdicts(), '@connect rule', 'without a number it is unknown');

# ---- many messages ----

put(rules => "\@message reject header Subject \"^buy\"; size > 30 with note long\n\@data set all with tag t\n");
put(m1 => "Subject: Hi\r\n\r\nHo\r\n");
put(m2 => "Subject: Buy\r\n\r\nx\r\n");
put(m3 => "Subject: Hi\r\n\r\n" . 'Ho' x 10 . "\r\n");
my @envelope = qw(--ehlo x --from a@b.c --to c@d.e);
is(verdicts(@envelope, map { "$dir/$_" } qw(m1 m2 m3)) =~ s{\Q$dir/\E}{}gr,
    '@connect rule; @helo rule; @mail rule; @rcpt c@d.e rule; @data rule; @message m1 rule; @message m2 reject by '
    . 'rules:1; @message m3 reject by rules:1', 'each message is looked at for itself');
is(verdicts(@envelope, '--message', "$dir/m2", "$dir/m1") =~ s{\Q$dir/\E}{}gr =~ s/.*\@data rule; //r,
    '@message reject by rules:1; @message m1 rule', 'that of --message first');
POSIX::mkfifo("$dir/fifo", 0600) or die "mkfifo: $!";
($out, $err, $status) = ask(@envelope, map { "$dir/$_" } qw(fifo none m2), '');
like($out, qr/\@message m2\n.*reject by/s, 'what can be read is looked at');
like($err, qr/'fifo' is not a file.*'none' is not a file.*'' is not a file/s, 'what cannot, a FIFO included, is told');
is($status, 1, 'and the status tells it');
($out, $err, $status) = ask('--ehlo', 'x', "$dir/m1");
like("$err$status", qr/needs --helo or --ehlo, --from and --to\n2$/, 'messages need an envelope');

# ---- MAIL FROM:<>, recipients ----

put(rules => "\@mail reject from <>\naccept all\n");
is(verdicts('--ehlo', 'x', '--from', '<>', '--to', 'a@b'),
    '@connect accept by rules:2; @helo accept by rules:2; @mail waits for each recipient: MAIL FROM:<> is '
    . 'never refused; @rcpt a@b reject by rules:1', 'the empty sender is refused at RCPT');
put(rules => "\@data reject to b\@\n");
is(verdicts(qw(--ehlo x --from a@b --to a@b --to b@b)),
    '@connect rule; @helo rule; @mail rule; @rcpt a@b rule; @rcpt b@b rule; @data reject by rules:1',
    'at DATA every accepted recipient counts');
put(rules => "reject after keeping all\n");
like(verdicts(qw(--ehlo x --from a@b --to a@b)), qr/\@message reject after keeping by rules:1$/,
    'a message is refused and kept');

# ---- blocks, files, faults ----

put(list => "a\@b\n\@c\n");
put(rules => "rules {\n\treject from ./list\n\tinclude other\n}\n");
put(other => "reject from x\@y\n");
like(verdicts(qw(--ehlo x --from q@c)), qr/reject by rules:2$/, 'a file of patterns is read');
like(verdicts(qw(--ehlo x --from x@y)), qr/reject by other:1$/, 'an included file is told');
put(rules => "rejct all\ninclude rules\nreject from ./missing\n");
($out, $err, $status) = ask();
is($out, '', 'wrong rules explain nothing');
is($err, <<'END', 'all faults are told');
rules:1:1: neither a phase nor an action, near "rejct" (did you mean "reject"?)
rules:2:9: files include each other in a loop, near "rules"
rules:3:13: the file cannot be opened: No such file or directory, near "./missing"
END
is($status, 1, 'the status tells it');
put(rules => "reject dnsbl a.b\n");
for (['--client', 'x'], ['--tls', '1.4'], ['--dnsbl', 'c.d'], ['--time', '25:00'], ['--random', '100'],
    ['--nonsense'], ['more'], ['--size', '-1'], ['--message', "$dir/none"]) {
    (undef, $err, $status) = ask(@$_);
    ok($status == 2 && $err ne '', "refused: @$_");
}
(undef, $err, $status) = run("$build/smtptrap", 'explain');
is($status, 2, 'there must be rules');
(undef, $err, $status) = run("$build/smtptrap", 'explain', '--rules', "$source/etc/rules.conf");
is("$err$status", '0', 'the sample is rules');

# ---- in the configuration ----

my $conf = "listen { address 127.0.0.1 port 2525 }\nhostname h\ndns { server 127.0.0.1 }\n";
put(conf => "$conf\nrules { include rules }\n");
($out, $err, $status) = run("$build/smtptrapd", '-n', '-f', "$dir/conf");
is("$out$err$status", "conf: ok\n0", 'smtptrapd reads rules with its configuration');
like((run("$build/smtptrap", '-f', "$dir/conf", 'explain', '--dnsbl', 'a.b'))[0], qr/reject by rules:1/,
    'explain takes the rules of a configuration');
put(rules => "reject dnsbl a.b\nreject local listener smtp\nreject from a\@b with code 450\naccept all\n");
($out, $err, $status) = run("$build/smtptrapd", '-n', '-f', "$dir/conf");
is("$out$err", <<'END', 'and says all that is wrong with them');
rules:2:23: no listen block has this name, near "smtp"
rules:3:27: reject needs a code that begins with 5, near "450"
smtptrapd: conf: 2 errors
END
is($status, 1, 'the status tells it');
put(rules => "accept all\nreject from a\@b\n");
($out, $err, $status) = run("$build/smtptrapd", '-n', '-f', "$dir/conf");
is("$err$out$status", "rules:2:1: warning: never looked at: a rule before it decides on all, near \"reject\"\n"
    . "conf: ok\n0", 'a warning is no error');
done_testing();
