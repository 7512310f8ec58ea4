package Trap::Npm;

# Npm.pm: packages of npm that tests use, as a package-lock.json of the source names them.
#
#   my $why = Trap::Npm::prepare('t/analysis');   # undef, or why they are not there
#   my $folder = Trap::Npm::folder('t/analysis'); # has their node_modules
#
# They are installed once, into the build folder, without running what packages bring along; that
# needs the network.
use strict;
use warnings;
use Digest::SHA;
use Fcntl qw(LOCK_EX);
use File::Copy qw(copy);
use File::Path qw(make_path);
use Trap::File qw(slurp_or_empty spew);
use Trap::Process;

use constant SECONDS => 180;

sub folder { my ($from) = @_; return "$ENV{TRAP_BUILD}/$from-npm" }

# works: tells why what was installed does not run here, or undef.
sub prepare {
    my ($from, $works) = @_;
    my $source = "$ENV{TRAP_SOURCE}/$from";
    for (qw(node npm)) { return "$_ is not installed" if !Trap::Process::program($_) }
    my ($folder, $stamp) = (folder($from), Digest::SHA->new(256)->addfile("$source/package-lock.json")->hexdigest);
    make_path($folder);
    open my $lock, '>', "$folder/lock" or return "$folder/lock: $!"; # another test may install it just now
    flock $lock, LOCK_EX;
    return if slurp_or_empty("$folder/done") eq $stamp;
    copy("$source/$_", $folder) or return "$folder: $!" for qw(package.json package-lock.json);
    my (undef, $err, $status) = Trap::Process::run('timeout', SECONDS, 'npm', 'ci', '--prefix', $folder, '--cache', "$folder/cache",
        qw(--ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=30000));
    return 'npm cannot install it: ' . ($err =~ s/\s+/ /gr || "status $status") if $status != 0;
    my $why = $works ? $works->() : undef;
    return $why if defined $why;
    spew("$folder/done", $stamp);
    return;
}

1;
