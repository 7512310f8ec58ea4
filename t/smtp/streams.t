#!/usr/bin/perl
# streams.t: what real clients sent, replayed whole, line by line and byte by byte: every reply is
# legal, nothing dies, the recorded dialogue rebuilds what was sent, and the recorded dialect is the
# one that follows from it.
use strict;
use warnings;
use Encode qw(encode_utf8);
use IO::Select;
use Socket qw(SHUT_WR);
use Test::More;
use Time::HiRes qw(time);
use Trap;
use Trap::Dialect qw(session_dialect message_dialect);
use Trap::File qw(slurp);

my $archive = Trap::shared('smtp-client-streams.tar.xz')
    or plan skip_all => 'smtp-client-streams.tar.xz is not at hand';

use constant SECONDS => 50;

sub read_streams {
    my $dir = File::Temp::tempdir(CLEANUP => 1);
    system('tar', '-C', $dir, '-xJf', $archive) == 0 or die "tar failed\n";
    my %streams;
    for my $file (glob "$dir/*.bin") {
        $streams{$file =~ s{.*/}{}r} = slurp($file);
    }
    return %streams;
}

# Send all jobs at once, each in its pieces in turn; fills {got}, what the server said.
sub drive {
    my ($trap, @jobs) = @_;
    my $n = 0;
    my %job;
    for my $job (@jobs) {
        my $c = $trap->client(local => sprintf('127.2.%d.%d', ++$n / 250, 1 + $n % 250), banner => 0);
        $c->socket->blocking(0);
        @$job{qw(client got at)} = ($c, '', 0);
        $job{fileno $c->socket} = $job;
    }
    my $end = time + SECONDS;
    local $SIG{PIPE} = 'IGNORE';
    while (%job && time < $end) {
        my @open = values %job;
        my $readers = IO::Select->new(map { $_->{client}->socket } @open);
        my $writers = IO::Select->new(map { $_->{client}->socket } grep { !$_->{sent} } @open);
        my ($read, $write) = IO::Select->select($readers, $writers, undef, 5);
        for my $socket (@{$write // []}) {
            my $job = $job{fileno $socket};
            my $piece = substr $job->{pieces}[0], $job->{at};
            my $sent = syswrite $socket, $piece;
            $job->{at} += $sent // 0;
            if (!defined $sent && !$!{EAGAIN}) {
                $job->{sent} = 1; # the server closed before it read all
            } elsif ($job->{at} == length $job->{pieces}[0]) {
                shift @{$job->{pieces}};
                $job->{at} = 0;
                $job->{sent} = !@{$job->{pieces}};
                shutdown $socket, SHUT_WR if $job->{sent};
            }
        }
        for my $socket (@{$read // []}) {
            my $job = $job{fileno $socket};
            my $got = sysread $socket, $job->{got}, 65536, length $job->{got};
            next if $got || (!defined $got && $!{EAGAIN});
            $job->{over} = 1;
            delete $job{fileno $socket};
        }
    }
}

# Are these bytes reply after reply, each legal?
sub replies_are_legal {
    my ($bytes) = @_;
    my @reply;
    while ($bytes =~ s/\A([^\n]*\n)//) {
        push @reply, $1;
        next if $1 =~ /^\d{3}-/;
        return 0 if !Trap::Reply->new(@reply)->legal;
        @reply = ();
    }
    return $bytes eq '' && !@reply;
}

my %eol = (crlf => "\r\n", lf => "\n", none => '');

# Follow the dialogue along what was sent; returns how far it rebuilds it, or what is wrong.
sub rebuild {
    my ($stream, $dialogue) = @_;
    my $at = 0;
    for my $e (@$dialogue) {
        if ($e->{dir} eq 'e' && $e->{text} =~ /^line too long/) {
            $at = index($stream, "\n", $at) + 1 || length $stream;
        }
        next if $e->{dir} ne 'c';
        if ($e->{body}) {
            $at += $e->{body};
            next;
        }
        my $line = (defined $e->{hex} ? pack 'H*', $e->{hex} : encode_utf8($e->{text}))
            . $eol{$e->{eol} // 'crlf'};
        return "at byte $at: " . substr($stream, $at, 60) . ' is not ' . substr $line, 0, 60
            if substr($stream, $at, length $line) ne $line;
        $at += length $line;
    }
    return $at;
}

# A dialogue without what differs from run to run.
sub plain {
    my ($dialogue) = @_;
    return join "\n", map { join '|', $_->{dir}, map { $_ // '' } @$_{qw(hex eol body)},
        ($_->{text} // '') =~ s/Queued as \S+/Queued/r } @$dialogue;
}

# What is wrong with the dialects of a session and its messages.
sub dialect_differs {
    my ($trap, $s) = @_;
    my @messages = $trap->messages_of($s);
    my ($digest, $text) = session_dialect($s, @messages);
    my @wrong = map { "$_->[0] is not $_->[1]" } grep { ($_->[0] // '') ne ($_->[1] // '') }
        [$s->{dialect}, $digest], [$s->{dialect_string}, $text],
        map { [$_->{dialect}, message_dialect($s, $_)] } @messages;
    return @wrong;
}

my %streams = read_streams();
is(scalar keys %streams, 58, 'there are 58 streams');
my %cut = (
    whole => sub { [$_[0]] },
    'line by line' => sub { [$_[0] =~ /[^\n]*\n|[^\n]+\z/g] },
    'byte by byte' => sub { [split //, $_[0]] },
);

my $trap = Trap->new(tls => 0, conf => {
    limits => {dialogue => '512k', errors => 100000, commands => 100000, messages => 100000,
        'line-length' => '12k'},
    auth => {'auth-secrets' => 'yes'}, workers => {'spare-min' => 16, 'spare-max' => 70, max => 80},
});
my @workers = $trap->processes->workers;
my (%dialogue, %dialect);
for my $how ('whole', 'line by line', 'byte by byte') {
    my @jobs = map { {name => $_, stream => $streams{$_}, pieces => $cut{$how}->($streams{$_})} }
        sort keys %streams;
    drive($trap, @jobs);
    is(join(' ', map { $_->{over} ? () : $_->{name} } @jobs), '', "$how: every session came to its end");
    is(join(' ', map { replies_are_legal($_->{got}) ? () : $_->{name} } @jobs), '',
        "$how: every reply is legal");
    my (@wrong, @unread, @other, @dialect, @changed);
    for my $job (@jobs) {
        my $s = $trap->session_of($job->{client});
        my $at = rebuild($job->{stream}, $s->{dialogue});
        push @wrong, "$job->{name}: $at" if $at !~ /^\d+$/ || $s->{dialogue_bytes_cut};
        push @unread, "$job->{name}: $at of " . length $job->{stream}
            if $at =~ /^\d+$/ && $s->{end_reason} eq 'client_closed' && $at != length $job->{stream};
        push @wrong, "$job->{name}: end_reason $s->{end_reason}"
            if $s->{end_reason} !~ /^(?:quit|client_closed)$/;
        my $plain = plain($s->{dialogue});
        $dialogue{$job->{name}} //= $plain;
        push @other, $job->{name} if $dialogue{$job->{name}} ne $plain;
        push @dialect, "$job->{name}: $_" for dialect_differs($trap, $s);
        $dialect{$job->{name}} //= $s->{dialect} // '';
        push @changed, $job->{name} if $dialect{$job->{name}} ne ($s->{dialect} // '');
        my $said = join '', map { "$_->{text}\r\n" } grep { $_->{dir} eq 's' } @{$s->{dialogue}};
        push @wrong, "$job->{name}: replies" if $said ne $job->{got};
    }
    is(join("\n", @wrong), '', "$how: the dialogue rebuilds what was sent and what was replied");
    is(join("\n", @unread), '', "$how: and all of it, where the client was the one to close");
    is(join("\n", @dialect), '', "$how: the dialect is the one that follows from the records");
    is(join(' ', @changed), '', "$how: the dialect is the same however the bytes came") if $how ne 'whole';
    is(join(' ', @other), '', "$how: the dialogue is the same however the bytes came") if $how ne 'whole';
}

my %speech = map { (substr($_, 0, 15) => 1) } values %dialect;
my %whole = map { ($_ => 1) } values %dialect;
note sprintf '%d speeches, %d dialects', scalar keys %speech, scalar keys %whole;
cmp_ok(scalar keys %speech, '>=', 25, 'the streams have many speeches');

# With STARTTLS on offer some of them ask for it, and go on in clear: no handshake comes of that.
my $tls = Trap->new(conf => {limits => {errors => 100000},
    workers => {'spare-min' => 16, 'spare-max' => 70, max => 80}});
my @jobs = map { {name => $_, stream => $streams{$_}, pieces => $cut{whole}->($streams{$_})} }
    sort keys %streams;
drive($tls, @jobs);
is(join(' ', map { $_->{over} ? () : $_->{name} } @jobs), '', 'with TLS: every session came to its end');
my (%outcome, @unflagged, @dialect);
for my $job (@jobs) {
    my $s = $tls->session_of($job->{client});
    $outcome{$s->{tls_outcome}}++;
    my $goes_on = $s->{tls_outcome} eq 'failed' && $job->{stream} !~ /STARTTLS\r?\n\z/i;
    push @dialect, "$job->{name}: $_" for dialect_differs($tls, $s);
    push @unflagged, $job->{name} if $goes_on xor $s->{tls_injected};
}
ok($outcome{failed}, 'with TLS: handshakes failed');
is("@unflagged", '', 'with TLS: those that went on in clear are flagged, and no others');
is(join("\n", @dialect), '', 'with TLS: the dialect is the one that follows from the records');
ok(!$outcome{negotiated}, 'with TLS: none succeeded');
$tls->done;
$trap->done;
done_testing;
