package Trap::Shipper;

# Shipper.pm: a smtptrap-ship of one test, with its configuration and state in a folder.
#
#   my $ship = Trap::Shipper->new(nats => $nats, logs => $trap->logs, sensor => 'mx1');
#   my ($out, $err, $status) = $ship->run('--setup');
#   $ship->start;                                  # follows the logs
#   $ship->kill;                                   # kill -9; start() goes on from the checkpoint
#   is($ship->stop, 0, 'it leaves in order');
#
# Options of new(): nats (a Trap::Nats) or servers; logs; sensor; conf: more top-level keys;
# nats_conf, setup, mail: more keys of these blocks; stdout: a file for what start() has written there
# (else with what it says, in log_text()); wrap: a command before it, for start().  Servers have half a
# minute to take a connection: what is not to be tried for long (stop) is tried once all the same.
#
# Processes are children of the test and die with it; only they are ever signalled, by number.
use strict;
use warnings;
use Carp qw(croak);
use File::Temp qw(tempdir);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);
use Trap qw(wait_for);
use Trap::File qw(slurp_or_empty spew);
use Trap::Process;

use constant STOP_SECONDS => 60;

sub new {
    my ($class, %o) = @_;
    my $self = bless {sensor => 'mx1', conf => {}, nats_conf => {}, setup => {}, mail => {}, owner => $$,
        logs => undef, %o}, $class;
    $self->{dir} = tempdir('ship-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    $self->{logs} //= "$self->{dir}/log";
    mkdir $_ for "$self->{dir}/state", "$self->{dir}/log";
    $self->{servers} //= [$self->{nats} ? $self->{nats}->urls : 'nats://127.0.0.1:1'];
    $self->{nats_conf} = {'connect-timeout' => '30s', %{$self->{nats_conf}}};
    $self->{setup}{replicas} //= $self->{nats}{nodes} if $self->{nats};
    $self->write_conf;
    return $self;
}

sub dir { $_[0]{dir} }
sub conf_file { "$_[0]{dir}/ship.conf" }
sub stream { $_[0]{nats_conf}{stream} // 'SMTPTRAP' }

sub _keys {
    my ($indent, %keys) = @_;
    return join '', map { "$indent$_ $keys{$_}\n" } sort keys %keys;
}

sub write_conf {
    my ($self) = @_;
    my $servers = join '', map { "\tserver \"$_\"\n" } @{$self->{servers}};
    spew($self->conf_file, "log-directory \"$self->{logs}\"\nstate-directory \"$self->{dir}/state\"\n",
        "sensor $self->{sensor}\n", _keys('', %{$self->{conf}}),
        "nats {\n$servers", _keys("\t", %{$self->{nats_conf}}), "}\n",
        "setup {\n", _keys("\t", %{$self->{setup}}), "}\n",
        "mail {\n", _keys("\t", %{$self->{mail}}), "}\n");
}

sub _command { my ($self, @arguments) = @_; return ("$Trap::BUILD/smtptrap-ship", '-f', $self->conf_file, @arguments) }

# Run it to its end: (standard output, standard error, wait status).
sub run {
    my ($self, @arguments) = @_;
    return Trap::Process::run($self->_command(@arguments));
}

# Start it, following the logs or with these arguments.
sub start {
    my ($self, @arguments) = @_;
    croak 'started already' if $self->{pid};
    my $pid = fork // croak "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>>', "$self->{dir}/ship.log";
        $self->{stdout} ? open(STDOUT, '>>', $self->{stdout}) : open(STDOUT, '>&', \*STDERR);
        exec qw(setpriv --pdeathsig KILL), @{$self->{wrap} // []}, $self->_command(@arguments)
            or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
}

sub pid { $_[0]{pid} }

# Has it left?  Its wait status is in status() then.
sub gone {
    my ($self) = @_;
    return 1 if !$self->{pid};
    return 0 if waitpid($self->{pid}, WNOHANG) != $self->{pid};
    $self->{status} = $?;
    delete $self->{pid};
    return 1;
}
sub status { $_[0]{status} }

# Wait until it left by itself: its wait status, or undef.
sub wait_gone {
    my ($self, $seconds) = @_;
    return wait_for($seconds // STOP_SECONDS, sub { $self->gone }) ? $self->{status} : undef;
}

sub kill {
    my ($self) = @_;
    my $pid = delete $self->{pid} // return;
    CORE::kill('KILL', $pid);
    waitpid $pid, 0;
}

# SIGTERM; the wait status.
sub stop {
    my ($self) = @_;
    return $self->{status} if !$self->{pid};
    CORE::kill('TERM', $self->{pid});
    my $status = $self->wait_gone;
    $self->kill if !defined $status;
    return $status;
}

# Wait until it has said this; the text so far.
sub wait_said {
    my ($self, $what) = @_;
    wait_for(STOP_SECONDS, sub { $self->log_text =~ $what }) or croak "never said: $what\n" . $self->log_text;
    return $self->log_text;
}

# The most memory that it ever had, in KiB; undef if it does not run.
sub peak_kib {
    my ($self) = @_;
    my ($kib) = slurp_or_empty("/proc/$self->{pid}/status") =~ /^VmHWM:\s+(\d+)/m;
    return $kib;
}

sub log_text {
    my ($self) = @_;
    return slurp_or_empty("$self->{dir}/ship.log");
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{owner};
    local ($?, $@);
    $self->kill;
}

1;
