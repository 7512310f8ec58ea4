package Trap::Arm;

# Arm.pm: which arm of an experiment an address belongs to, by the formula in smtptrap.conf(5) alone,
# so that the trap's own answer can be compared with it.
#
#   my $e = Trap::Arm->new(key => $key, weights => {legacy => 50, modern => 50});
#   my $arm = $e->of('192.0.2.1');
#   my $address = $e->address('modern');    # one of 127.0.0.0/8 that belongs to it, not given before
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use Socket qw(AF_INET AF_INET6 inet_pton);

sub new {
    my ($class, %o) = @_;
    return bless {ipv4_prefix => 32, ipv6_prefix => 64, next => 0, %o}, $class;
}

sub _unit {
    my ($self, $ip) = @_;
    my $v4 = $ip !~ /:/;
    my $bytes = $v4 ? "\0" x 10 . "\xff\xff" . inet_pton(AF_INET, $ip) : inet_pton(AF_INET6, $ip);
    my $keep = $v4 ? 96 + $self->{ipv4_prefix} : $self->{ipv6_prefix};
    return pack 'B128', substr(unpack('B128', $bytes), 0, $keep) . '0' x (128 - $keep);
}

sub of {
    my ($self, $ip) = @_;
    my $unit = $self->_unit($ip);
    my %score;
    for my $name (keys %{$self->{weights}}) {
        my $h = unpack 'Q>', hmac_sha256($unit . $name, $self->{key});
        $score{$name} = -log((($h >> 12) + 0.5) / 2**52) / $self->{weights}{$name};
    }
    return (sort { $score{$a} <=> $score{$b} } keys %score)[0];
}

sub address {
    my ($self, $arm) = @_;
    while (1) {
        my $n = $self->{next}++;
        my $ip = sprintf '127.9.%d.%d', $n >> 8 & 255, $n & 255;
        return $ip if $self->of($ip) eq $arm;
        die "no address for the arm $arm\n" if $n == 65535;
    }
}

1;
