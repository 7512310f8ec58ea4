package Trap::SynCases;

# SynCases.pm: SYNs and the signatures they have: of systems that p0f.fp knows, of each quirk, and of what
# is none.  cases() gives [name, {packet's keys}, signature or 'none', change of the bytes or undef].
use strict;
use warnings;
use Exporter qw(import);
use Trap::Syn qw(opt_mss opt_ws opt_sok opt_ts opt_nop opt_eol opt);

our @EXPORT_OK = qw(cases);

my $linux = opt_mss(1460) . opt_sok() . opt_ts(1000) . opt_nop() . opt_ws(7);

sub with_linux { return {id => 7, options => $linux, @_} }

my @cases = (
    # What systems send: the signatures are those that p0f.fp lists, with their MSS and TTL.
    ['linux', {id => 7, ttl => 57, window => 1460 * 44, options => $linux}, '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0'],
    ['linux-v6', {version => 6, ttl => 50, window => 1440 * 20, flow => 77, options => opt_mss(1440) . opt_sok() . opt_ts(9) . opt_nop() . opt_ws(10)},
        '6:64:0:1440:mss*20,10:mss,sok,ts,nop,ws:flow:0'],
    ['windows-xp', {id => 9, ttl => 113, window => 65535, options => opt_mss(1460) . opt_nop() x 2 . opt_sok()},
        '4:128:0:1460:65535,0:mss,nop,nop,sok:df,id+:0'],
    ['windows-7', {id => 9, ttl => 128, window => 8192, options => opt_mss(1460) . opt_nop() . opt_ws(2) . opt_nop() x 2 . opt_sok()},
        '4:128:0:1460:8192,2:mss,nop,ws,nop,nop,sok:df,id+:0'],
    ['mac', {id => 9, ttl => 61, window => 65535, options => opt_mss(1460) . opt_nop() . opt_ws(3) . opt_nop() x 2 . opt_ts(5) . opt_sok() . opt_eol("\0")},
        '4:64:0:1460:65535,3:mss,nop,ws,nop,nop,ts,sok,eol+1:df,id+:0'],
    ['freebsd', {id => 9, window => 65535, options => opt_mss(1460) . opt_nop() . opt_ws(6) . opt_sok() . opt_ts(5)},
        '4:64:0:1460:65535,6:mss,nop,ws,sok,ts:df,id+:0'],
    ['openbsd', {id => 9, window => 16384, options => opt_mss(1460) . opt_nop() x 2 . opt_sok() . opt_nop() . opt_ws(3) . opt_nop() x 2 . opt_ts(5)},
        '4:64:0:1460:16384,3:mss,nop,nop,sok,nop,ws,nop,nop,ts:df,id+:0'],
    ['nmap', {id => 9, df => 0, window => 1024, options => opt_mss(1460)}, '4:64:0:1460:1024,0:mss::0'],
    ['zmap', {id => 54321, df => 0, ttl => 241, window => 65535}, '4:255:0:0:65535,0:::0'],
    # Initial TTLs.
    ['ttl-1', with_linux(ttl => 1), '4:32:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0'],
    ['ttl-32', with_linux(ttl => 32), '4:32:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0'],
    ['ttl-33', with_linux(ttl => 33), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0'],
    ['ttl-92', with_linux(ttl => 92), '4:92+?:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0'],
    ['ttl-93', with_linux(ttl => 93), '4:128:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0'],
    ['ttl-219', with_linux(ttl => 219), '4:219+?:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0'],
    ['ttl-220', with_linux(ttl => 220), '4:255:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0'],
    # Windows.
    ['window-0', with_linux(window => 0), '4:64:0:1460:0,7:mss,sok,ts,nop,ws:df,id+:0'],
    ['window-mss-12', with_linux(window => 1388 * 7, options => opt_mss(1400) . opt_ts(1) . opt_nop() x 2), '4:64:0:1400:mss*7,0:mss,ts,nop,nop:df,id+:0'],
    ['window-mss-12-no-ts', with_linux(window => 1388 * 7, options => opt_mss(1400)), '4:64:0:1400:9716,0:mss:df,id+:0'],
    ['window-ethernet', with_linux(window => 2920, options => opt_mss(1400)), '4:64:0:1400:mss*2,0:mss:df,id+:0'],
    ['window-ethernet-12', with_linux(window => 2896, options => opt_mss(1400)), '4:64:0:1400:mss*2,0:mss:df,id+:0'],
    ['window-ethernet-v6', {version => 6, window => 4320, options => opt_mss(1400)}, '6:64:0:1400:mss*3,0:mss::0'],
    ['window-ethernet-v6-12', {version => 6, window => 4284, options => opt_mss(1400)}, '6:64:0:1400:mss*3,0:mss::0'],
    ['window-mtu', with_linux(window => 1440 * 4, options => opt_mss(1400)), '4:64:0:1400:mtu*4,0:mss:df,id+:0'],
    ['window-mtu-actual', with_linux(window => 1444 * 3, options => opt_mss(1400)), '4:64:0:1400:mtu*3,0:mss:df,id+:0'],
    ['window-mtu-v6', {version => 6, window => 1460 * 7, options => opt_mss(1400)}, '6:64:0:1400:mss*7,0:mss::0'],
    ['window-mtu-1500', with_linux(window => 3000, options => opt_mss(1400)), '4:64:0:1400:mtu*2,0:mss:df,id+:0'],
    ['mss-99', with_linux(window => 990, options => opt_mss(99)), '4:64:0:99:990,0:mss:df,id+:0'],
    ['mss-100', with_linux(window => 1000, options => opt_mss(100)), '4:64:0:100:mss*10,0:mss:df,id+:0'],
    # Quirks.
    ['df-no-id', with_linux(id => 0), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df:0'],
    ['no-df-no-id', with_linux(df => 0, id => 0), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:id-:0'],
    ['no-df-id', with_linux(df => 0), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws::0'],
    ['ecn-ip', with_linux(tos => 2), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,ecn:0'],
    ['ecn-tcp', with_linux(flags => 0xc2), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,ecn:0'],
    ['ecn-ns', with_linux(ns => 1), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,ecn:0'],
    ['ecn-v6', {version => 6, tos => 1}, '6:64:0:0:64240,0::ecn:0'],
    ['tos-without-ecn', with_linux(tos => 0xfc), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0'],
    ['reserved-flag', with_linux(reserved => 1), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,0+:0'],
    ['seq-zero', with_linux(seq => 0), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,seq-:0'],
    ['ack-number', with_linux(ack => 0x01000000), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,ack+:0'],
    ['ack-number-even', with_linux(ack => 2), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,ack+:0'],
    ['ack-flag-zero', with_linux(flags => 0x12), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,ack-:0'],
    ['urgent-pointer', with_linux(urgent => 1), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,uptr+:0'],
    ['urgent', with_linux(flags => 0x22, urgent => 1), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,urgf+:0'],
    ['push', with_linux(flags => 0x0a), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+,pushf+:0'],
    ['ts-own-zero', with_linux(options => opt_mss(1460) . opt_ts(0) . opt_nop() x 2), '4:64:0:1460:mss*44,0:mss,ts,nop,nop:df,id+,ts1-:0'],
    ['ts-peer', with_linux(options => opt_mss(1460) . opt_ts(1, 1) . opt_nop() x 2), '4:64:0:1460:mss*44,0:mss,ts,nop,nop:df,id+,ts2+:0'],
    ['padding', with_linux(options => opt_mss(1460) . opt_eol("\1\0\0")), '4:64:0:1460:mss*44,0:mss,eol+3:df,id+,opt+:0'],
    ['padding-last', with_linux(options => opt_mss(1460) . opt_eol("\0\0\1")), '4:64:0:1460:mss*44,0:mss,eol+3:df,id+,opt+:0'],
    ['scale-14', with_linux(options => opt_ws(14) . opt_nop()), '4:64:0:0:64240,14:ws,nop:df,id+:0'],
    ['scale-15', with_linux(options => opt_ws(15) . opt_nop()), '4:64:0:0:64240,15:ws,nop:df,id+,exws:0'],
    ['data', with_linux(data => 'x'), '4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:+'],
    ['all-quirks', {version => 4, df => 1, id => 5, tos => 3, reserved => 1, seq => 0, ack => 0x01000000, flags => 0x2a, data => 'x',
        options => opt_ws(15) . opt_ts(0, 1) . opt_eol("\1\1")}, '4:64:0:0:64240,15:ws,ts,eol+2:df,id+,ecn,0+,seq-,ack+,urgf+,pushf+,ts1-,ts2+,opt+,exws:+'],
    # Options of IP, and extension headers.
    ['ip-options', with_linux(ip_options => "\x01" x 40), '4:64:40:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0'],
    ['extension', {version => 6, extensions => [[60, "\0\x01\x04\0\0\0\0"]]}, '6:64:8:0:64240,0:::0'],
    ['extensions', {version => 6, extensions => [[0, "\0\x01\x04\0\0\0\0"], [43, "\1" . "\0" x 14], [44, "\0" x 7], [51, "\4" . "\0" x 22], [135, "\0" x 7]]},
        '6:64:64:0:64240,0:::0'],
    ['extension-unknown', {version => 6, extensions => [[99, "\0" x 7]]}, 'none'],
    ['extension-too-long', {version => 6, extensions => [[60, "\xff" . "\0" x 6]]}, 'none'],
    # Options of TCP.
    ['no-options', {id => 1}, '4:64:0:0:64240,0::df,id+:0'],
    ['forty-nops', {id => 1, options => "\1" x 40}, '4:64:0:0:64240,0:' . join(',', ('nop') x 40) . ':df,id+:0'],
    ['eol-first', {id => 1, options => "\0" x 40}, '4:64:0:0:64240,0:eol+39:df,id+:0'],
    ['sack', {id => 1, options => opt(5, 'x' x 8) . opt_nop() x 2}, '4:64:0:0:64240,0:sack,nop,nop:df,id+:0'],
    ['sack-longest', {id => 1, options => opt(5, 'x' x 32) . opt_nop() x 2}, '4:64:0:0:64240,0:sack,nop,nop:df,id+:0'],
    ['sack-short', {id => 1, options => opt(5, 'x' x 7) . "\1" x 3}, '4:64:0:0:64240,0:sack:df,id+,bad:0'],
    ['sack-long', {id => 1, options => opt(5, 'x' x 33) . "\1" x 5}, '4:64:0:0:64240,0:sack:df,id+,bad:0'],
    ['unknown', {id => 1, options => opt(255, 'xx') . opt(7, '') . opt_nop() x 2}, '4:64:0:0:64240,0:?255,?7,nop,nop:df,id+:0'],
    ['unknown-length-0', {id => 1, options => "\xfe\0\1\1"}, '4:64:0:0:64240,0:?254:df,id+,bad:0'],
    ['unknown-length-1', {id => 1, options => "\xfe\1\1\1"}, '4:64:0:0:64240,0:?254:df,id+,bad:0'],
    ['unknown-overrun', {id => 1, options => "\xfe\5xx"}, '4:64:0:0:64240,0:?254:df,id+,bad:0'],
    ['unknown-last', {id => 1, options => "\1\1\1\xfe"}, '4:64:0:0:64240,0:nop,nop,nop,?254:df,id+,bad:0'],
    ['mss-cut', {id => 1, options => "\1\2\4\5"}, '4:64:0:0:64240,0:nop,mss:df,id+,bad:0'],
    ['mss-length', {id => 1, options => "\2\5\5\xb4"}, '4:64:0:1460:mss*44,0:mss:df,id+,bad:0'],
    ['mss-twice', {id => 1, options => opt_mss(1400) . opt_mss(1460)}, '4:64:0:1460:mss*44,0:mss,mss:df,id+:0'],
    ['ws-cut', {id => 1, options => "\1\1\3\3"}, '4:64:0:0:64240,0:nop,nop,ws:df,id+,bad:0'],
    ['sok-cut', {id => 1, options => "\1\1\1\4"}, '4:64:0:0:64240,0:nop,nop,nop,sok:df,id+,bad:0'],
    ['ts-cut', {id => 1, options => "\x08\x0a" . 'x' x 6}, '4:64:0:0:64240,0:ts:df,id+,bad:0'],
    # What is no SYN.
    ['rst', with_linux(flags => 4), 'none'], ['syn-fin', with_linux(flags => 3), 'none'], ['ack', with_linux(flags => 16), 'none'],
    ['doff-4', with_linux(doff => 4), 'none'], ['doff-too-long', {doff => 6}, 'none'],
    ['udp', with_linux(), 'none', sub { substr $_[0], 9, 1, "\x11" }],
    ['ip-version-5', with_linux(), 'none', sub { substr $_[0], 0, 1, "\x55" }],
    ['ip-header-16', with_linux(), 'none', sub { substr $_[0], 0, 1, "\x44" }],
    ['ip-total-short', with_linux(), 'none', sub { substr $_[0], 2, 2, pack 'n', 30 }],
    ['ipv6-length-0', {version => 6}, 'none', sub { substr $_[0], 4, 2, "\0\0" }],
    ['empty', {}, 'none', sub { $_[0] = '' }],
);

sub cases { return @cases }

1;
