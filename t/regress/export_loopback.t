#!/usr/bin/perl
# export_loopback.t: a trap that listens on 127.0.0.1 took that for an address that gives it away,
# so that no report on a client of the same host could be made.
use strict;
use warnings;
use File::Temp qw(tempdir);
use IO::Compress::Gzip qw(gzip);
use Test::More;
use Trap;
use Trap::File qw(spew);

my $dir = tempdir(CLEANUP => 1);
spew("$dir/smtptrap.conf", qq{hostname "mx.trap.example"\nlisten { address 127.0.0.1 port 2525 }\n}
    . qq{listen { address ::1 port 2525 }\nlisten { address 127.0.0.2 port 2525 }\nlog { directory "$dir" }\n});
for (['127.0.0.1', 1], ['::1', 1], ['127.0.0.2', 0]) {
    my ($ip, $reported) = @$_;
    my $line = '{"v":1,"type":"session","id":"0192f0c1-0000-7000-8000-000000000001","seq":1,'
        . qq{"ts":"2026-11-22T10:00:00.000000Z","sensor":"mx.trap.example","client_ip":"$ip","client_port":2,}
        . qq{"local_ip":"$ip","local_port":2525,"tls_outcome":"not_offered","auth":["PLAIN accepted x"]} . "}\n";
    gzip(\$line => "$dir/session.jsonl.gz") or die 'gzip';
    my ($out) = Trap::Process::run("$Trap::BUILD/smtptrap", '-f', "$dir/smtptrap.conf", 'export', '--key-file',
        "$dir/key", '--as', 'xarf', '--reporter-org', 'Lab', '--reporter-contact', 'a@lab.example',
        "$dir/session.jsonl.gz");
    is(scalar(() = $out =~ /"source_identifier":"\Q$ip\E"/g), $reported,
        $reported ? "there is a report on $ip" : 'there is none on another address of the trap');
}
done_testing;
