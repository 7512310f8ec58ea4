package Trap::HelloCases;

# HelloCases.pm: hellos and non-hellos made by hand, each with the fields expected.
#
# cases() gives [name, case] in order; t/golden/client-hello.txt and t/fuzz/corpus/client_hello
# are made of them by t/tools/hellos.
use strict;
use warnings;
use Exporter qw(import);
use JSON::PP;
use Trap::Hello qw(hello sslv2 other record sni groups points sigalgs alpn versions shares raw);

our @EXPORT_OK = qw(cases);

my @FULL = (sni('mx.trap.test'), raw(23, ''), raw(65281, "\0"), groups(29, 23, 24), points(0),
    raw(35, ''), raw(5, "\1\0\0\0\0"), sigalgs(0x0403, 0x0804, 0x0401, 0x0201));
my @TLS13 = (@FULL, raw(45, "\1\1"), shares([29, 32]), versions(0x0304, 0x0303));
my @SUITES = (0x1301, 0x1302, 0x1303, 0xc02f, 0xc030, 0x009c, 0x002f);

my $BEHIND = 'ciphers compression extensions groups';
my $TRUE = JSON::PP::true;

sub whole_cases {
    return (
    ['tls10-bare', hello(version => 0x0301, ciphers => [0x0005, 0x0004, 0x000a])],
    ['ssl3-bare', hello(record_version => 0x0300, version => 0x0300, ciphers => [0x0005, 0x000a])],
    ['ssl3-extensions', hello(version => 0x0300, extensions => [sni('a.test')])],
    ['tls11', hello(version => 0x0302, extensions => [groups(23), points(0, 1, 2)])],
    ['tls12', hello(extensions => \@FULL)],
    ['tls13', hello(ciphers => \@SUITES, session_id => "\x33" x 32, extensions => \@TLS13)],
    ['tls13-only', hello(ciphers => [0x1301], extensions => [versions(0x0304), shares([23, 65]),
        groups(23), sigalgs(0x0403)])],
    ['tls13-draft', hello(extensions => [versions(0x7f1c, 0x7f17)])],
    ['tls13-draft-and-12', hello(extensions => [versions(0x7f1c, 0x0303)])],
    ['versions-unknown', hello(extensions => [versions(0xfb1a)])],
    ['versions-grease-only', hello(extensions => [versions(0x2a2a)],
        lacks => 'versions highest')],
    ['version-0305', hello(version => 0x0305)],
    ['version-0002', hello(version => 0x0002)],
    ['version-0000-extensions', hello(version => 0x0200, extensions => [raw(23, '')])],
    ['grease', hello(ciphers => [0x3a3a, 0x1301], extensions => [raw(0xfafa, ''),
        groups(0x2a2a, 29), versions(0x0a0a, 0x0304, 0x0303), shares([0x2a2a, 1], [29, 32]),
        raw(0x1a1a, "\0")])],
    ['grease-cipher', hello(ciphers => [0xdada, 0x002f])],
    ['grease-extension', hello(extensions => [raw(0xdada, '')])],
    ['grease-sigalg', hello(extensions => [sigalgs(0x5a5a, 0x0401)])],
    ['grease-alpn', hello(extensions => [alpn("\xba\xba", 'h2')])],
    ['grease-alpn-ascii', hello(extensions => [alpn("\x6a\x6a", 'h2')])],
    ['no-grease', hello(ciphers => [0x0a1a, 0x1a0a], extensions => [raw(0xfaea, '')])],
    ['record-0300', hello(record_version => 0x0300)],
    ['record-0303', hello(record_version => 0x0303)],
    ['record-0304', hello(record_version => 0x0304)],
    ['record-03ff', hello(record_version => 0x03ff)],
    ['session-id', hello(session_id => "\x12" x 32)],
    ['session-id-one', hello(session_id => 'x')],
    ['ticket', hello(extensions => [raw(35, 'ticket')])],
    ['ticket-asked', hello(extensions => [raw(35, '')])],
    ['pre-shared-key', hello(extensions => [versions(0x0304), raw(41, "\0\2\0\0\0\2\1\0")])],
    ['scsv-renegotiation', hello(ciphers => [0x002f, 0x00ff])],
    ['scsv-fallback', hello(version => 0x0302, ciphers => [0x002f, 0x5600])],
    ['deflate', hello(compression => "\1\0")],
    ['no-compression', hello(compression => '')],
    ['no-ciphers', hello(ciphers => [])],
    ['ciphers-repeated', hello(ciphers => [0x002f, 0xc02f, 0x002f])],
    ['ciphers-64', hello(ciphers => [map { 0xc000 + $_ } 1 .. 64])],
    ['ciphers-65', hello(ciphers => [map { 0xc000 + $_ } 1 .. 65],
        expect => {hello_lists_cut => $TRUE})],
    ['ciphers-historic', hello(ciphers => [0x0061, 0x0081, 0x16b9, 0xcc13, 0xfefe, 0xffe0, 0x5600,
        0x00ff, 0x5a5a, 0xdead])],
    ['ciphers-120', hello(ciphers => [map { 0xc000 + $_ } reverse 1 .. 120])],
    ['ciphers-600', hello(ciphers => [map { 0xc000 + $_ } 1 .. 600])],
    ['ciphers-900', hello(ciphers => [map { 0xc000 + $_ } 1 .. 900])],
    ['extensions-empty', hello(extensions => [])],
    ['extensions-unknown', hello(extensions => [raw(1234, 'abc'), raw(13172, ''),
        raw(0xffce, 'x')])],
    ['extensions-64', hello(extensions => [map { raw(2000 + $_, '') } 1 .. 64])],
    ['extensions-65', hello(extensions => [map { raw(2000 + $_, '') } 1 .. 65],
        expect => {hello_lists_cut => $TRUE})],
    ['extensions-120', hello(extensions => [map { raw(2000 + $_, '') } 1 .. 120])],
    ['extensions-600', hello(extensions => [map { raw(2000 + $_, '') } 1 .. 600])],
    );
}

sub content_cases {
    my $bad = sub {
        my ($fault, @e) = @_;
        return hello(extensions => [@e], expect => {hello_malformed => $fault});
    };
    return (
    ['sni', hello(extensions => [sni('smtp.trap.test')])],
    ['sni-underscore', hello(extensions => [sni('a_b.test')])],
    ['sni-address', hello(extensions => [sni('[127.0.0.1]:25')])],
    ['sni-8bit', hello(extensions => [sni("\xe9t\xe9.test")])],
    ['sni-nul', hello(extensions => [sni("a\0b.test")])],
    ['sni-two-names', hello(extensions => [sni('a.test', 'b.test')])],
    ['sni-long', hello(extensions => [sni('x' x 255)])],
    ['sni-empty', $bad->('content extension 0', raw(0, ''))],
    ['sni-empty-list', $bad->('content extension 0', raw(0, "\0\0"))],
    ['sni-empty-name', $bad->('content extension 0', sni(''))],
    ['sni-repeated', $bad->('repeated extension 0', sni('a.test'), sni('b.test'))],
    ['sni-other-type', hello(extensions => [raw(0, "\0\6\1\0\3abc")])],
    ['sni-name-overrun', $bad->('content extension 0', raw(0, "\0\6\0\0\4abc", sni => 'abc'))],
    ['alpn', hello(extensions => [alpn('h2', 'http/1.1')])],
    ['alpn-smtp', hello(extensions => [alpn('smtp')])],
    ['alpn-one', hello(extensions => [alpn('x')])],
    ['alpn-8bit', hello(extensions => [alpn("\xba\xad", 'h2')])],
    ['alpn-8bit-end', hello(extensions => [alpn("h\xcd")])],
    ['alpn-sign', hello(extensions => [alpn('-h2/')])],
    ['alpn-40', hello(extensions => [alpn(map { "p$_" } 1 .. 40)],
        expect => {hello_alpn => [map { "p$_" } 1 .. 32], hello_lists_cut => $TRUE})],
    ['alpn-empty', $bad->('content extension 16', raw(16, "\0\0"))],
    ['alpn-empty-name', $bad->('content extension 16', alpn('', 'h2'))],
    ['alpn-overrun', $bad->('content extension 16', raw(16, "\0\5\2h2\4x", alpn => ['h2']))],
    ['groups-unknown', hello(extensions => [groups(29, 777, 4588, 256, 25, 30, 19)])],
    ['groups-64', hello(extensions => [groups((29) x 64)])],
    ['groups-65', hello(extensions => [groups((29) x 65)],
        expect => {hello_lists_cut => $TRUE})],
    ['sigalgs-64', hello(extensions => [sigalgs((0x0401) x 64)])],
    ['sigalgs-65', hello(extensions => [sigalgs((0x0401) x 65)],
        expect => {hello_lists_cut => $TRUE})],
    ['sigalgs-unknown', hello(extensions => [sigalgs(0x0402, 0x7a7a, 0x0807, 0xfe99)])],
    ['groups-empty', $bad->('content extension 10', groups())],
    ['groups-no-length', $bad->('content extension 10', raw(10, '', groups => []))],
    ['groups-odd', $bad->('content extension 10', raw(10, "\0\3\0\x1d\0", groups => [29]))],
    ['groups-short', $bad->('content extension 10', raw(10, "\0\2\0\x1d\0\x17", groups => [29]))],
    ['groups-overrun', $bad->('content extension 10', raw(10, "\0\6\0\x1d\0\x17", groups => [29, 23]))],
    ['groups-repeated', $bad->('repeated extension 10', groups(23), groups(29))],
    ['points-empty', $bad->('content extension 11', points())],
    ['sigalgs-empty', $bad->('content extension 13', sigalgs())],
    ['versions-empty', hello(extensions => [raw(43, "\0")],
        expect => {hello_malformed => 'content extension 43'})],
    ['shares-none', hello(extensions => [shares()])],
    ['shares-two', hello(extensions => [shares([4588, 1216], [29, 32])])],
    ['shares-overrun', $bad->('content extension 51', raw(51, "\0\6\0\x1d\0\7ab", shares => []))],
    ['content-first-counts', $bad->('content extension 11', sni('a.test'), points(), sigalgs())],
    );
}

# Offsets in the message of a hello without session id: version 4, random 6, session id 38,
# ciphers 39, of two ciphers: compression 45, extensions 47.
sub cut_cases {
    my @e = (extensions => [sni('a.test'), groups(29)]);
    my @none = (lacks => "$BEHIND legacy_version versions highest", format => 'none');
    return (
    ['cut-header', hello(cut => 2, broken => 'cut header', @none, expect => {hello_length => 0})],
    ['cut-body', hello(cut => 4, broken => 'cut version', @none)],
    ['cut-version', hello(cut => 5, broken => 'cut version', @none)],
    ['cut-random', hello(@e, sni => '', cut => 20, broken => 'cut random', lacks => $BEHIND)],
    ['cut-random-none', hello(cut => 6, broken => 'cut random', lacks => $BEHIND)],
    ['cut-session-id-length', hello(cut => 38, broken => 'cut session_id', lacks => $BEHIND)],
    ['cut-session-id', hello(session_id => 'x' x 32, cut => 50, broken => 'cut session_id',
        lacks => $BEHIND)],
    ['cut-ciphers-length', hello(cut => 40, broken => 'cut cipher_suites', lacks => $BEHIND)],
    ['cut-ciphers', hello(ciphers => [1 .. 20], cut => 51, broken => 'cut cipher_suites',
        lacks => 'compression', expect => {hello_ciphers => '00010002000300040005'})],
    ['cut-compression', hello(cut => 45, broken => 'cut compression_methods',
        lacks => 'compression')],
    ['cut-compression-list', hello(compression => "\1\0", cut => 47,
        broken => 'cut compression_methods', expect => {hello_compression => '01'})],
    ['cut-extensions', hello(@e, sni => '', cut => 48, broken => 'cut extensions',
        lacks => 'extensions groups')],
    ['cut-extension-header', hello(@e, sni => '', cut => 51, broken => 'cut extensions',
        lacks => 'groups', expect => {hello_extensions => ''})],
    ['cut-extension-name', hello(@e, sni => 'a.', cut => 60, broken => 'cut extension 0',
        lacks => 'groups', expect => {hello_extensions => '0000'})],
    ['cut-extension-end', hello(@e, cut => 64, broken => 'cut extensions',
        lacks => 'groups', expect => {hello_extensions => '0000'})],
    ['cut-extension-groups', hello(extensions => [groups(29, 23)], cut => 58,
        broken => 'cut extension 10',
        expect => {hello_groups => '001d'})],
    ['cut-extension-points', hello(extensions => [points(0, 1, 2)], cut => 55,
        broken => 'cut extension 11', expect => {hello_point_formats => '00'})],
    ['cut-extension-sigalgs', hello(extensions => [sigalgs(0x0403, 0x0401)], cut => 57,
        broken => 'cut extension 13', expect => {hello_signature_algorithms => '0403'})],
    ['cut-extension-alpn', hello(extensions => [alpn('h2', 'smtp')], cut => 60,
        broken => 'cut extension 16', expect => {hello_alpn => ['h2']})],
    ['cut-extension-versions', hello(extensions => [versions(0x0304, 0x0303)], cut => 56,
        broken => 'cut extension 43', expect => {hello_versions => ['TLSv1.3']})],
    ['cut-extension-shares', hello(extensions => [shares([29, 32])], cut => 70,
        broken => 'cut extension 51', expect => {hello_key_shares => ''})],
    ['overrun-session-id', hello(patch => [38, "\xff"], broken => 'overrun session_id',
        lacks => $BEHIND, expect => {hello_session_id => $TRUE})],
    ['overrun-ciphers', hello(patch => [39, "\1\0"], broken => 'overrun cipher_suites',
        lacks => 'compression', expect => {hello_ciphers => 'c02f002f0100'})],
    ['overrun-compression', hello(patch => [45, "\x09"], broken => 'overrun compression_methods')],
    ['overrun-extensions', hello(@e, patch => [47, "\x40\0"], broken => 'overrun extensions')],
    ['overrun-extension', hello(extensions => [raw(23, ''), groups(29)], patch => [51, "\x40\0"],
        broken => 'overrun extension 23', lacks => 'groups',
        expect => {hello_extensions => '0017'})],
    ['overrun-tail', hello(tail => "\0", broken => 'overrun extensions', lacks => 'extensions')],
    ['odd-ciphers', hello(patch => [39, "\0\3"], ciphers => [0xc02f], compression => "\2\1\5",
        expect => {hello_malformed => 'content cipher_suites', hello_compression => '0105'})],
    ['trailing', hello(@e, tail => 'xyz', expect => {hello_malformed => 'trailing extensions'})],
    ['trailing-empty', hello(extensions => [], tail => "\0" x 33,
        expect => {hello_malformed => 'trailing extensions'})],
    ['trailing-in-block', hello(extensions => [groups(29)], patch => [48, "\x0a"], tail => "\0\0",
        expect => {hello_malformed => 'trailing extensions'})],
    ['length-zero', hello(length => 0, broken => 'overrun version', @none)],
    ['length-huge', hello(length => 0xffffff, broken => 'cut extensions')],
    );
}

# What is wrong with the records makes no difference to a message that comes whole.
sub record_cases {
    my @big = (extensions => [sni('a.test'), raw(21, "\0" x 17000), groups(29)]);
    my @large = (extensions => [map { raw(3000 + $_, 'x' x 4000) } 1 .. 10]);
    my $alert = record(21, 0x0301, "\1\x5a");
    my %interleaved = (expect => {hello_malformed => 'interleaved'});
    return (
    ['pieces-two', hello(extensions => \@FULL, pieces => [60])],
    ['pieces-ssl3', hello(record_version => 0x0300, version => 0x0300, ciphers => [0x0005, 0x000a],
        pieces => [10, 10, 10])],
    ['pieces-tls13', hello(ciphers => \@SUITES, extensions => \@TLS13, pieces => [100, 1, 50])],
    ['pieces-header', hello(extensions => \@FULL, pieces => [2])],
    ['pieces-bytes', hello(ciphers => [0x002f], pieces => [(1) x 200])],
    ['pieces-empty', hello(pieces => [20], between => record(22, 0x0301, ''))],
    ['pieces-versions', hello(pieces => [20], record_version => 0x0302)],
    ['big', hello(@big)],
    ['big-one-record', hello(@big, pieces => [17200])],
    ['big-small-pieces', hello(@big, pieces => [(700) x 30])],
    ['40-kib', hello(@large)],
    ['over-64-kib', hello(ciphers => [1 .. 2000], extensions => [raw(3001, 'x' x 32000),
        raw(3002, 'x' x 32000)], broken => 'cut extension 3002', expect => {hello_records => 4})],
    ['interleaved', hello(pieces => [20], between => $alert, %interleaved)],
    ['alert-before', hello(before => $alert)],
    ['empty-record-before', hello(before => record(22, 0x0301, ''))],
    ['after', hello(after => record(20, 0x0303, "\1"))],
    ['record-lost', hello(pieces => [41], between => "GET / HTTP/1.0\r\n",
        broken => 'record_lost',
        lacks => $BEHIND, expect => {hello_records => 1})],
    ['record-header-cut', hello(cut => 41, after => "\x16\3", broken => 'cut cipher_suites',
        lacks => $BEHIND)],
    ['pieces-300', hello(extensions => \@TLS13, pieces => [(1) x 300])],
    ['record-0000', hello(record_version => 0x0000)],
    ['record-0500', hello(record_version => 0x0500)],
    ['record-0500-pieces', hello(record_version => 0x0500, extensions => \@FULL, pieces => [20, 1, 30])],
    ['record-0200', hello(record_version => 0x0200)],
    );
}

sub sslv2_cases {
    my @v2 = (0x010080, 0x020080, 0x0700c0);
    return (
    ['sslv2', sslv2(ciphers => \@v2)],
    ['sslv2-kinds', sslv2(ciphers => [0x010080, 0x060040, 0x0701c0, 0x8f8001, 0x123456, 0x00000a,
        0x00fefe, 0x001a1a])],
    ['sslv2-session-id', sslv2(ciphers => \@v2, session_id => 's' x 16)],
    ['sslv2-no-ciphers', sslv2(ciphers => [])],
    ['sslv2-ssl3', sslv2(version => 0x0300, ciphers => [@v2, 0x000004, 0x00000a])],
    ['sslv2-tls10', sslv2(version => 0x0301, ciphers => [0x00002f, @v2, 0x0000ff])],
    ['sslv2-tls11', sslv2(version => 0x0302, ciphers => [0x00000a, @v2])],
    ['sslv2-tls13', sslv2(version => 0x0304, ciphers => [0x001301, 0x00002f])],
    ['sslv2-tls12', sslv2(version => 0x0303, ciphers => [0x00002f, 0x005600])],
    ['sslv2-challenge-32', sslv2(version => 0x0302, ciphers => [0x00002f], challenge => 'c' x 32)],
    ['sslv2-cut', sslv2(ciphers => \@v2, cut => 16, expect => {hello_malformed => 'cut cipher_suites',
        hello_ciphers => '010080'})],
    ['sslv2-cut-no-ciphers', sslv2(ciphers => \@v2, cut => 11, expect => {
        hello_malformed => 'cut cipher_suites'}, lacks => 'ciphers')],
    ['sslv2-cut-session-id', sslv2(ciphers => \@v2, session_id => 's' x 16, cut => 30,
        expect => {hello_malformed => 'cut session_id'})],
    ['sslv2-cut-challenge', sslv2(ciphers => \@v2, cut => 25, expect => {
        hello_malformed => 'cut random'})],
    ['sslv2-cut-lengths', sslv2(ciphers => \@v2, cut => 8, expect => {
        hello_malformed => 'cut session_id'}, lacks => 'ciphers')],
    ['sslv2-overrun', sslv2(ciphers => \@v2, lengths => [9, 0, 99],
        expect => {hello_malformed => 'overrun random'})],
    ['sslv2-odd', sslv2(ciphers => \@v2, odd => 'x', expect => {
        hello_malformed => 'content cipher_suites'})],
    ['sslv2-trailing', sslv2(ciphers => \@v2, tail => 'xy',
        expect => {hello_malformed => 'trailing random'})],
    );
}

sub other_cases {
    return (
    ['nothing', other('nothing')],
    ['one-byte', other('short', "\x16")],
    ['record-header-alone', other('short', "\x16\3\1\0\x2f")],
    ['empty-record', other('short', record(22, 0x0301, ''))],
    ['server-hello', other('handshake', record(22, 0x0303, "\2\0\0\1x"))],
    ['finished', other('handshake', record(22, 0x0303, "\x14\0\0\x0c" . 'f' x 12))],
    ['hello-request', other('handshake', record(22, 0x0301, "\0\0\0\0"))],
    ['close-notify', other('alert', record(21, 0x0301, "\1\0"))],
    ['alert-fatal', other('alert', record(21, 0x0303, "\2\x30"))],
    ['alert-and-junk', other('alert', record(21, 0x0303, "\2\x30"), 'junk!')],
    ['application-data', other('tls_record', record(23, 0x0303, 'x' x 30))],
    ['change-cipher-spec', other('tls_record', record(20, 0x0303, "\1"))],
    ['heartbeat', other('tls_record', record(24, 0x0303, "\1\0\1x"))],
    ['smtp', other('smtp', "EHLO client.test\r\n")],
    ['smtp-lower', other('smtp', "mail from:<a\@b.test>\r\n")],
    ['smtp-quit', other('smtp', "QUIT\r\n")],
    ['http', other('http', "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")],
    ['http2', other('http', "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
    ['ssh', other('other', "SSH-2.0-OpenSSH_9.2\r\n")],
    ['zeros', other('other', "\0" x 100)],
    ['record-too-long', other('other', "\x16\3\1\x48\1" . 'x' x 40)],
    ['record-type-25', other('other', record(25, 0x0303, 'x' x 10))],
    ['sslv2-server-hello', other('other', "\x80\x0b\4\0\1\0\2" . "\0" x 6)],
    ['dtls', other('other', "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\3xyz")],
    );
}

sub cases {
    return (whole_cases(), content_cases(), cut_cases(), record_cases(), sslv2_cases(), other_cases());
}

1;
