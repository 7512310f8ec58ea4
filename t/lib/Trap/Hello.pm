package Trap::Hello;

# Hello.pm: ClientHellos made from a description, and the fields that a record of them must have,
# computed from the same description (never from the bytes).
#
#   my $case = hello(version => 0x0303, ciphers => [0xc02f], extensions => [groups(29, 23)]);
#   $case->{bytes}; $case->{fields};       # fields: what the record holds, by name
#
# Options: record_version, version, session_id, ciphers, compression (bytes), extensions (undef:
# no block), tail (bytes behind the extensions), length (announced, instead of the true one), patch
# ([offset in the message, bytes]), cut (bytes of the message to keep), pieces (sizes of the
# records; the rest is the last), before, between, after (bytes in front of the first and of the
# second record, and at the end).
# sni: the name recorded, if it is not that of the extensions.
# What is expected beyond that: expect (fields with other values), lacks (names without hello_ of
# fields that are absent), broken (hello_malformed of a hello without fingerprints).
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use File::Basename qw(dirname);
use JSON::PP;

our @EXPORT_OK = qw(hello sslv2 other record sni groups points sigalgs alpn versions shares raw
    message fields_json names_of);

my %VERSION = (0x0002 => 'SSLv2', 0x0300 => 'SSLv3', 0x0301 => 'TLSv1.0', 0x0302 => 'TLSv1.1',
    0x0303 => 'TLSv1.2', 0x0304 => 'TLSv1.3');
# The lists that have names beside them, and the tables of these.
my %TABLE = (hello_ciphers => 'tls_cipher.def', hello_extensions => 'tls_extension.def',
    hello_groups => 'tls_group.def', hello_signature_algorithms => 'tls_signature.def');
use constant NAMES_MAX => 64;
my @ORDER = qw(hello_kind hello_malformed hello_records hello_length hello_record_version
    hello_legacy_version hello_versions hello_highest hello_ciphers hello_cipher_names hello_compression
    hello_extensions hello_extension_names hello_groups hello_group_names hello_point_formats
    hello_signature_algorithms hello_signature_algorithm_names hello_alpn hello_alpn_hex hello_key_shares hello_session_id hello_ticket
    hello_grease hello_scsv_renegotiation hello_scsv_fallback ja3_string ja4_r hello_lists_cut
    ja3 ja4);

sub grease { ($_[0] & 0x0f0f) == 0x0a0a && $_[0] >> 8 == ($_[0] & 255) }
sub hex_list { join '', map { sprintf '%04x', $_ } @_ }
sub version_name {
    my ($v) = @_;
    return $VERSION{$v} // ($v >> 8 == 0x7f ? 'TLSv1.3-draft' . ($v & 255) : sprintf '0x%04x', $v);
}

# ---- extensions: {type, content, and what it tells} ----

sub raw { my ($type, $content, %tells) = @_; return {type => $type, content => $content, %tells} }
sub groups { raw(10, pack('n/a*', pack 'n*', @_), groups => [@_]) }
sub points { raw(11, pack('C/a*', pack 'C*', @_), points => [@_]) }
sub sigalgs { raw(13, pack('n/a*', pack 'n*', @_), sigalgs => [@_]) }
sub versions { raw(43, pack('C/a*', pack 'n*', @_), versions => [@_]) }
sub alpn { raw(16, pack('n/a*', join '', map { pack 'C/a*', $_ } @_), alpn => [@_]) }
sub sni { raw(0, pack('n/a*', join '', map { "\0" . pack 'n/a*', $_ } @_), sni => $_[0]) }
# Each share: [group, length].
sub shares {
    raw(51, pack('n/a*', join '', map { pack 'n n/a*', $_->[0], "\x5a" x $_->[1] } @_),
        shares => [map { $_->[0] } @_]);
}

# ---- fingerprints ----

sub ja3_text {
    my ($o, $t) = @_;
    my $list = sub { join '-', grep { !grease($_) } @_ };
    return join ',', $o->{version}, $list->(@{$o->{ciphers}}),
        $list->(map { $_->{type} } @{$o->{extensions} // []}), $list->(@{$t->{groups} // []}),
        join '-', @{$t->{points} // []};
}

sub ja4_alpn {
    my ($name) = @_;
    return '00' if !defined $name || $name eq '';
    my ($first, $last) = (substr($name, 0, 1), substr $name, -1);
    return '99' if ord $first > 127;
    return "$first$last" if "$first$last" =~ /^[0-9A-Za-z]{2}$/;
    return substr(unpack('H*', $first), 0, 1) . substr unpack('H*', $last), 1, 1;
}

sub ja4_texts {
    my ($o, $t) = @_;
    my $max = (sort { $b <=> $a } grep { !grease($_) } @{$t->{versions} // []})[0] // $o->{version};
    my $version = {0x0304 => '13', 0x0303 => '12', 0x0302 => '11', 0x0301 => '10', 0x0300 => 's3',
        0x0002 => 's2'}->{$max} // '00';
    my @ciphers = map { sprintf '%04x', $_ } sort { $a <=> $b } grep { !grease($_) } @{$o->{ciphers}};
    my @types = grep { !grease($_) } map { $_->{type} } @{$o->{extensions} // []};
    my $types = join ',', map { sprintf '%04x', $_ } sort { $a <=> $b } grep { $_ != 0 && $_ != 16 }
        @types;
    my @algorithms = map { sprintf '%04x', $_ } grep { !grease($_) } @{$t->{sigalgs} // []};
    my $first = sprintf 't%s%s%02d%02d%s', $version, defined $t->{sni} ? 'd' : 'i',
        @ciphers > 99 ? 99 : scalar @ciphers, @types > 99 ? 99 : scalar @types,
        ja4_alpn(($t->{alpn} // [])->[0]);
    my @parts = (join(',', @ciphers), join '_', $types, @algorithms ? join ',', @algorithms : ());
    return (join('_', $first, @parts),
        join '_', $first, map { length ? substr sha256_hex($_), 0, 12 : '0' x 12 } @parts);
}

# ---- the fields ----

my @CUT = (hello_ciphers => 2048, hello_extensions => 2048, ja3_string => 4096, ja4_r => 4096);

# Names as sent; none of ours that is not ASCII is UTF-8.
sub put_names {
    my ($f, $field, @names) = @_;
    return if !@names;
    $f->{$field} = [map { s/[^\x01-\x7f]/\x{fffd}/gr } @names];
    my @hex = map { /[^\x01-\x7f]/ ? unpack 'H*', $_ : '' } @names;
    $f->{$field . '_hex'} = \@hex if grep { length } @hex;
}

sub put_lists {
    my ($f, $o, $t) = @_;
    $f->{hello_ciphers} = hex_list(@{$o->{ciphers}});
    $f->{hello_compression} = unpack 'H*', $o->{compression};
    $f->{hello_extensions} = hex_list(map { $_->{type} } @{$o->{extensions}}) if $o->{extensions};
    $f->{hello_groups} = hex_list(@{$t->{groups}}) if $t->{groups};
    $f->{hello_point_formats} = join '', map { sprintf '%02x', $_ } @{$t->{points}} if $t->{points};
    $f->{hello_signature_algorithms} = hex_list(@{$t->{sigalgs}}) if $t->{sigalgs};
    put_names($f, 'hello_alpn', @{$t->{alpn} // []});
    $f->{hello_key_shares} = hex_list(@{$t->{shares}}) if $t->{shares};
}

sub put_versions {
    my ($f, $o, $t) = @_;
    my @offered = grep { !grease($_) } @{$t->{versions} // [$o->{version}]};
    my @known = grep { $VERSION{$_} } @offered;
    $f->{hello_legacy_version} = version_name($o->{version});
    $f->{hello_versions} = [map { version_name($_) } @offered];
    my ($highest) = sort { $b <=> $a } @known ? @known : @offered;
    $f->{hello_highest} = version_name($highest) if defined $highest;
}

sub put_signs {
    my ($f, $o, $t) = @_;
    my $bool = sub { $_[0] ? JSON::PP::true : JSON::PP::false };
    $f->{hello_session_id} = $bool->(length $o->{session_id});
    $f->{hello_ticket} = $bool->(grep { $_->{type} == 41 || ($_->{type} == 35 && length $_->{content}) }
        @{$o->{extensions} // []});
    my @numbers = (@{$o->{ciphers}}, (map { $_->{type} } @{$o->{extensions} // []}),
        (map { @{$t->{$_} // []} } qw(groups sigalgs versions)),
        map { unpack 'n', $_ } grep { length == 2 } @{$t->{alpn} // []});
    $f->{hello_grease} = $bool->(grep { grease($_) } @numbers);
    $f->{hello_scsv_renegotiation} = $bool->(grep { $_ == 0x00ff } @{$o->{ciphers}});
    $f->{hello_scsv_fallback} = $bool->(grep { $_ == 0x5600 } @{$o->{ciphers}});
}

sub put_prints {
    my ($f, $o, $t) = @_;
    $f->{ja3_string} = ja3_text($o, $t);
    $f->{ja3} = md5_hex($f->{ja3_string});
    @$f{qw(ja4_r ja4)} = ja4_texts($o, $t);
}

sub limit {
    my ($f) = @_;
    my %max = @CUT;
    my @long = grep { defined $f->{$_} && length $f->{$_} > $max{$_} } keys %max;
    $f->{$_} = substr $f->{$_}, 0, $max{$_} for @long;
    $f->{hello_lists_cut} = JSON::PP::true if @long;
}

sub adjust {
    my ($f, $o) = @_;
    $f->{hello_malformed} = $o->{broken} if $o->{broken};
    delete @$f{qw(ja3 ja3_string ja4 ja4_r)} if $o->{broken};
    delete @$f{map { "hello_$_" } split ' ', $o->{lacks} // ''};
    $f->{$_} = $o->{expect}{$_} for keys %{$o->{expect} // {}};
}

# ---- names ----

my %names;

sub read_names {
    my ($list) = @_;
    my $file = dirname(__FILE__) . "/../../../lib/$TABLE{$list}";
    open my $f, '<', $file or die "$file: $!\n";
    while (<$f>) {
        $names{$list}{hex $1} = $2 if /^(?:IANA|OTHER)\((0x\w+), "([^"]+)"/;
    }
}

# The names of a list in hexadecimal digits, of so many an element.
sub names_of {
    my ($list, $hex, $digits) = @_;
    read_names($list) if !$names{$list};
    return map { $names{$list}{$_} // (grease($_) ? 'GREASE' : sprintf "0x%0*x", $_ > 0xffff ? 6 : 4, $_) }
        map { hex } $hex =~ /(.{$digits})/g;
}

sub put_list_names {
    my ($f, $cipher_digits) = @_;
    for my $list (sort keys %TABLE) {
        next if !length($f->{$list} // '');
        my @all = names_of($list, $f->{$list}, $list eq 'hello_ciphers' ? $cipher_digits : 4);
        $f->{hello_lists_cut} = JSON::PP::true if @all > NAMES_MAX;
        splice @all, NAMES_MAX if @all > NAMES_MAX;
        $f->{$list =~ s/s$/_names/r} = \@all;
    }
}

# ---- bytes ----

sub record { my ($type, $version, $body) = @_; return pack 'C n n/a*', $type, $version, $body }

# The handshake message.
sub message {
    my ($o) = @_;
    my $block = $o->{extensions}
        && pack 'n/a*', join '', map { pack 'n n/a*', $_->{type}, $_->{content} } @{$o->{extensions}};
    my $body = pack('n', $o->{version}) . ("\x77" x 32) . pack('C/a*', $o->{session_id})
        . pack('n/a*', pack 'n*', @{$o->{ciphers}}) . pack('C/a*', $o->{compression}) . ($block // '')
        . ($o->{tail} // '');
    my $length = $o->{length} // length $body;
    my $all = pack('C C n', 1, $length >> 16, $length & 0xffff) . $body;
    substr $all, $o->{patch}[0], length $o->{patch}[1], $o->{patch}[1] if $o->{patch};
    return ($length, defined $o->{cut} ? substr $all, 0, $o->{cut} : $all);
}

sub records {
    my ($o, $message) = @_;
    my @records = ($o->{before} // ());
    my @pieces = @{$o->{pieces} // []};
    while (length $message) {
        my $size = shift(@pieces) // 16384;
        push @records, record(22, $o->{record_version}, substr $message, 0, $size, '');
        push @records, $o->{between} if @records == 1 && defined $o->{between};
    }
    return (@records, $o->{after} // ());
}

sub hello {
    my %o = (record_version => 0x0301, version => 0x0303, session_id => '', compression => "\0",
        ciphers => [0xc02f, 0x002f], @_);
    # Of an extension that comes twice, the first counts.
    my %tells;
    for my $e (@{$o{extensions} // []}) {
        $tells{$_} //= $e->{$_} for grep { !/^(?:type|content)$/ } keys %$e;
    }
    my ($length, $message) = message(\%o);
    my @records = records(\%o, $message);
    my $f = {hello_length => $length, hello_record_version => version_name($o{record_version}),
        hello_records => scalar grep { ord == 22 && length > 5 } @records};
    put_versions($f, \%o, \%tells);
    put_lists($f, \%o, \%tells);
    put_signs($f, \%o, \%tells);
    put_prints($f, \%o, \%tells);
    limit($f);
    adjust($f, \%o);
    put_list_names($f, 4);
    return {bytes => join('', @records), records => \@records, fields => $f,
        sni => $o{sni} // $tells{sni}, format => $o{format} // ($o{version} == 0x0300 ? 'SSLv3' : 'TLS')};
}

# A hello in the form of SSLv2.  ciphers: numbers of three bytes; length, lengths: instead of the
# true ones; cut and tail as above.
sub sslv2 {
    my %o = (version => 0x0002, session_id => '', challenge => "\x66" x 16, tail => '', @_);
    my $ciphers = join '', map { substr pack('N', $_), 1 } @{$o{ciphers}};
    $ciphers .= $o{odd} // '';
    my @lengths = @{$o{lengths} // [length $ciphers, length $o{session_id}, length $o{challenge}]};
    my $body = pack('C n n3', 1, $o{version}, @lengths) . $ciphers . $o{session_id} . $o{challenge}
        . $o{tail};
    my $length = $o{length} // length $body;
    my $bytes = pack('n', 0x8000 | $length) . $body;
    $bytes = substr $bytes, 0, $o{cut} if defined $o{cut};
    my $bool = sub { $_[0] ? JSON::PP::true : JSON::PP::false };
    my @versions = $o{version} == 2 ? (2) : ($o{version}, (grep { $_ >> 16 } @{$o{ciphers}}) ? 2 : ());
    my $f = {hello_records => 1, hello_length => $length,
        hello_legacy_version => version_name($o{version}), hello_highest => version_name($o{version}),
        hello_versions => [map { version_name($_) } @versions],
        hello_ciphers => join('', map { sprintf '%06x', $_ } @{$o{ciphers}}),
        hello_session_id => $bool->(length $o{session_id}), hello_ticket => $bool->(0),
        hello_grease => $bool->(0), hello_scsv_renegotiation => $bool->(grep { $_ == 0xff } @{$o{ciphers}}),
        hello_scsv_fallback => $bool->(grep { $_ == 0x5600 } @{$o{ciphers}})};
    adjust($f, \%o);
    put_list_names($f, 6);
    return {bytes => $bytes, records => [$bytes], fields => $f, format => 'SSLv2'};
}

# What is no hello.
sub other {
    my ($kind, @records) = @_;
    return {bytes => join('', @records), records => \@records, fields => {hello_kind => $kind},
        format => 'none'};
}

# The fields as the record writes them.
sub fields_json {
    my ($f) = @_;
    my $json = JSON::PP->new->utf8->allow_nonref;
    return join ',', map { "\"$_\":" . $json->encode($f->{$_}) } grep { exists $f->{$_} } @ORDER;
}

1;
