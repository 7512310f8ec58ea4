package Trap;

# Trap.pm: a running smtptrapd for one test: its own folder, address, ports, configuration, logs.
#
#   my $trap = Trap->new(conf => {limits => {errors => 5}, strictness => 'strict'});
#   my $c = $trap->client;                          # see Trap::Client
#   is($c->cmd('NOOP'), 250, 'NOOP gets 250');
#   my $record = $trap->session_of($c);             # its session record, waited for
#   $trap->done;                                    # stops it; exit status and own log are tests
#
# Options of new():
#   conf       blocks and top-level keys beyond the defaults; an array is a list of words.  Unlike
#              the daemon's own, memory { tls-failures } is 0 here
#   listeners  [{tls => 'implicit', name => ..., address => ...}, ...]; one without options is
#              the default.  Address and port are chosen: each test process has an address of
#              its own in 127.0.0.0/8, and ports of its own for addresses that others have too (::1,
#              0.0.0.0), so that tests can run in parallel.
#   tls        0: no certificates are configured (default 1)
#   root       1: stay root, with the daemon's own users; default: as nobody where we are root
#   start      0: do not start yet
#   logs       the log directory; default: in the test's folder
#   env        environment of the daemon
#
# The daemon is waited for through NOTIFY_SOCKET, never by a sleep.  Only processes that this
# module started are ever signalled: the daemon runs in a process group of its own.
use strict;
use warnings;
use Carp qw(croak);
use Cwd qw(abs_path);
use Digest::SHA;
use Exporter qw(import);
use Fcntl qw(:mode);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h WNOHANG strftime);
use Socket qw(SOCK_DGRAM);
use Test::More;
use Time::HiRes qw(sleep time);
use Trap::Cert;
use Trap::Client;
use Trap::File qw(slurp_or_empty spew);
use Trap::Log;
use Trap::Process;

our @EXPORT_OK = qw(wait_for wait_for_new_workers own_port);

our $BUILD = $ENV{TRAP_BUILD} // croak 'TRAP_BUILD is not set: run tests with t/run';
our $SOURCE = $ENV{TRAP_SOURCE} // croak 'TRAP_SOURCE is not set: run tests with t/run';

use constant START_SECONDS => 60;
use constant STOP_SECONDS => 60;
use constant PATIENCE => 90; # seconds for what has no other limit

# An address that no other test process has.
our $ADDRESS = sprintf '127.%d.%d.%d', 64 + ($$ >> 16), $$ >> 8 & 255, $$ & 255;
my $port = 2500;

# A port for an address that other tests use, too: none that another test process has, nor one that the
# kernel gives to who does not care.
use constant {OWN_PORTS => 4, FIRST_OWN => 20_000, PROCESSES => 3000};
my $own_ports = 0;
sub own_port {
    croak 'no more ports of its own' if $own_ports == OWN_PORTS;
    return FIRST_OWN + $$ % PROCESSES * OWN_PORTS + $own_ports++;
}

# What the daemon says in any run.
my @USUAL = (
    qr/ master: ready: smtptrap /, qr/ master: stopping$/, qr/ master: stopped$/,
    qr/ master: all \d+ workers are in use, and clients wait: /,
);

# Wait until what the code asks is true; returns 0 if that takes longer than so many seconds.
sub wait_for {
    my ($seconds, $sub) = @_;
    my $end = time + $seconds;
    while (!$sub->()) {
        return 0 if time > $end;
        sleep 0.05;
    }
    return 1;
}

# After a reload: wait until what the code asks of new connections is true of many in a row, as
# workers of the old configuration that were idle may still take some.
sub wait_for_new_workers {
    my ($sub) = @_;
    my $in_a_row = 0;
    return wait_for(180, sub { ($in_a_row = $sub->() ? $in_a_row + 1 : 0) == 20 });
}

sub new {
    my ($class, %o) = @_;
    my $self = bless {
        tls => 1, root => 0, start => 1, conf => {}, listeners => [{}], env => {}, expected => [],
        owner => $$, groups => {}, %o,
    }, $class;
    $self->{dir} = tempdir('trap-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    $self->{logs} //= "$self->{dir}/log";
    $_ = {address => $ADDRESS, port => ($_->{address} // '') =~ /^(?:::1?|0\.0\.0\.0)$/ && !$_->{port}
        ? own_port() : $port++, %$_} for @{$self->{listeners}};
    $self->_make_folders;
    $self->{log} = Trap::Log->new($self->{logs});
    $self->write_conf;
    $self->start if $self->{start};
    return $self;
}

sub port { $_[0]{listeners}[$_[1] // 0]{port} }
sub address { $_[0]{listeners}[$_[1] // 0]{address} }
sub pid { $_[0]{pid} }
sub dir { $_[0]{dir} }
sub logs { $_[0]{logs} }
sub conf_file { "$_[0]{dir}/smtptrap.conf" }

# A file of the data that the project shares, or undef where it is not at hand.
sub shared {
    my ($name) = @_;
    my $file = ($ENV{TRAP_SHARED} // "$SOURCE/../shared") . "/data/$name";
    return -e $file ? $file : undef;
}

# Was the daemon built with AddressSanitizer?
sub sanitized {
    return scalar(slurp_or_empty("$BUILD/config.h") =~ /^#define SANITIZED 1/m);
}

# ---- users and folders ----

sub _user {
    my ($self, $name) = @_;
    return if $> != 0;
    my $user = $self->{root} ? $name : 'nobody';
    if (!getpwnam $user) {
        system(qw(useradd --system --no-create-home --shell /usr/sbin/nologin), $user) == 0
            or getpwnam $user or croak "useradd $user failed";
    }
    return (getpwnam $user)[2, 3];
}

sub _make_folders {
    my ($self) = @_;
    chmod 0755, $self->{dir};
    make_path($self->{logs}, "$self->{dir}/run");
    my @user = $self->_user('_smtptraplog');
    return if !@user;
    chown @user, $self->{logs} or croak "chown $self->{logs}: $!";
    return if $self->{root};
    chown @user, "$self->{dir}/run" or croak "chown: $!";
}

# ---- configuration ----

sub _word {
    my ($value) = @_;
    return join ' ', map { _word($_) } @$value if ref $value eq 'ARRAY';
    return $value if $value =~ /^[\w.:+-][\w.:+\/-]*$/;
    return '"' . $value =~ s/(["\\])/\\$1/gr . '"';
}

sub _block {
    my ($name, $keys) = @_;
    return "$name {\n" . join('', map { "\t$_ " . _word($keys->{$_}) . "\n" } sort keys %$keys)
        . "}\n";
}

sub conf_text {
    my ($self) = @_;
    my %conf = (hostname => 'mx.trap.test', 'run-directory' => "$self->{dir}/run",
        %{$self->{conf}});
    $conf{log} = {directory => $self->{logs}, reserve => '1m', %{$conf{log} // {}}};
    $conf{workers} = {'spare-min' => 4, 'spare-max' => 16, max => 64, %{$conf{workers} // {}}};
    # Clients of one address fail on purpose, many times: only tests of the memory have it on.
    $conf{memory} = {'tls-failures' => 0, %{$conf{memory} // {}}};
    my $text = join '', map { "$_ " . _word($conf{$_}) . "\n" }
        grep { ref $conf{$_} ne 'HASH' } sort keys %conf;
    $text .= join '', map { _block('listen', $_) } @{$self->{listeners}};
    if ($self->{tls}) {
        my $pairs = join '', map { "\tcertificate " . _word($_->[0]) . "\n\tkey "
            . _word($_->[1]) . "\n" } Trap::Cert::pairs();
        my $more = _block('', delete $conf{tls} // {});
        $text .= 'tls {' . "\n$pairs" . $more =~ s/^ \{\n//r;
    }
    return $text . join '', map { _block($_, $conf{$_}) }
        grep { ref $conf{$_} eq 'HASH' } sort keys %conf;
}

sub write_conf {
    my ($self, $text) = @_;
    spew($self->conf_file, $text // $self->conf_text);
}

# ---- starting ----

sub _open_notify {
    my ($self) = @_;
    my $path = "$self->{dir}/notify";
    unlink $path;
    $self->{notify} = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path)
        or croak "$path: $!";
    chmod 0777, $path;
    $self->{notify}->blocking(0);
    $self->{notified} = [];
}

sub _command {
    my ($self) = @_;
    my @prefix = qw(setpriv --pdeathsig KILL);
    push @prefix, qw(--reuid nobody --regid nogroup --clear-groups) if $> == 0 && !$self->{root};
    return (@prefix, @{$self->{wrap} // []}, "$BUILD/smtptrapd", '-f', $self->conf_file);
}

# Start the daemon without waiting for it.
sub spawn {
    my ($self) = @_;
    croak 'started already' if $self->{pid};
    $self->_open_notify;
    my @command = $self->_command;
    my $pid = fork // croak "fork: $!";
    if ($pid == 0) {
        setpgrp;
        %ENV = (PATH => $ENV{PATH}, NOTIFY_SOCKET => "$self->{dir}/notify",
            map({ /^(?:ASAN|UBSAN)_/ ? ($_ => $ENV{$_}) : () } keys %ENV), %{$self->{env}});
        # Looking for leaks needs /proc, which is not within the root's chroot.
        $ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} // (), 'detect_leaks=0' if $self->{root};
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/daemon.log";
        open STDERR, '>&', \*STDOUT;
        $self->{before_exec}->() if $self->{before_exec};
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    setpgrp $pid, $pid; # whoever of us is first
    $self->{pid} = $pid;
    $self->{groups}{$pid} = 1;
    $self->{status} = undef;
}

# Start it and wait until it says READY=1.
sub start {
    my ($self) = @_;
    $self->spawn;
    $self->wait_notify(qr/^READY=1$/m, START_SECONDS);
    $self->{processes} = Trap::Process->new($self->{pid}, $self->{tls},
        ($self->{conf}{tls} // {})->{keyholders} // 1, exists(($self->{conf}{dns} // {})->{server}));
    return $self;
}

# All that came over NOTIFY_SOCKET since the start.
sub notified {
    my ($self) = @_;
    while (defined $self->{notify}->recv(my $text, 4096)) {
        push @{$self->{notified}}, $text;
    }
    return @{$self->{notified}};
}

# Wait for a notification; forget it and those before it.
sub wait_notify {
    my ($self, $pattern, $seconds) = @_;
    my $end = time + ($seconds // PATIENCE);
    while (1) {
        $self->notified;
        while (defined(my $text = shift @{$self->{notified}})) {
            return $text if $text =~ $pattern;
        }
        die "the daemon left with status $self->{status}:\n" . $self->log_text if $self->gone;
        die "no notification $pattern in time:\n" . $self->log_text if time > $end;
        sleep 0.01;
    }
}

# ---- signals and ends ----

sub signal { kill $_[1], $_[0]{pid} }
sub hup { $_[0]->signal('HUP') }
sub rotate { $_[0]->signal('USR1') }

# Has the master left?  Its wait status is in status() then.
sub gone {
    my ($self) = @_;
    return 1 if !$self->{pid};
    if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
        $self->{status} = $?;
        delete $self->{pid};
        return 1;
    }
    return 0;
}
sub status { $_[0]{status} }

# Wait until the master left by itself; its wait status, or undef if it does not leave.
sub wait_gone {
    my ($self, $seconds) = @_;
    my $end = time + ($seconds // STOP_SECONDS);
    while (!$self->gone) {
        return if time > $end;
        sleep 0.01;
    }
    return $self->{status};
}

# SIGTERM, then wait; the wait status.
sub stop {
    my ($self) = @_;
    return $self->{status} if $self->gone;
    $self->signal('TERM');
    my $status = $self->wait_gone;
    $self->kill_hard if !defined $status;
    return $status;
}

# The process groups of this trap that have living processes; others are forgotten, so that their
# numbers are never used again.
sub groups {
    my ($self) = @_;
    Trap::Process::group_lives($_) or delete $self->{groups}{$_} for keys %{$self->{groups}};
    return keys %{$self->{groups}};
}

# kill -9 to all processes of the daemon at once, also to those whose master is gone.
sub kill_hard {
    my ($self) = @_;
    kill 'KILL', map { -$_ } $self->groups;
    $self->wait_gone(10) if $self->{pid};
    my $end = time + 10;
    sleep 0.01 while $self->groups && time < $end;
}

sub restart { my ($self) = @_; my $s = $self->stop; $self->start; return $s }

sub processes { $_[0]{processes} }

# ---- what it says about itself ----

sub log_text {
    my ($self) = @_;
    return slurp_or_empty("$self->{dir}/daemon.log");
}

sub expect { my ($self, @patterns) = @_; push @{$self->{expected}}, @patterns }

sub unexpected {
    my ($self) = @_;
    my @known = (@USUAL, @{$self->{expected}});
    return grep { my $line = $_; !grep { $line =~ $_ } @known } split /\n/, $self->log_text;
}

sub wait_log {
    my ($self, $pattern, $seconds) = @_;
    my $end = time + ($seconds // PATIENCE);
    while ($self->log_text !~ $pattern) {
        return 0 if time > $end;
        sleep 0.02;
    }
    return 1;
}

# ---- clients and records ----

sub client {
    my ($self, %o) = @_;
    my $n = delete $o{listener} // 0;
    return Trap::Client->new(address => $self->address($n), port => $self->port($n), %o);
}

sub records { my ($self, $stream) = @_; return $self->{log}->records($stream) }
sub wait_record { my $self = shift; return $self->{log}->wait_record(@_) }
sub wait_count { my $self = shift; return $self->{log}->wait_count(@_) }
sub mails { $_[0]{log}->mails }
sub log { $_[0]{log} }

# The session record of this client.  The kernel may give a port again, so it began no earlier; and to
# clients of several listeners the same at once.
sub session_of {
    my ($self, $client, $seconds) = @_;
    my ($ip, $port, $to_ip, $to_port) = map { $client->$_ } qw(local_address local_port peer_address peer_port);
    my $began = $client->began - 0.01;
    my $ts = strftime('%Y-%m-%dT%H:%M:%S', gmtime $began) . sprintf '.%06d', 1e6 * ($began - int $began);
    return $self->wait_record('session', sub {
        ($_[0]{client_port} // 0) == $port && $_[0]{client_ip} eq $ip && $_[0]{ts} ge $ts
            && $_[0]{local_port} == $to_port && $_[0]{local_ip} eq $to_ip
    }, "session of $ip port $port", $seconds);
}

# The message records of a session.
sub messages_of {
    my ($self, $session) = @_;
    return grep { $_->{session_id} eq $session->{id} } $self->records('message');
}

# Run the reader on this trap's logs: (standard output, standard error, wait status).
sub smtptrap {
    my ($self, @args) = @_;
    return Trap::Process::run("$BUILD/smtptrap", '-d', $self->{logs}, @args);
}

# The SHA-256 of each message as smtptrap mail gives it, by id; and what it complains of.
sub mail_digests {
    my ($self) = @_;
    my $folder = tempdir(CLEANUP => 1);
    my (undef, $err) = $self->smtptrap('mail', '--eml', $folder);
    my %digest;
    for my $file (glob "$folder/*.eml") {
        my ($id) = $file =~ m{([^/]+)\.eml$};
        $digest{$id} = Digest::SHA->new(256)->addfile($file, 'b')->hexdigest;
        unlink $file;
    }
    return (\%digest, $err);
}

# What smtptrap status tells, as a structure.
sub table {
    my ($self) = @_;
    my ($out, $err, $status) = Trap::Process::run("$BUILD/smtptrap", '-f', $self->conf_file,
        'status', '--json');
    die "smtptrap status: $err" if $status != 0;
    return JSON::PP::decode_json($out);
}

# The process that serves this client.
sub worker_of {
    my ($self, $client) = @_;
    my ($slot) = grep { ($_->{client_port} // 0) == $client->local_port
        && $_->{client_ip} eq $client->local_address && $_->{local_port} == $client->peer_port }
        @{$self->table->{slots}};
    return $slot && $slot->{pid};
}

# ---- the end ----

# Stop and test that it left in order and said nothing that was not expected.
sub done {
    my ($self) = @_;
    my $status = $self->stop;
    is($status, 0, 'the trap leaves with status 0');
    is(join("\n", $self->unexpected), '', 'the trap says nothing about itself that was not expected');
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{owner};
    local ($?, $@);
    $self->kill_hard;
}

1;
