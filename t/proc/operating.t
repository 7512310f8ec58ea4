#!/usr/bin/perl
# operating.t: doc/OPERATING.md and README.Debian hold: their configurations are right, what they do to
# the unit gives a unit of another trap, alerts ask for metrics that there are, a moved trap goes on.
use strict;
use warnings;
use POSIX ();
use Test::More;
use Trap;
use Trap::Cert;
use Trap::Process;

sub slurp {
    my ($path) = @_;
    open my $f, '<', $path or die "$path: $!\n";
    local $/;
    return <$f>;
}

my $doc = slurp("$Trap::SOURCE/doc/OPERATING.md");
my %block;
$block{"$1 $2"} = $3 while $doc =~ /^```(\w+) (\S+)\n(.*?)^```$/msg;
is(join(', ', sort keys %block), 'conf certificates, conf disk, conf proxy, conf second, sh backup, sh hook, sh move, '
    . 'sh second-unit, yaml alerts', 'the document has the blocks that are tried here');

my $trap = Trap->new(conf => {hostname => 'mx.example.net'});
my $dir = $trap->dir;
my $c = $trap->client;
$c->cmd('EHLO first.test');
$c->send_message(data => "Subject: x\r\n\r\nx\r\n");
$c->quit;
$trap->session_of($c);

sub put {
    my ($file, $text) = @_;
    open my $f, '>', "$dir/$file" or die "$file: $!";
    print $f $text;
    close $f or die "$file: $!";
    return "$dir/$file";
}

sub sh {
    my ($text, $path) = @_;
    local $ENV{PATH} = ($path ? "$path:" : '') . $ENV{PATH};
    my ($out, $err, $status) = Trap::Process::run('sh', '-euc', "cd $dir\n$text");
    return ($status, "$out$err");
}

# ---- configurations ----

my ($ecdsa, $rsa) = Trap::Cert::pairs();
my $tls = $block{'conf certificates'};
$tls =~ s{"/etc/letsencrypt/live/mx-(\w+)/(\w+)\.pem"}{'"' . ($1 eq 'rsa' ? $rsa : $ecdsa)->[$2 eq 'privkey'] . '"'}ge;
my $listen = "listen { address 127.0.0.1 port 25 }\n";
for (
    [proxy => $block{'conf proxy'}],
    [certificates => $listen . $tls],
    [disk => $listen . $block{'conf disk'}],
    [second => $block{'conf second'}],
) {
    my ($name, $text) = @$_;
    my $file = put("$name.conf", $text);
    is_deeply([Trap::Process::run("$Trap::BUILD/smtptrapd", '-n', '-f', $file)], ["$file: ok\n", '', 0], "conf $name is right");
}

# ---- the certificates' hook ----

mkdir "$dir/$_" or die "$_: $!" for qw(bin units);
put('bin/systemctl', "#!/bin/sh\necho systemctl \"\$@\"\n");
put('bin/install', "#!/bin/sh\necho install \"\$@\"\n");
put('bin/smtptrapd', "#!/bin/sh\nexec $Trap::BUILD/smtptrapd \"\$@\" -f \$TRAP_CONF\n");
chmod 0755, glob "$dir/bin/*";
{
    local $ENV{TRAP_CONF} = "$dir/certificates.conf";
    my ($status, $said) = sh($block{'sh hook'}, "$dir/bin");
    like($said, qr/^systemctl try-restart smtptrapd\.service$/m, 'the hook starts the trap anew with good certificates');
    $ENV{TRAP_CONF} = put('broken.conf', $listen . $tls =~ s/\Q$ecdsa->[1]\E/$rsa->[1]/r);
    ($status, $said) = sh($block{'sh hook'}, "$dir/bin");
    unlike($said, qr/systemctl/, 'and not with a key that does not belong to its certificate');
}

# ---- another unit ----

{
    my $unit = put('smtptrapd.service', slurp("$Trap::SOURCE/packaging/systemd/smtptrapd.service.in") =~ s{\@sbindir@}{/usr/sbin}r);
    my $text = $block{'sh second-unit'} =~ s{/lib/systemd/system/}{$dir/}r =~ s{/etc/systemd/system/}{$dir/units/}r;
    my ($status, $said) = sh($text, "$dir/bin");
    is($status, 0, 'the unit of a second trap is made') or diag $said;
    my ($out) = Trap::Process::run('diff', $unit, "$dir/units/smtptrapd-b.service");
    is_deeply([$out =~ /^> (.*)$/mg], ["ExecStart=" . ($out =~ m{^< ExecStart=(\S+)$}m)[0] . ' -f /etc/smtptrap/b.conf',
        'RuntimeDirectory=smtptrap-b', 'ReadWritePaths=/run/smtptrap-b -/var/log/smtptrap-b'], 'and differs where it must');
    my $profile = slurp("$Trap::SOURCE/packaging/apparmor/usr.sbin.smtptrapd");
    for my $line ($doc =~ m{^    (/\S+-b/\S* \w+,)$}mg) {
        my $first = $line =~ s/-b//r;
        like($profile, qr/^  \Q$first\E$/m, "$line is what the profile grants the first trap");
    }
}

# ---- alerts ----

my ($metrics) = $trap->smtptrap('metrics', '--socket', "$dir/run/status.sock");
for my $name (sort keys %{{map { $_ => 1 } $block{'yaml alerts'} =~ /\b(smtptrap_\w+)/g}}) {
    like($metrics, qr/^\Q$name\E(?:\{| )/m, "there is a metric $name");
}
SKIP: {
    skip 'there is no promtool', 1 if !Trap::Process::program('promtool');
    my ($out, $err, $status) = Trap::Process::run('promtool', 'check', 'rules', put('alerts.yml', $block{'yaml alerts'}));
    is($status, 0, 'Prometheus takes the alerts') or diag "$out$err";
}

# ---- backup, and another machine ----

SKIP: {
    skip 'there is no rsync', 8 if !Trap::Process::program('rsync');
    my $logs = $trap->logs;
    mkdir "$dir/backup" or die "$!";
    my $here = sub { $_[0] =~ s{/var/log/smtptrap/}{$logs/}gr =~ s{\S+:/srv/trap/mx1/}{$dir/backup/}r };
    my ($status, $said) = sh($here->($block{'sh backup'}));
    is($status, 0, 'logs are copied while the trap runs') or diag $said;
    is_deeply([glob "$dir/backup/*"], [], 'but not what is being written');
    $trap->done;
    sh($here->($block{'sh backup'}));
    is((Trap::Process::run("$Trap::BUILD/smtptrap", 'verify', "$dir/backup"))[0],
        "ok: 3 files, 1 sessions, 1 messages, 1 of them stored (17 bytes)\n", 'and are whole there');

    my $moved = Trap->new(start => 0);
    my ($uid, $gid) = POSIX::getuid() == 0 ? qw(nobody nogroup) : (POSIX::getuid(), POSIX::getgid());
    my $user = "$uid:$gid";
    my ($line) = $block{'sh move'} =~ /^(.*log.*)$/m;
    ($status, $said) = sh($line =~ s/_smtptraplog:adm/$user/r =~ s{ old\S+:/var/log/smtptrap/}{ $logs/}r
        =~ s{/var/log/smtptrap/$}{$moved->logs . '/'}er);
    is($status, 0, 'the logs are moved') or diag $said;
    $moved->start;
    my $later = $moved->client;
    $later->cmd('EHLO later.test');
    $later->quit;
    is($moved->session_of($later)->{seq}, 2, 'numbers go on there');
    $moved->done;
    like(($moved->smtptrap('verify'))[0], qr/^ok: 4 files, 2 sessions, 1 messages/, 'and all of it is whole');
}

# ---- README.Debian ----

my $readme = slurp("$Trap::SOURCE/packaging/debian/README.Debian");
SKIP: {
    skip 'nft needs root, and a network of its own', 1 if $> != 0 || grep { !Trap::Process::program($_) } qw(nft unshare);
    my $rules = join '', map { "$_\n" } $readme =~ /^\s+(nft .*)$/mg;
    my ($out, $err, $status) = Trap::Process::run('unshare', '-n', 'sh', '-euc', $rules);
    is($status, 0, 'the redirection is set up on a machine without rules') or diag $err;
}
done_testing;
