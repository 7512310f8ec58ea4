package Trap::Traffic;

# Traffic.pm: clients in processes of their own that send messages without end, and write down what
# was acknowledged: that is what a trap may never lose.
#
#   my $traffic = Trap::Traffic->new($trap, clients => 4, sizes => [100, 20000]);
#   ... break something ...
#   my %sent = $traffic->stop;      # id => SHA-256 of each message that was answered 250, or with
#                                   # "Kept as ID", as a rule may have it that refuses after keeping
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use MIME::Base64 qw(encode_base64);
use POSIX ();
use Time::HiRes qw(sleep time);
use Trap::Client;

# Options: clients; sizes [least, most]; bodies: so many different ones, else as many as messages;
# tls => share of sessions with STARTTLS (0 to 1); pause: seconds between messages;
# seconds: time-out of the client; from: senders, in turn.
sub new {
    my ($class, $trap, %o) = @_;
    my $self = bless {clients => 4, sizes => [100, 20000], tls => 0, pause => 0, seconds => 40, from => ['a@client.test'],
        dir => File::Temp::tempdir(CLEANUP => 1), owner => $$, pids => [], %o}, $class;
    for my $n (1 .. $self->{clients}) {
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            eval { $self->_client($n, $trap->address, $trap->port) };
            print STDERR "# traffic: $@" if $@;
            POSIX::_exit(0);
        }
        push @{$self->{pids}}, $pid;
    }
    return $self;
}

# One of those that all clients send again and again, under two headers.
sub _body_again {
    my ($self) = @_;
    my ($least, $most) = @{$self->{sizes}};
    my $number = int rand $self->{bodies};
    my $line = "this is body $number, which is sent again and again\r\n";
    my $lines = ($least + ($most - $least) * $number / $self->{bodies}) / length $line;
    return sprintf("Subject: %d\r\n\r\n", rand 2) . $line x (1 + $lines);
}

# Lines that do not compress.
sub _message {
    my ($self, $n, $count) = @_;
    my ($least, $most) = @{$self->{sizes}};
    return $self->_body_again if $self->{bodies};
    my $size = int($least + rand($most - $least));
    read $self->{random}, my $bytes, $size * 3 / 4 or die "/dev/urandom: $!";
    return "Subject: $n $count\r\n\r\n" . encode_base64($bytes, "\r\n");
}

# One process: sessions of up to ten messages until it is told to stop.
sub _client {
    my ($self, $n, $address, $port) = @_;
    my ($stop, $count) = (0, 0);
    local $SIG{TERM} = sub { $stop = 1 };
    srand($n * 1000003 ^ $$);
    open $self->{random}, '<:raw', '/dev/urandom' or die "/dev/urandom: $!";
    open my $log, '>>', "$self->{dir}/$n" or die "$self->{dir}/$n: $!";
    open my $refused, '>>', "$self->{dir}/$n.refused" or die "$!";
    while (!$stop) {
        my $ok = eval {
            my $c = Trap::Client->new(address => $address, port => $port, seconds => $self->{seconds},
                local => "127.3.0.$n");
            die "no banner\n" if !$c->banner || $c->banner->code != 220;
            $c->cmd('EHLO traffic.example') // die "closed\n";
            if (rand() < $self->{tls}) {
                $c->starttls;
                $c->cmd('EHLO traffic.example') // die "closed\n";
            }
            for (1 .. 10) {
                last if $stop;
                my $data = $self->_message($n, ++$count);
                my $from = $self->{from}[$count % @{$self->{from}}];
                my $r = $c->send_message(from => $from, data => $data) // die "closed\n";
                if ($r->text =~ /^(?:250 .*Queued|5\S+ \S+ Kept) as (\S+)/) {
                    syswrite $log, "$1 " . sha256_hex($data) . "\n";
                } else {
                    syswrite $refused, sprintf "%.3f %s", time, $r->text;
                    die "refused\n" if $r->code == 421;
                    $c->cmd('RSET') // die "closed\n";
                    sleep 0.05;
                }
                sleep $self->{pause} if $self->{pause};
            }
            $c->quit;
        };
        sleep 0.05 if !$ok && !$stop;
    }
}

sub _lines {
    my ($self, $suffix) = @_;
    my @lines;
    for my $n (1 .. $self->{clients}) {
        open my $f, '<', "$self->{dir}/$n$suffix" or next;
        push @lines, <$f>;
    }
    chomp @lines;
    return @lines;
}

# What was acknowledged so far: id => digest.
sub acknowledged { return map { split } $_[0]->_lines('') }

# Replies that refused a message so far: "time reply".
sub refused { return sort $_[0]->_lines('.refused') }

# Ask the clients to end their sessions, and wait for them.
sub stop {
    my ($self) = @_;
    kill 'TERM', @{$self->{pids}};
    waitpid $_, 0 for @{$self->{pids}};
    $self->{pids} = [];
    return $self->acknowledged;
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{owner};
    local ($?, $@);
    kill 'KILL', @{$self->{pids}};
    waitpid $_, 0 for @{$self->{pids}};
}

1;
