package Bench;

# Bench.pm: what the benchmarks share: the load generator, CPU time and memory of processes.
use strict;
use warnings;
use Exporter qw(import);
use File::Temp qw(tempdir);
use IPC::Open3;
use POSIX qw(mkfifo);

our @EXPORT_OK = qw(build_smtpload run_load tree cpu_seconds counting private_kib median smtp_sink);

my $SOURCE = $ENV{TRAP_SOURCE} // '.';

# Compile the load generator (an OpenSSL client) into the folder; its source is named by
# SMTPLOAD or lies in ../shared/tools beside the source tree.
sub build_smtpload {
    my ($dir) = @_;
    my $c = $ENV{SMTPLOAD} // "$SOURCE/../shared/tools/smtpload.c";
    die "bench: no $c: name the load generator's source in SMTPLOAD\n" if !-r $c;
    system('cc', '-O2', '-o', "$dir/smtpload", $c, '-lssl', '-lcrypto') == 0
        or die "bench: cannot compile $c (needs libssl-dev)\n";
    return "$dir/smtpload";
}

# Postfix's smtp-sink out of its package, which need not be installed; returns command words.
sub smtp_sink {
    my ($dir, $address, $port) = @_;
    system("cd $dir && apt-get download postfix >/dev/null 2>&1 && dpkg -x postfix_*.deb sink") == 0
        or die "bench: cannot get the postfix package\n";
    return ('env', "LD_LIBRARY_PATH=$dir/sink/usr/lib/postfix", "$dir/sink/usr/sbin/smtp-sink",
        ($> == 0 ? ('-u', 'nobody') : ()), "$address:$port", '1000');
}

# Run it; returns its key=value figures.
sub run_load {
    my @command = @_;
    my $pid = open my $out, '-|', @command or die "bench: $command[0]: $!\n";
    my $line = <$out> // '';
    my @more = <$out>;
    close $out;
    my %f = $line =~ /(\w+)=(\S+)/g;
    warn "bench: @command: $line@more" if !%f || $f{failed} || $f{unfinished};
    return \%f;
}

# A process and all its descendants.
sub tree {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/task/$pid/children" or return ($pid);
    return ($pid, map { tree($_) } split ' ', (<$f> // ''));
}

# Seconds on a CPU of a process tree, dead children included (to 10 ms).
sub cpu_seconds {
    my ($pid) = @_;
    my $sum = 0;
    for my $p (tree($pid)) {
        open my $f, '<', "/proc/$p/schedstat" or next;
        $sum += (split ' ', <$f>)[0] / 1e9;
    }
    open my $f, '<', "/proc/$pid/stat" or return $sum;
    my @stat = split ' ', (<$f> =~ s/^.*\) //r);
    return $sum + ($stat[13] + $stat[14]) / 100;
}

# Instructions in user and in kernel mode that these processes and their children need while the
# code runs, counted by perf(1), which says over a pipe when it has begun and ended.
sub counting {
    my ($pids, $code) = @_;
    my $dir = tempdir(CLEANUP => 1);
    mkfifo("$dir/$_", 0600) or die "bench: mkfifo: $!\n" for qw(control ack);
    my $pid = open3(my $in, my $out, undef, 'perf', 'stat', '-x', ';', '-D', -1, '--control',
        "fifo:$dir/control,$dir/ack", '-e', 'instructions:u', '-e', 'instructions:k', '-p',
        join ',', @$pids);
    open my $control, '+>', "$dir/control" or die "bench: $dir/control: $!\n";
    open my $ack, '+<', "$dir/ack" or die "bench: $dir/ack: $!\n";
    my $tell = sub { syswrite $control, "$_[0]\n"; my $answer = <$ack>; };
    $tell->('enable');
    $code->();
    $tell->('disable');
    kill 'INT', $pid;
    my @lines = <$out>;
    waitpid $pid, 0;
    my @counts = map { /^(\d+);/ } @lines;
    die "bench: perf: @lines" if @counts != 2;
    return @counts;
}

# Private dirty and clean memory of a process.
sub private_kib {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/smaps_rollup" or return;
    my $sum = 0;
    while (<$f>) { $sum += $1 if /^Private_\w+:\s+(\d+)/ }
    return $sum;
}

sub median { my @s = sort { $a <=> $b } @_; return $s[$#s / 2] }

1;
