#!/usr/bin/perl
# conf.t: ship.conf: all that is wrong is told in one run, with its place.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;
use Trap;
use Trap::File qw(spew);
use Trap::Process;

plan skip_all => 'smtptrap-ship was built without libnats' if !-x "$Trap::BUILD/smtptrap-ship";

my $work = tempdir(CLEANUP => 1);
my $file = "$work/ship.conf";

# Check a configuration: (standard output, what is wrong without the file's name, exit status).
sub check {
    my ($text, @options) = @_;
    spew($file, $text);
    my ($out, $err, $status) = Trap::Process::run("$Trap::BUILD/smtptrap-ship", '-f', $file, '-n', @options);
    return ($out, $err =~ s/^\Q$file\E://mgr, $status >> 8);
}

my $server = 'nats { server "nats://127.0.0.1:4222" }';
is_deeply([check("$server\n")], ["$file: ok\n", '', 0], 'one server is enough');
is((check("output stdout\n"))[2], 0, 'lines need none');

my @wrong = (
    ['batch 0', '1:7: batch must be 1 to 100000, near "0"'],
    ['sensr mx1', '1:1: unknown key, near "sensr" (did you mean "sensor"?)'],
    ['sensor mx1.example', '1:8: only letters, digits, - and _ may stand here, near "mx1.example"'],
    ['streams mail', '1:9: streams must be session message, near "mail"'],
    ['streams none', '1:9: no stream is to be shipped, near "none"'],
    ["batch 5\nbatch 6", "2:1: batch is here twice, first at $file:1, near \"batch\""],
    ['batch', '1:1: batch needs a value, near "batch"'],
    ['retry-min 10s', '1:11: retry-min must not be over retry-max, near "10s"'],
    ['output file', '1:8: output file needs file, near "file"'],
    ['stop "1 s"', '1:6: stop must be a number with us, ms, s, m, h or d, near "1 s"'],
    ['log-directory logs', '1:15: log-directory must be an absolute path, near "logs"'],
    ['natz { }', '1:1: unknown block, near "natz"'],
    ['nats { setup { } }', '1:8: unknown block, near "setup" (did you mean "stop"?)'],
    ['nats { certificate "a.pem" }', '1:20: certificate and key need each other, near "a.pem"'],
    ['nats { subject "a b" }', '1:16: subject must not hold white space or control characters, near "a b"'],
    ['setup { replicas 6 }', '1:18: replicas must be 1 to 5, near "6"'],
    ['mail { bucket "a.b" }', '1:15: only letters, digits, - and _ may stand here, near "a.b"'],
    ['mail { bucket ' . 'x' x 64 . ' }', '1:15: bucket must have 0 to 63 bytes, near "' . 'x' x 40 . '..."'],
    ["mail { bucket b }\nstreams session", '1:15: raw messages go with the records of the stream message, near "b"'],
    ["mail { bucket b }\noutput stdout", '1:15: raw messages go to output nats alone, near "b"'],
    ['mail { size 2g }', '1:13: size must be 0 to 1g, near "2g"'],
    ['setup { mail-max-age 1h }', '1:22: duplicate-window must not be over mail-max-age, near "1h"'],
    ['setup { max-age 1h }', '3:1: duplicate-window must not be over max-age, near the end of the file'],
);
for my $case (@wrong) {
    my ($text, $expected) = @$case;
    my ($out, $err, $status) = check("$text\n$server\n");
    is_deeply([(split /\n/, $err)[0], $status], [$expected, 1], "wrong: $text");
}

my ($out, $err, $status) = check(join "\n", map { $_->[0] } @wrong[0, 1, 10, 15]);
is(() = $err =~ /^\d+:\d+: /mg, 5, 'several errors are told in one run') or diag $err;
like($err, qr/output nats needs a server/, 'one of them of what is not there');
like($err, qr/^smtptrap-ship: .*: 5 errors$/m, 'and counted');

is((check("$server\n" x 16))[2], 0, '16 servers are taken');
like((check("$server\n" x 17))[1], qr/^17:15: more than 16 of server/, 'not 17');
is((check('', '--output', 'stdout'))[2], 0, '--output stands for the file\'s output');
is((check('', '--output', '/dev/null'))[2], 0, 'or names a file');
like((check('', '--output', 'kafka'))[1], qr/neither nats nor stdout nor an absolute path/, 'or is refused');
like((check("mail { bucket b }\n$server", '--output', 'stdout'))[1], qr/^1:15: raw messages go to output nats alone/,
    'but not where raw messages are configured');
is((check('mail { bucket ' . 'x' x 63 . " }\n$server"))[2], 0, 'a bucket of 63 bytes is taken');
like((check('output stdout', '--output', 'nats'))[1], qr/needs a server/, 'and what it needs is looked for');
done_testing;
