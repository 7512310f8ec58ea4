package Trap::Log;

# Log.pm: the files of one log directory, read as others would: with zcat and a JSON parser.
use strict;
use warnings;
use JSON::PP;
use Time::HiRes qw(sleep time);

use constant PATIENCE => 90; # seconds, on a machine that does much else

my $JSON = JSON::PP->new->utf8;

sub new {
    my ($class, $dir) = @_;
    return bless {dir => $dir, cache => {}}, $class;
}

# Names of a stream's files, in order; the one being written ends in .part.
sub files {
    my ($self, $stream) = @_;
    my ($before, @files);
    # One that is renamed while the folder is read may be there under both names, or under none.
    do { $before = "@files"; @files = $self->_listed($stream) } while "@files" ne $before;
    return @files; # in scalar context their number
}

sub _listed {
    my ($self, $stream) = @_;
    opendir my $d, $self->{dir} or return;
    my %seq = map { /^\Q$stream\E-\d{8}T\d{6}Z-(\d{6,})\.(?:jsonl|mbox)\.gz(?:\.part)?$/ ? ($_ => $1) : () }
        readdir $d;
    delete $seq{"$_.part"} for grep { !/\.part$/ } keys %seq;
    return sort { $seq{$a} <=> $seq{$b} || $a cmp $b } keys %seq;
}

# What zcat makes of one file; a .part file ends in the middle of a member.
sub content {
    my ($self, $file) = @_;
    my $f;
    open $f, '<:raw', "$self->{dir}/$file" or open $f, '<:raw', "$self->{dir}/" . $file =~ s/\.part$//r or return;
    my $pid = open(my $zcat, '-|') // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<&', $f;
        open STDERR, '>', '/dev/null';
        exec 'gzip', '-dc' or POSIX::_exit(127);
    }
    binmode $zcat;
    local $/;
    my $text = <$zcat> // '';
    close $zcat;
    return $text;
}

# All of a stream, uncompressed.
sub text {
    my ($self, $stream) = @_;
    return join '', map { $self->content($_) // '' } $self->files($stream);
}

# Decode the lines of a file that were not decoded before.
sub _file_records {
    my ($self, $file) = @_;
    my $key = $file =~ s/\.part$//r;
    my $c = $self->{cache}{$key} //= {text => '', records => []};
    return $c->{records} if $c->{finished};
    my $text = $self->content($file) // return $c->{records};
    my $had = length $c->{text};
    $had = 0, $c->{records} = [] if substr($text, 0, $had) ne $c->{text};
    my $end = rindex($text, "\n") + 1;
    $text = substr $text, 0, $end;
    push @{$c->{records}}, map { $JSON->decode($_) } split /\n/, substr $text, $had;
    $c->{text} = $text;
    $c->{finished} = $file eq $key;
    return $c->{records};
}

# All records of a stream, in the order of the log.
sub records {
    my ($self, $stream) = @_;
    return map { @{$self->_file_records($_)} } $self->files($stream);
}

# Wait for a record that the sub says yes to.
sub wait_record {
    my ($self, $stream, $wanted, $what, $seconds) = @_;
    my $end = time + ($seconds // PATIENCE);
    while (1) {
        my ($found) = grep { $wanted->($_) } $self->records($stream);
        return {%$found} if $found;
        die 'no record in time: ' . ($what // $stream) . "\n" if time > $end;
        sleep 0.05;
    }
}

# Wait until a stream holds so many records (that the sub says yes to); returns them.
sub wait_count {
    my ($self, $stream, $count, $seconds, $wanted) = @_;
    my $end = time + ($seconds // PATIENCE);
    while (1) {
        my @records = grep { !$wanted || $wanted->($_) } $self->records($stream);
        return @records if @records >= $count;
        die "only " . @records . " of $count $stream records in time\n" if time > $end;
        sleep 0.1;
    }
}

# ---- the mail stream ----

# The message behind the From_ line at $at of mboxrd text, and where the next one begins.
sub _mail_at {
    my ($text, $at) = @_;
    substr($$text, $at, 200) =~ /\AFrom [^\n]*\n/ or die "no From_ line at $at\n";
    $at += $+[0];
    my $mark = index $$text, "\r\nX-Trap-Size: ", $at;
    substr($$text, $mark, 60) =~ /\A\r\nX-Trap-Size: (\d+)\r\n/ or die "no X-Trap-Size behind $at\n";
    my ($size, $from) = ($1, $mark + $+[0]);
    my $trace = substr $$text, $at, $from - $at;
    # In front of the next From_ line stands an empty line; within messages From_ is quoted.
    my $end = index $$text, "\n\nFrom ", $from - 1;
    $end = length($$text) - 2 if $end < 0;
    my $data = substr $$text, $from, $end + 1 - $from;
    $data =~ s/^>(>*From )/$1/gm;
    chop $data if length $data == $size + 1; # the LF that was added
    my ($id) = $trace =~ /^X-Trap-Id: (\S+)\r$/m;
    return ({id => $id, size => $size, trace => $trace, data => $data}, $end + 2);
}

# Each message of mboxrd text: {id, size, trace, data}, data as it was received.
sub parse_mail {
    my ($text) = @_;
    my ($at, $mail, @mails) = (0);
    while ($at < length $text) {
        ($mail, $at) = _mail_at(\$text, $at);
        push @mails, $mail;
    }
    return @mails;
}

sub mails { my ($self) = @_; return parse_mail($self->text('mail')) }

1;
