package Trap::DNS;

# DNS.pm: DNS servers on loopback for tests: Debian's nsd and rbldnsd, and one of Perl that does what
# no honest server does.
#
#   my $dns = Trap::DNS->nsd({'example.test' => "\@ IN MX 10 mx\nmx IN A 198.51.100.1\n"});
#   my $dns = Trap::DNS->rbldnsd('bl.test' => {ip4set => ":127.0.0.2:why\n192.0.2.1\n"});
#   my $dns = Trap::DNS->odd(sub { my ($q, $proto) = @_; ... return @replies });
#   $dns->server                    # "ADDRESS:PORT" for the configuration
#
# odd's function gets {name, type, id, packet (a Net::DNS::Packet), raw}, and "udp" or "tcp";
# it returns replies: Net::DNS::Packet objects or raw bytes; \SECONDS among them delays the rest
# (others are served meanwhile).  It runs in a process of its own.
#
# Each server has an address of its own beside the test's, and is killed with its object.
use strict;
use warnings;
use Carp qw(croak);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::IP;
use Time::HiRes qw(sleep time);
use Trap::File qw(slurp_or_empty spew);
use Trap::Process;

use constant PORT => 5353;
my $next = 0;

# 127.0.0.0/8 has room: the test's address is 127.(64+).x.y, servers take 127.(16..63).x.y.
sub _address {
    return sprintf '127.%d.%d.%d', 16 + $next++, $$ >> 8 & 255, $$ & 255;
}

sub _new {
    my ($class, %o) = @_;
    my $self = bless {address => _address(), port => PORT, owner => $$, %o}, $class;
    $self->{dir} = tempdir('dns-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chmod 0755, $self->{dir};
    return $self;
}

sub server { "$_[0]{address}:$_[0]{port}" }
sub pid { $_[0]{pid} }

# ---- what they need ----

sub missing {
    my @missing = grep { !Trap::Process::program($_) } qw(nsd rbldnsd);
    push @missing, 'Net::DNS' if !eval { require Net::DNS; 1 };
    return @missing;
}

sub write_file {
    my ($self, $name, $text) = @_;
    return spew("$self->{dir}/$name", $text);
}

sub _spawn {
    my ($self, @command) = @_;
    my $parent = $$;
    my $pid = fork // croak "fork: $!";
    if ($pid == 0) {
        setpgrp;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/server.log";
        open STDERR, '>&', \*STDOUT;
        if (ref $command[0]) { $command[0]->(); POSIX::_exit(0) }
        exec {$command[0]} @command or POSIX::_exit(127);
    }
    setpgrp $pid, $pid;
    $self->{pid} = $pid;
}

# Wait until it answers this question in any way.
sub _wait {
    my ($self, $name) = @_;
    require Net::DNS;
    my $end = time + 20;
    while (time < $end) {
        my $r = Net::DNS::Resolver->new(nameservers => [$self->{address}], port => $self->{port},
            udp_timeout => 0.3, retry => 1, recurse => 0);
        return $self if $r->send($name, 'SOA');
        sleep 0.05;
    }
    die 'the DNS server does not answer: ' . slurp_or_empty("$self->{dir}/server.log");
}

# ---- nsd ----

sub nsd {
    my ($class, $zones, %o) = @_;
    my $self = $class->_new(%o);
    my $dir = $self->{dir};
    my $text = join "\n\t", 'server:', "ip-address: $self->{address}\@$self->{port}",
        'server-count: 1', "zonesdir: \"$dir\"", 'database: ""', "pidfile: \"$dir/nsd.pid\"",
        "xfrdfile: \"$dir/xfrd\"", "zonelistfile: \"$dir/zones\"", "xfrdir: \"$dir\"",
        'username: ""', 'chroot: ""', 'rrl-ratelimit: 0', "minimal-responses: no\n";
    $text .= "remote-control:\n\tcontrol-enable: no\n";
    for my $zone (sort keys %$zones) {
        $self->write_file("$zone.zone", "\$ORIGIN $zone.\n\$TTL 300\n"
            . "\@ IN SOA ns hostmaster 1 3600 600 86400 60\n\@ IN NS ns\nns IN A 198.51.100.53\n"
            . $zones->{$zone});
        $text .= "zone:\n\tname: \"$zone\"\n\tzonefile: \"$zone.zone\"\n";
    }
    $self->_spawn(Trap::Process::program('nsd'), '-d', '-c', $self->write_file('nsd.conf', $text));
    return $self->_wait((sort keys %$zones)[0]);
}

# The name below ip6.arpa or in-addr.arpa.
sub reverse_name {
    my ($ip) = @_;
    return join('.', reverse split /\./, $ip) . '.in-addr.arpa' if $ip !~ /:/;
    my $hex = unpack 'H*', Socket::inet_pton(Socket::AF_INET6(), $ip);
    return join('.', reverse split //, $hex) . '.ip6.arpa';
}

# ---- rbldnsd ----

sub rbldnsd {
    my ($class, %zones) = @_;
    my $self = $class->_new;
    my @sets;
    for my $zone (sort keys %zones) {
        for my $type (sort keys %{$zones{$zone}}) {
            $self->write_file("$zone.$type", '$SOA 300 ns.test hostmaster.test 0 600 300 86400 60' . "\n"
                . $zones{$zone}{$type});
            push @sets, "$zone:$type:$zone.$type";
        }
    }
    my @user = $> == 0 ? (qw(-u nobody)) : ();
    chmod 0644, glob "$self->{dir}/*";
    $self->_spawn(Trap::Process::program('rbldnsd'), '-n', @user, '-w', $self->{dir}, '-b',
        "$self->{address}/$self->{port}", @sets);
    return $self->_wait((sort keys %zones)[0]);
}

# ---- one that does anything ----

sub _question {
    my ($raw) = @_;
    my $packet = Net::DNS::Packet->new(\$raw) or return;
    my ($q) = $packet->question or return;
    return {name => lc $q->qname, type => $q->qtype, id => $packet->header->id, packet => $packet,
        raw => $raw};
}

# An answer to the question with these records, as zone file lines.
sub reply {
    my ($q, %o) = @_;
    my $r = $q->{packet}->reply;
    $r->header->rcode($o{rcode} // 'NOERROR');
    $r->header->ra(1);
    $r->push(answer => map { ref $_ ? $_ : Net::DNS::RR->new($_) } @{$o{answer} // []});
    $r->push(authority => map { ref $_ ? $_ : Net::DNS::RR->new($_) } @{$o{authority} // []});
    return $r;
}

sub _bytes { ref $_[0] ? $_[0]->data : $_[0] }

sub _serve {
    my ($self, $code, $udp, $tcp) = @_;
    local $SIG{PIPE} = 'IGNORE'; # who asked may be gone
    my $select = IO::Select->new($udp, $tcp);
    my (@later, %peer);
    while (1) {
        my $now = time;
        for my $due (grep { $_->[0] <= $now } @later) { $due->[1]->() }
        @later = sort { $a->[0] <=> $b->[0] } grep { $_->[0] > $now } @later;
        for my $s ($select->can_read(@later ? $later[0][0] - $now : 10)) {
            if ($s == $tcp) { my $c = $tcp->accept; $select->add($c) if $c; next }
            my ($raw, $send);
            if ($s == $udp) {
                my $from = $udp->recv($raw, 65535) // next;
                $send = sub { $udp->send($_[0], 0, $from) };
            } else {
                my $len = '';
                if (!sysread($s, $len, 2) || !sysread($s, $raw, unpack 'n', $len)) {
                    $select->remove($s);
                    close $s;
                    next;
                }
                $send = sub { syswrite $s, pack('n', length $_[0]) . $_[0] };
            }
            my $q = _question($raw) // next;
            my $at = time;
            for my $reply ($code->($q, $s == $udp ? 'udp' : 'tcp')) {
                if (ref $reply eq 'SCALAR') { $at += $$reply; next }
                my $bytes = _bytes($reply);
                if ($at > time) { push @later, [$at, sub { $send->($bytes) }] } else { $send->($bytes) }
            }
            @later = sort { $a->[0] <=> $b->[0] } @later;
        }
    }
}

# In the place of a server that was stopped.
sub odd_at {
    my ($class, $before, $code) = @_;
    return $class->odd($code, address => $before->{address});
}

sub odd {
    my ($class, $code, %o) = @_;
    require Net::DNS;
    my $self = $class->_new(%o);
    my %at = (LocalHost => $self->{address}, LocalPort => $self->{port}, ReuseAddr => 1);
    my $udp = IO::Socket::IP->new(%at, Proto => 'udp') or croak "$self->{address}: $@";
    my $tcp = IO::Socket::IP->new(%at, Proto => 'tcp', Listen => 64) or croak "$self->{address}: $@";
    setsockopt $udp, Socket::SOL_SOCKET(), Socket::SO_RCVBUF(), 4 * 1024 * 1024;
    $self->_spawn(sub { $self->_serve($code, $udp, $tcp) });
    return $self;
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} // return;
    kill 'KILL', -$pid;
    waitpid $pid, 0;
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{owner};
    local ($?, $@);
    $self->stop;
}

1;
