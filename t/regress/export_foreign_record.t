#!/usr/bin/perl
# export_foreign_record.t: values that were not of their field's kind were written as they stood, so
# that a record of another machine could add members to ECS, lines to Zeek's logs and formulas to
# CSV; a field that came twice had other fields exported in its place, without redaction.
use strict;
use warnings;
use File::Temp qw(tempdir);
use IO::Compress::Gzip qw(gzip);
use Test::More;
use Trap;

my $dir = tempdir(CLEANUP => 1);
my $good = '"client_ip":"192.0.2.1","client_port":25,"local_ip":"198.51.100.7","tags":["a","b"],'
    . '"dialogue":[{"us":1,"dir":"c","text":"QUIT"},{"us":2,"dir":"s","text":"221 mx9"}],'
    . '"tls_outcome":"negotiated","tls_version":"TLSv1.2","ja3":"00ff","early_talk":false';

# The exporter's output for a record with these fields, and what it complains about.
sub export {
    my ($fields, @args) = @_;
    my $line = '{"v":1,"type":"session","id":"0192f0c1-0000-7000-8000-000000000001","seq":1,'
        . '"ts":"2026-11-22T10:00:00.000000Z","sensor":"mx9",' . "$fields}\n";
    gzip(\$line => "$dir/session.jsonl.gz") or die 'gzip';
    return Trap::Process::run("$Trap::BUILD/smtptrap", '-d', $dir, 'export', '--key-file', "$dir/key",
        '--redact', @args, "$dir/session.jsonl.gz");
}

my ($out, $err, $status) = export($good, '--as', 'ecs');
is("$err$status", '0', 'a record of ours is exported');
like($out, qr/"version":"1\.2"/, 'whole');

for (
    ['a text for a number', '"bytes_in":"1,\"x\":2"'],
    ['a fraction', '"bytes_in":1.5'],
    ['a number below 0', '"bytes_in":-1'],
    ['a number for a text', '"helo":1'],
    ['a number for a truth', '"esmtp":1'],
    ['a list for a text', '"helo":["mx9"]'],
    ['a text for a list', '"oddities":"mx9"'],
    ['an address that is none', '"proxy_ip":"=1+1"'],
    ['a time that is none', '"yakker_until":"=1+1"'],
    ['an id that is none', '"session_id":"=1+1"'],
    ['hexadecimal digits that are none', '"client_cert_sha256":"\",\"x\":\"1"'],
    ['a field that comes twice', '"helo":"a","tags":["c"],"helo":"mx9 mx9"'],
    ['a list that comes twice', '"helo":"mx9 mx9","tags":["c"]'],
) {
    my ($what, $field) = @$_;
    for my $format ('csv', 'ecs') {
        ($out, $err, $status) = export("$good,$field", '--as', $format);
        unlike($out, qr/192\.0\.2\.1/, "$what is not exported as $format");
        like($err, qr/a line here is no record/, 'which is said');
        is($status >> 8, 1, 'and the exit status says so');
    }
}

for my $format (['ecs'], ['zeek', '--path', 'ssl'], ['zeek', '--path', 'conn']) {
    my $record = $good =~ s/TLSv1\.2/TLSv1.2\\n\\",\\"x\\":\\"/r;
    ($out, $err) = export($record, '--as', @$format);
    unlike($out, qr/192\.0\.2\.1/, "a version of TLS that is none is not exported as @$format");
}
done_testing;
