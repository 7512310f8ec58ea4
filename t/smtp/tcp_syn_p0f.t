#!/usr/bin/perl
# tcp_syn_p0f.t: signatures of SYNs equal those that p0f 3 writes, for random SYNs and for those of
# the cases.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Syn qw(p0f_signatures packet random_packet segment_of);
use Trap::SynCases qw(cases);

use constant RANDOM => 4000;

is(system("$Trap::SOURCE/t/tools/syns", '--check'), 0, 'the golden file and the corpus are those of the cases');
my $p0f = Trap::Process::program('p0f');
my $seed = $ENV{TRAP_SEED} // time;
note "TRAP_SEED=$seed";
srand $seed;

sub our_signatures {
    my (@segments) = @_;
    my ($out, $err, $status) = Trap::Process::run(\join('', map { unpack('H*', $_) . "\n" } @segments),
        "$Trap::BUILD/t/tools/synsig");
    die "synsig: $err" if $status;
    return split /\n/, $out;
}

# What p0f 3.09 does otherwise than its README says.
sub as_p0f {
    my ($signature, $keys, $segment) = @_;
    my @parts = split /:/, $signature, -1;
    my @quirks = split /,/, $parts[6];
    # It looks at one bit of the acknowledgement number.
    @quirks = grep { $_ ne 'ack+' } @quirks if !(($keys->{ack} // 0) >> 24 & 1);
    # It does not look at the last byte of the padding.
    my ($padding) = $parts[5] =~ /eol\+(\d+)/;
    my $doff = defined $padding ? substr $segment, -$padding, $padding : '';
    @quirks = grep { $_ ne 'opt+' } @quirks if $doff =~ /\A\0*.?\z/s;
    # It reads 24 options.
    my @options = split /,/, $parts[5];
    if (@options > 24) {
        $parts[5] = join ',', @options[0 .. 23];
        push @quirks, 'bad' if !grep { $_ eq 'bad' } @quirks;
    }
    $parts[6] = join ',', @quirks;
    return join ':', @parts;
}

sub compare {
    my ($title, @syns) = @_;    # [packet, keys, name]
    my %theirs = p0f_signatures($p0f, map { $_->[0] } @syns);
    my @segments = map { segment_of($_->[0], %{$_->[1]}) } @syns;
    my @ours = our_signatures(@segments);
    my ($same, @other) = (0);
    for my $i (0 .. $#syns) {
        my $keys = $syns[$i][1];
        my $expected = $theirs{$keys->{sport}} // 'none';
        my $got = as_p0f($ours[$i], $keys, $segments[$i]);
        $got eq $expected ? $same++ : push @other, "$expected by p0f is $ours[$i] " . unpack 'H*', $segments[$i];
    }
    is(join("\n", splice @other, 0, 10), '', "$title: the signatures are p0f's");
    is($same, scalar @syns, "$title: of all of them");
}

if (!$p0f) {
    SKIP: { skip 'p0f is not installed', 1 }
    done_testing;
    exit;
}
my $port = 1024;
compare('random SYNs', map { [random_packet(sport => $port++, broken => $_ % 3 == 0)] } 1 .. RANDOM);
# p0f takes no ACK, no extension headers, and no segment that is none.
compare('cases', map { my %keys = (%{$_->[1]}, sport => $port++); [packet(%keys), \%keys] }
    grep { !$_->[3] && $_->[2] ne 'none' && !$_->[1]{extensions} && $_->[0] ne 'ack-flag-zero' } cases());
done_testing;
