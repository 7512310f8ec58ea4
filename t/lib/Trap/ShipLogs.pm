package Trap::ShipLogs;

# ShipLogs.pm: log directories for the tests of the shipper, as the logger writes them.
#
#   my $dir = make_logs($work, 300, '-r', 50);    # 300 messages, 100 sessions; t/tools/logwrite
#   my @ids = ids_of_logs($dir);                   # "session ID" and "message ID", in order
#   my %count = count_lines($file);                # the same of lines that were shipped
#   my $ship = shipper($dir, batch => 10);         # of messages, to "$dir.out"; more keys of ship.conf
#   my ($records, $said, $exit) = once($ship);
use strict;
use warnings;
use Exporter qw(import);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use Trap;
use Trap::File qw(slurp_or_empty spew);
use Trap::Process;
use Trap::Shipper;

our @EXPORT_OK = qw(make_logs ids_of_logs count_lines messages once shipper);

my $made = 0;
sub make_logs {
    my ($work, $messages, @options) = @_;
    my $dir = "$work/logs" . $made++;
    mkdir $dir or die "$dir: $!";
    spew("$work/message", "Subject: ship\r\n\r\nhello\r\n");
    my (undef, $err, $status) = Trap::Process::run("$Trap::BUILD/t/tools/logwrite", @options, $dir,
        ("$work/message") x $messages);
    die "logwrite: $err" if $status;
    return $dir;
}

sub _id { return $_[0] =~ /^\{"v":1,"type":"(\w+)","id":"([0-9a-f-]{36})".*\}$/ ? "$1 $2" : undef }

sub ids_of_logs {
    my ($dir) = @_;
    my @ids;
    for my $file (sort glob "$dir/session-* $dir/message-*") {
        my $text = '';
        my $z = IO::Uncompress::Gunzip->new($file, MultiStream => 1) or next;
        while ($z->read($text, 1 << 20, length $text) > 0) { }
        push @ids, grep { defined } map { _id($_) } split /\n/, $text;
    }
    return @ids;
}

# How often each came; a line that is no record is counted as "broken".
sub count_lines {
    my ($file) = @_;
    my %count;
    $count{_id($_) // 'broken'}++ for split /\n/, slurp_or_empty($file);
    return %count;
}

# The files of messages, in order.
sub messages { my ($logs) = @_; return sort glob "$logs/message-*" }

# A shipper of these logs' messages as lines.
sub shipper {
    my ($logs, %conf) = @_;
    return Trap::Shipper->new(logs => $logs, stdout => "$logs.out", conf => {output => 'stdout',
        streams => 'message', 'retry-min' => '10ms', 'retry-max' => '100ms', %conf});
}

# Ship once: (number of records, what was said, exit status).
sub once {
    my ($ship, @options) = @_;
    my ($out, $err, $status) = $ship->run('--once', @options);
    return (scalar(() = $out =~ /^\{"v":1.*\}$/mg), $err, $status >> 8);
}

1;
