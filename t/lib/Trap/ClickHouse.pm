package Trap::ClickHouse;

# ClickHouse.pm: a ClickHouse server of a test: its own folder and port, gone with it.
#
#   my $why = Trap::ClickHouse::missing();         # undef, or what is not installed
#   my $server = Trap::ClickHouse->new;            # dies if it does not start
#   $server->file($path);                          # run the SQL in it
#   $server->load($table, @files);                 # lines of JSON, compressed
#   my $rows = $server->rows($query);              # arrays
#   print $f $server->shim;                        # for a folder in PATH, where commands are run as they stand
use strict;
use warnings;
use File::Temp qw(tempdir);
use IO::Socket::IP;
use JSON::PP;
use POSIX ();
use Trap;
use Trap::File qw(slurp slurp_or_empty spew);
use Trap::Process;

use constant START_SECONDS => 120;

sub missing {
    for (qw(clickhouse-server clickhouse-client)) { return "$_ is not installed" if !Trap::Process::program($_) }
    return;
}

sub new {
    my ($class) = @_;
    my $dir = tempdir('clickhouse-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $probe = IO::Socket::IP->new(LocalHost => $Trap::ADDRESS, LocalPort => 0, Listen => 1) or die "no port: $@";
    my $self = bless {dir => $dir, port => $probe->sockport, owner => $$}, $class;
    close $probe;
    spew("$dir/users.xml", '<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>'
        . '<networks><ip>127.0.0.0/8</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>');
    spew("$dir/config.xml", "<yandex><logger><level>warning</level><console>1</console></logger>"
        . "<listen_host>$Trap::ADDRESS</listen_host><tcp_port>$self->{port}</tcp_port><path>$dir/data/</path>"
        . "<tmp_path>$dir/tmp/</tmp_path><user_files_path>$dir/files/</user_files_path><users_config>users.xml</users_config>"
        . '<mark_cache_size>67108864</mark_cache_size><default_profile>default</default_profile></yandex>');
    $self->_start;
    return $self;
}

sub _start {
    my ($self) = @_;
    my $dir = $self->{dir};
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$dir/log";
        open STDERR, '>&', \*STDOUT;
        chdir $dir;
        my $server = Trap::Process::program('clickhouse-server');
        exec 'setpriv', '--pdeathsig', 'KILL', $server, "--config-file=$dir/config.xml" or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    Trap::wait_for(START_SECONDS, sub { ($self->_client('', '--query', 'SELECT 1'))[2] == 0 })
        or die 'clickhouse-server does not start: ' . $self->log_text . "\n";
}

sub log_text { return slurp_or_empty("$_[0]{dir}/log") }

# A script that is clickhouse-client, and asks this server.
sub shim {
    my ($self) = @_;
    my $client = Trap::Process::program('clickhouse-client');
    return "#!/bin/sh\nexec $client --host $Trap::ADDRESS --port $self->{port} \"\$@\"\n";
}

sub _client {
    my ($self, $input, @options) = @_;
    return Trap::Process::run(\$input, 'clickhouse-client', '--host', $Trap::ADDRESS, '--port', $self->{port}, @options);
}

sub _must {
    my ($self, @client) = @_;
    my ($out, $err, $status) = $self->_client(@client);
    die "clickhouse-client: $err" if $status != 0;
    return $out;
}

sub version { my ($self) = @_; chomp(my $v = $self->_must('', '--query', 'SELECT version()')); return $v }

sub file {
    my ($self, $path) = @_;
    $self->_must(slurp($path), '--multiquery');
}

sub load {
    my ($self, $table, @files) = @_;
    my ($lines, $err, $status) = Trap::Process::run('zcat', @files);
    die "zcat: $err" if $status != 0;
    $self->_must($lines, qw(--input_format_skip_unknown_fields 1 --query), "INSERT INTO $table FORMAT JSONEachRow");
}

sub rows {
    my ($self, $query) = @_;
    return decode_json($self->_must('', '--query', "$query FORMAT JSONCompact"))->{data};
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{owner} || !$self->{pid};
    local ($?, $@);
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
}

1;
