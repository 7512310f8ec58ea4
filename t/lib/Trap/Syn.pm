package Trap::Syn;

# Syn.pm: TCP segments with SYN, made bit by bit, for tests.
#
#   my $packet = packet(version => 4, ttl => 57, options => opt_mss(1460) . opt_nop());
#   my %signature = p0f_signatures($p0f, $packet, ...);    # by source port
use strict;
use warnings;
use Exporter qw(import);
use File::Temp qw(tempdir);
use Socket qw(inet_pton AF_INET AF_INET6);
use Trap::File qw(slurp spew);
use Trap::Process;

our @EXPORT_OK = qw(packet segment_of random_packet p0f_signatures opt_mss opt_ws opt_sok opt_ts opt_nop opt_eol opt);

sub opt { my ($kind, $value) = @_; return pack 'CCa*', $kind, 2 + length $value, $value }
sub opt_mss { opt(2, pack 'n', $_[0]) }
sub opt_ws { opt(3, pack 'C', $_[0]) }
sub opt_sok { opt(4, '') }
sub opt_ts { opt(8, pack 'NN', $_[0], $_[1] // 0) }
sub opt_nop { "\x01" }
sub opt_eol { "\x00" . ($_[0] // '') }

sub sum {
    my ($bytes) = @_;
    my $sum = unpack '%32n*', length($bytes) % 2 ? "$bytes\0" : $bytes;
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
    return ~$sum & 0xffff;
}

sub ipv4 {
    my ($o, $payload) = @_;
    my $extra = $o->{ip_options} // '';
    my $header = pack 'CCnnnCCna4a4a*', 0x45 + length($extra) / 4, $o->{tos} // 0,
        20 + length($extra) + length($payload), $o->{id} // 0,
        ($o->{df} // 1) * 0x4000 | ($o->{reserved} // 0) * 0x8000, $o->{ttl} // 64, 6, 0,
        $o->{from}, $o->{to}, $extra;
    substr $header, 10, 2, pack 'n', sum($header);
    return $header . $payload;
}

# Extension headers: [type, bytes without the first], the next header's type is filled in.
sub ipv6 {
    my ($o, $payload) = @_;
    my $next = 6;
    for my $e (reverse @{$o->{extensions} // []}) {
        $payload = pack('C', $next) . $e->[1] . $payload;
        $next = $e->[0];
    }
    return pack 'NnCCa16a16a*', 6 << 28 | ($o->{tos} // 0) << 20 | ($o->{flow} // 0), length $payload,
        $next, $o->{ttl} // 64, $o->{from}, $o->{to}, $payload;
}

# Keys: version, ttl, tos, id, df, reserved, ip_options (IPv4); extensions, flow (IPv6); from, to
# (text), sport, dport, seq, ack, flags, ns, window, urgent, options, doff, data.
sub packet {
    my (%o) = (version => 4, seq => 0x01020304, window => 64240, flags => 2, options => '', @_);
    my $family = $o{version} == 4 ? AF_INET : AF_INET6;
    $o{from} = inet_pton($family, $o{from} // ($o{version} == 4 ? '192.0.2.7' : '2001:db8::7'));
    $o{to} = inet_pton($family, $o{to} // ($o{version} == 4 ? '192.0.2.25' : '2001:db8::25'));
    my $options = $o{options} . "\0" x (-length($o{options}) % 4);
    my $tcp = pack 'nnNNCCnnna*', $o{sport} // 4711, $o{dport} // 25, $o{seq}, $o{ack} // 0,
        ($o{doff} // 5 + length($options) / 4) << 4 | ($o{ns} // 0), $o{flags}, $o{window}, 0,
        $o{urgent} // 0, $options . ($o{data} // '');
    my $pseudo = $o{version} == 4 ? pack('a4a4Cn', $o{from}, $o{to}, 0, 0) : '';
    $pseudo = $o{version} == 4 ? pack 'a4a4xCn', $o{from}, $o{to}, 6, length $tcp
        : pack 'a16a16NN', $o{from}, $o{to}, length $tcp, 6;
    substr $tcp, 16, 2, pack 'n', sum($pseudo . $tcp);
    return $o{version} == 4 ? ipv4(\%o, $tcp) : ipv6(\%o, $tcp);
}

# What TCP_SAVED_SYN gives of it: no data.
sub segment_of {
    my ($packet, %o) = @_;
    return substr $packet, 0, length($packet) - length($o{data} // '');
}

# What p0f says of packets, by source port: its distance added to the TTL, as we write it.
sub p0f_signatures {
    my ($p0f, @packets) = @_;
    my $dir = tempdir(CLEANUP => 1);
    my $time = 1_700_000_000;
    spew("$dir/pcap", pack('VvvVVVV', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101), # LINKTYPE_RAW
        map { pack('VVVV', $time++, 0, length, length) . $_ } @packets);
    my ($out, $err, $status) = Trap::Process::run($p0f, '-r', "$dir/pcap", '-o', "$dir/log");
    die "p0f: $out$err" if $status;
    my %signature = slurp("$dir/log") =~ m{mod=syn\|cli=[^|]*/(\d+)\|.*raw_sig=(\S+)}g;
    s/^(\d:)(\d+)\+(\d+):/$1 . ($2 + $3) . ':'/e for values %signature;
    return %signature;
}

sub pick { $_[rand @_] }
sub bytes { join '', map { chr rand 256 } 1 .. $_[0] }

sub random_option {
    my $kind = int rand 12;
    return opt_mss(pick(536, 1460, 1440, 1380, 99, 100, 0, int rand 65536)) if $kind <= 2;
    return opt_ws(pick(0 .. 16, int rand 256)) if $kind == 3;
    return opt_sok() if $kind == 4;
    return opt_ts(pick(0, int rand 2**32), pick(0, 0, int rand 2**32)) if $kind == 5;
    return opt_nop() if $kind <= 8;
    return opt(5, bytes(pick(8, 16, 3))) if $kind == 9;
    return opt(pick(6, 7, 19, 28, 34, 253, 254), bytes(pick(0, 2, 8)));
}

# A SYN with about everything that can be set to something, set so with some probability; no
# option malformed unless broken => 1.
sub random_packet {
    my (%o) = @_;
    my $options = '';
    while (rand() < 0.8) {
        my $next = random_option();
        last if length($options) + length($next) > 36;
        $options .= $next;
    }
    $options .= opt_eol(pick('', "\0", "\0\0\0", "\1\0\0")) if rand() < 0.2;
    $options .= opt_nop() while length($options) % 4 && rand() < 0.9;
    $options = substr $options, 0, 40;
    if ($o{broken} && length $options) { substr $options, rand length $options, 1, bytes(1) for 1 .. 2 }
    my $maybe = sub { rand() < 0.15 ? $_[0] : $_[1] };
    my %p = (
        version => pick(4, 4, 6), ttl => 1 + int rand 255, tos => $maybe->(int rand 256, 0),
        df => pick(0, 1, 1), id => $maybe->(0, int rand 65536), reserved => $maybe->(1, 0),
        ip_options => $maybe->("\1" x (4 * int rand 10), ''), flow => pick(0, int rand 2**20),
        seq => $maybe->(0, int rand 2**32), ack => $maybe->(int rand 2**32, 0),
        flags => 2 | $maybe->(8, 0) | $maybe->(32, 0) | $maybe->(64, 0) | $maybe->(128, 0),
        ns => $maybe->(1, 0), urgent => $maybe->(int rand 65536, 0), data => $maybe->(bytes(5), ''),
        window => pick(0, 8192, 65535, 1460 * 4, 1448 * 5, 1440 * 3, 1428 * 7, 1500 * 3, int rand 65536),
        options => $options, %o);
    return (packet(%p), \%p);
}

1;
