package Trap::Nats;

# Nats.pm: NATS servers of one test: one, or a cluster of three, with JetStream in a folder of the
# test and ports on its own address.
#
#   plan skip_all => $why if $why = Trap::Nats::missing();
#   my $nats = Trap::Nats->new(nodes => 3);
#   $nats->urls;                          # what clients connect to
#   $nats->kill('KILL', $nats->leader('smtptrap'));
#   my %count = $nats->ids('smtptrap');   # Nats-Msg-Id => how often, read past smtptrap-ship
#
# Options of new():
#   nodes     1 (default) or 3
#   server    more lines of each server's configuration, for example of accounts and TLS
#   user      [name, password] of this module's own client
#   start     0: do not start yet
#
# The servers are children of the test and die with it; only they are ever signalled, by number.
use strict;
use warnings;
use Carp qw(croak);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use POSIX qw(WNOHANG);
use Scalar::Util qw(weaken);
use Time::HiRes qw(sleep time);
use Trap qw(wait_for);
use Trap::File qw(slurp_or_empty spew);

use constant READY_SECONDS => 240; # on a machine that does much else
use constant {CLIENT => 4222, CLUSTER => 6222, MONITOR => 8222};
use constant ASKED_AT_ONCE => 200; # messages

my $JSON = JSON::PP->new;

# Servers end before their folders are removed.
my @all;
END {
    local $?;
    $_->kill('KILL') for grep { defined && $_->{owner} == $$ } @all;
}

# To a server that may be gone.
sub _print {
    my ($to, @text) = @_;
    local $SIG{PIPE} = 'IGNORE';
    print $to @text;
}

# Why these tests cannot run here, or undef.
sub missing {
    return "smtptrap-ship was built without libnats" if !-x "$Trap::BUILD/smtptrap-ship";
    return grep({ -x "$_/nats-server" } split(/:/, $ENV{PATH}), '/usr/sbin') ? undef
        : 'there is no nats-server';
}

sub new {
    my ($class, %o) = @_;
    my $self = bless {nodes => 1, server => '', start => 1, pids => {}, owner => $$, %o}, $class;
    push @all, $self;
    weaken($all[-1]);
    $self->{dir} = tempdir('nats-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    $self->{address} = $Trap::ADDRESS;
    $self->_write_conf($_) for 1 .. $self->{nodes};
    if ($self->{start}) {
        $self->start;
        $self->wait_ready;
    }
    return $self;
}

sub dir { $_[0]{dir} }
sub nodes { 1 .. $_[0]{nodes} }
sub urls { my ($self) = @_; return map { "nats://$self->{address}:" . (CLIENT + $_) } $self->nodes }
sub pid { $_[0]{pids}{$_[1]} }

sub _write_conf {
    my ($self, $n) = @_;
    my $at = $self->{address};
    my $routes = join ', ', map { "\"nats-route://$at:" . (CLUSTER + $_) . '"' } $self->nodes;
    make_path("$self->{dir}/$n");
    spew("$self->{dir}/$n.conf", "server_name: n$n\nlisten: \"$at:", CLIENT + $n, "\"\nhttp: \"$at:", MONITOR + $n,
        "\"\njetstream { store_dir: \"$self->{dir}/$n\", max_mem: 64M, max_file: 8G }\n",
        $self->{nodes} > 1
        ? "cluster { name: trap, listen: \"$at:" . (CLUSTER + $n) . "\", routes: [$routes] }\n" : '',
        $self->{server});
}

# ---- starting and ending ----

# Start these servers, or all.
sub start {
    my ($self, @n) = @_;
    for my $n (@n ? @n : $self->nodes) {
        croak "server $n runs" if $self->{pids}{$n};
        my $pid = fork // croak "fork: $!";
        if ($pid == 0) {
            open STDIN, '<', '/dev/null';
            open STDOUT, '>>', "$self->{dir}/$n.log";
            open STDERR, '>&', \*STDOUT;
            $ENV{PATH} .= ':/usr/sbin';
            exec qw(setpriv --pdeathsig KILL nats-server -c), "$self->{dir}/$n.conf"
                or POSIX::_exit(127);
        }
        $self->{pids}{$n} = $pid;
    }
}

# Signal these servers, or all, and wait until they are gone.
sub kill {
    my ($self, $signal, @n) = @_;
    my @these = grep { $self->{pids}{$_} } @n ? @n : $self->nodes;
    CORE::kill($signal, map { $self->{pids}{$_} } @these);
    waitpid delete $self->{pids}{$_}, 0 for @these;
}

# Take from a server that is not running all it has stored.
sub empty_store {
    my ($self, $n) = @_;
    croak "server $n runs" if $self->{pids}{$n};
    remove_tree("$self->{dir}/$n", {keep_root => 1});
}

sub log_text {
    my ($self, $n) = @_;
    return slurp_or_empty("$self->{dir}/$n.log");
}

sub _alive {
    my ($self) = @_;
    for my $n (sort keys %{$self->{pids}}) {
        die "nats-server $n left:\n" . $self->log_text($n)
            if waitpid($self->{pids}{$n}, WNOHANG) == $self->{pids}{$n};
    }
}

# What the monitoring endpoint of a server says, as a structure; undef if it does not.
sub monitor {
    my ($self, $n, $path) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => $self->{address}, PeerPort => MONITOR + $n,
        Timeout => 5) or return;
    _print $s, "GET $path HTTP/1.0\r\nHost: $self->{address}\r\n\r\n";
    my $text = do { local $/; <$s> } // '';
    my ($body) = $text =~ /^HTTP\/1\.[01] 200 .*?\r\n\r\n(.*)/s or return;
    return eval { $JSON->decode($body) };
}

# Do the servers that run serve clients, and have they elected leaders?
sub is_ready {
    my ($self) = @_;
    $self->_alive;
    for my $n (keys %{$self->{pids}}) {
        my $health = $self->monitor($n, '/healthz') // return 0;
        return 0 if ($health->{status} // '') ne 'ok';
        next if $self->{nodes} == 1;
        my $jsz = $self->monitor($n, '/jsz') // return 0;
        return 0 if !length(($jsz->{meta_cluster} // {})->{leader} // '');
    }
    return 1;
}

# Wait until that is so.
sub wait_ready {
    my ($self) = @_;
    return if wait_for(READY_SECONDS, sub { $self->is_ready });
    die "NATS is not ready:\n", map { $self->log_text($_) } $self->nodes;
}

# ---- streams ----

# A stream as one server knows it; undef if it does not, or does not answer.
sub _stream_of {
    my ($self, $n, $name) = @_;
    my $jsz = $self->monitor($n, '/jsz?accounts=1&streams=1&config=1') // return;
    my ($stream) = grep { $_->{name} eq $name } map { @{$_->{stream_detail} // []} } @{$jsz->{account_details} // []};
    return $stream;
}

# The state and the cluster of a stream as its leader knows it, or else the first server that answers.
sub stream {
    my ($self, $name) = @_;
    my $any;
    for my $n (sort keys %{$self->{pids}}) {
        my $stream = $self->_stream_of($n, $name) // next;
        return $stream if (($stream->{cluster} // {})->{leader} // '') eq "n$n";
        $any //= $stream;
    }
    return $any;
}

# Wait until each server that runs has so many messages of the stream itself, whoever leads: a consumer
# reads from any of them.  False if one has more, or is late.
sub everywhere {
    my ($self, $name, $count) = @_;
    my @has;
    wait_for(READY_SECONDS, sub {
        @has = map { (($self->_stream_of($_, $name) // {})->{state} // {})->{messages} // -1 }
            sort keys %{$self->{pids}};
        return !grep { $_ != $count } @has;
    }) or warn "$name: the servers have @has of $count messages\n";
    return !grep { $_ != $count } @has;
}

# The number of the server that leads the stream, waited for.
sub leader {
    my ($self, $name) = @_;
    my $leader;
    wait_for(READY_SECONDS, sub {
        my $stream = $self->stream($name) // return 0;
        ($leader) = (($stream->{cluster} // {})->{leader} // '') =~ /^n(\d+)$/;
        return defined $leader && $self->{pids}{$leader};
    }) or die "stream $name has no leader\n";
    return $leader;
}

sub messages {
    my ($self, $name) = @_;
    return (($self->stream($name) // {})->{state} // {})->{messages} // 0;
}

# ---- a client of its own ----

# To this server, or the first that takes it.
sub _connect {
    my ($self, $server) = @_;
    for my $n ($server // sort keys %{$self->{pids}}) {
        my $s = IO::Socket::INET->new(PeerAddr => $self->{address}, PeerPort => CLIENT + $n,
            Timeout => 5) or next;
        my ($user, $password) = @{$self->{user} // []};
        my %login = defined $user ? (user => $user, pass => $password) : ();
        (<$s> // '') =~ /^INFO / or next;
        my $options = $JSON->encode({verbose => JSON::PP::false, pedantic => JSON::PP::false,
            headers => JSON::PP::true, lang => 'perl', version => '0', protocol => 1, %login});
        _print $s, "CONNECT $options\r\nPING\r\n";
        return {s => $s, inbox => "_INBOX.test$$." . int(rand 1e9)} if (<$s> // '') =~ /^PONG/;
    }
    die "no NATS server takes a connection\n";
}

# The next message: {subject, reply, head, body}; undef after so many seconds without one.
sub _next {
    my ($c, $seconds) = @_;
    return shift @{$c->{kept}} if @{$c->{kept} // []};
    my $message;
    local $SIG{ALRM} = sub { die "late\n" };
    my $in_time = eval {
        alarm $seconds;
        while (defined(my $line = readline $c->{s})) {
            _print $c->{s}, "PONG\r\n" if $line =~ /^PING/;
            die "NATS: $line" if $line =~ /^-ERR/;
            my ($with_head, $subject, @rest) = $line =~ /^(H?)MSG (\S+) \S+ (.*)\r/ or next;
            @rest = split / /, $rest[0];
            my $all = pop @rest;
            my $head = $with_head ? pop @rest : 0;
            read($c->{s}, my $bytes, $all + 2) == $all + 2 or die "NATS: short message\n";
            $message = {subject => $subject, reply => $rest[0] // '', head => substr($bytes, 0, $head),
                body => substr($bytes, $head, $all - $head)};
            last;
        }
        alarm 0;
        1;
    };
    alarm 0;
    die $@ if !$in_time && $@ ne "late\n";
    return $message;
}

sub _request {
    my ($c, $subject, $body) = @_;
    my $text = $JSON->encode($body);
    my $inbox = "$c->{inbox}." . ++$c->{count};
    my $sid = "r$c->{count}";
    _print $c->{s}, "SUB $inbox $sid\r\nPUB $subject $inbox ", length $text, "\r\n$text\r\nUNSUB $sid 1\r\n";
    my ($reply, @kept);
    while (($reply = _next($c, 20) // die "no reply to $subject\n")->{subject} ne $inbox) {
        push @kept, $reply; # a consumer may deliver before it is told to be there
    }
    $c->{kept} = \@kept;
    die "$subject: $reply->{head}\n" if !length $reply->{body};
    return $JSON->decode($reply->{body});
}

# A request to the JetStream API (CONSUMER.NAMES.smtptrap, say), decoded.
sub api {
    my ($self, $call, $body) = @_;
    return _request($self->_connect, "\$JS.API.$call", $body // {});
}

# Add a message to a subject, as any client could, with these headers; the stream's acknowledgement,
# decoded.
sub publish {
    my ($self, $subject, $text, %head) = @_;
    my $c = $self->_connect;
    my $head = join '', "NATS/1.0\r\n", (map { "$_: $head{$_}\r\n" } sort keys %head), "\r\n";
    my $sizes = length($head) . ' ' . (length($head) + length $text);
    _print $c->{s}, "SUB $c->{inbox} p\r\nHPUB $subject $c->{inbox} $sizes\r\n$head$text\r\n";
    my $reply = _next($c, 20) // die "no reply to $subject\n";
    return length $reply->{body} ? $JSON->decode($reply->{body}) : {error => $reply->{head}};
}

# All messages of a stream, in order: {seq, subject, head, body} each.
sub contents {
    my ($self, $name) = @_;
    my $state = $self->api("STREAM.INFO.$name")->{state};
    my $c = $self->_connect;
    my @all;
    for my $seq ($state->{first_seq} .. $state->{last_seq}) {
        my $m = _request($c, "\$JS.API.STREAM.MSG.GET.$name", {seq => $seq})->{message} // next;
        push @all, {seq => $seq, subject => $m->{subject}, head => decode_base64($m->{hdrs} // ''),
            body => decode_base64($m->{data} // '')};
    }
    return @all;
}

# Call on_head(number, header) for each message from $from to $to, in any order, as the stream's leader
# has it (undef: it has none of that number).  Each is asked for by its number, so that reading itself
# can neither leave one out nor give one twice; what is not answered is asked for again.
sub _leaders_heads {
    my ($self, $name, $from, $to, $on_head) = @_;
    my %wanted = map { $_ => 1 } $from .. $to;
    for (my $tries = 0; %wanted; $tries++) {
        die scalar keys %wanted, " messages of $name cannot be read\n" if $tries == 10;
        my $c = $self->_connect($self->leader($name));
        my @ask = sort { $a <=> $b } keys %wanted;
        my $ask = sub {
            my $n = shift @ask // return;
            my $text = "{\"seq\":$n}";
            _print $c->{s}, "PUB \$JS.API.STREAM.MSG.GET.$name $c->{inbox}.$n ", length $text, "\r\n$text\r\n";
        };
        _print $c->{s}, "SUB $c->{inbox}.* g\r\n";
        $ask->() for 1 .. ASKED_AT_ONCE;
        while (%wanted) {
            my $m = _next($c, 10) // last;
            my ($n) = $m->{subject} =~ /\.(\d+)$/;
            my $none = $m->{body} =~ /"err_code":10037\b/;
            next if !$none && $m->{body} !~ /"message":\{/ || !delete $wanted{$n};
            my ($head) = $m->{body} =~ /"hdrs":"([^"]*)"/;
            $on_head->($n, $none ? undef : decode_base64($head // ''));
            $ask->();
        }
    }
}

# Call on_head(number, header) for each message that this server itself has, whoever leads, in
# order.  A consumer reads where it is led: more of them are made until one is led there.
sub _replicas_heads {
    my ($self, $name, $server, $from, $to, $on_head) = @_;
    for (1 .. 60) {
        my $c = $self->_connect($server);
        _print $c->{s}, "SUB $c->{inbox}.d d\r\n";
        my $made = _request($c, "\$JS.API.CONSUMER.CREATE.$name", {stream_name => $name, config => {
            deliver_subject => "$c->{inbox}.d", deliver_policy => 'by_start_sequence',
            opt_start_seq => $from, ack_policy => 'none', replay_policy => 'instant',
            headers_only => JSON::PP::true, mem_storage => JSON::PP::true, num_replicas => 1}});
        my $there = !$made->{error} && (($made->{cluster} // {})->{leader} // '') eq "n$server";
        while ($there && $from <= $to) {
            my $m = _next($c, 10) // last;
            my ($n) = $m->{reply} =~ /^\$JS\.ACK\.\Q$name\E\.[^.]+\.\d+\.(\d+)\./ or die "odd reply $m->{reply}\n";
            next if $n < $from;
            $on_head->($n, $m->{head});
            $from = $n + 1;
        }
        $self->api("CONSUMER.DELETE.$name.$made->{name}") if $made->{name};
        return if $from > $to;
    }
    die "server $server: $name cannot be read from message $from on\n";
}

sub _id { my ($head) = @_; return ($head // '') =~ /^Nats-Msg-Id: (.*)\r$/m ? $1 : 'none' }

# The numbers of each Nats-Msg-Id in the stream, as its leader has it, or this server: id => [number...].
sub numbers {
    my ($self, $name, $server) = @_;
    my %at;
    my $state = $self->api("STREAM.INFO.$name")->{state};
    my @from_to = @$state{qw(first_seq last_seq)};
    my $take = sub { push @{$at{_id($_[1])}}, $_[0] if defined $_[1] };
    defined $server ? $self->_replicas_heads($name, $server, @from_to, $take)
        : $self->_leaders_heads($name, @from_to, $take);
    return %at;
}

# How often each Nats-Msg-Id is in the stream, as its leader has it.
sub ids {
    my %at = numbers(@_);
    return map { $_ => scalar @{$at{$_}} } keys %at;
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{owner};
    local ($?, $@);
    $self->kill('KILL');
}

1;
