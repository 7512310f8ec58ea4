#!/usr/bin/perl
# hello.t: what clients begin TLS with after STARTTLS is in their records: hellos and non-hellos
# made by hand, whole, a record at a time and in small pieces, with exactly the fields expected;
# and hellos of real clients, with the fingerprints that others published.
use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Socket qw(SHUT_WR);
use Test::More;
use Time::HiRes qw(time);
use Trap;
use Trap::Hello qw(record names_of);
use Trap::HelloCases qw(cases);

use constant AT_ONCE => 32;
use constant SMALL => 1500; # longer ones are sent in larger pieces than bytes

my $json = JSON::PP->new->canonical->allow_nonref;
my $trap = Trap->new(conf => {workers => {'spare-min' => 32, 'spare-max' => 64, max => 64},
    limits => {'command-timeout' => '30s', 'handshake-timeout' => '30s'}});
my $number = 0;

# A client behind the 220 to STARTTLS.
sub started {
    my $n = $number++;
    my $c = $trap->client(local => sprintf '127.5.%d.%d', $n / 250, 1 + $n % 250);
    $c->cmd('EHLO hello.test');
    my $r = $c->cmd('STARTTLS');
    die 'STARTTLS: ' . ($r ? $r->text : 'closed') . "\n" if !$r || $r->code != 220;
    return $c;
}

# Send each job's pieces to a client of its own, then end the stream and read to the server's end;
# so many jobs at once.  Fills {client}.
sub drive {
    my (@jobs) = @_;
    local $SIG{PIPE} = 'IGNORE';
    while (my @group = splice @jobs, 0, AT_ONCE) {
        $_->{client} = started() for @group;
        for my $job (@group) {
            for my $piece (@{$job->{pieces}}) {
                $job->{client}->send($piece, quiet => 1) or last;
            }
            shutdown $job->{client}->socket, SHUT_WR;
        }
        $_->{client}->drain for @group;
        $_->{client}->close for @group;
    }
}

# The session records of the jobs, in their order.
sub records_of {
    my (@jobs) = @_;
    my %of;
    my @records = $trap->wait_count('session', $number, 60);
    is(scalar @records, $number, "each of $number sessions left a record");
    $of{"$_->{client_ip} $_->{client_port}"} = $_ for @records;
    return map { $of{$_->{client}->local_address . ' ' . $_->{client}->local_port} // {} } @jobs;
}

sub fields {
    my ($record) = @_;
    return {map { $_ => $record->{$_} } grep { /^(?:hello_(?!format|bytes)|ja[34])/ } keys %$record};
}

# ---- made by hand ----

is(system("$Trap::SOURCE/t/tools/hellos", '--check'), 0, 'the data of the C tests are of these cases');

sub small_pieces {
    my ($bytes) = @_;
    return $bytes =~ /(.{1,977})/gs if length $bytes > SMALL;
    return $bytes =~ /(.)/gs;
}

my %chunking = (
    whole => sub { $_[0]{bytes} },
    'a record at a time' => sub { @{$_[0]{records}} },
    'in small pieces' => sub { small_pieces($_[0]{bytes}) },
);

for my $how (sort keys %chunking) {
    my @jobs = map { {name => $_->[0], case => $_->[1], pieces => [$chunking{$how}->($_->[1])]} }
        cases();
    drive(@jobs);
    my @records = records_of(@jobs);
    for my $job (@jobs) {
        my ($case, $r) = ($job->{case}, shift @records);
        my $name = "$job->{name}, $how";
        is($r->{tls_outcome}, 'failed', "$name: the handshake failed");
        is($json->encode(fields($r)), $json->encode($case->{fields}), $name)
            or diag "$r->{tls_failure}: $r->{tls_error}; kept $r->{hello_bytes} of "
            . length $case->{bytes};
        is($r->{hello_format}, $case->{format}, "$name: its format");
        is($r->{tls_sni_hex} // unpack('H*', $r->{tls_sni} // ''), unpack('H*', $case->{sni} // ''),
            "$name: the server's name");
    }
}

# ---- refused before it had come ----

# An alert is refused at once; the hello behind it is read all the same, within a second.  Returns the
# job, and in how many seconds all was sent.
sub send_late {
    my ($case, $late) = @_;
    my $job = {client => started()};
    my ($alert, $bytes) = @{$case->{records}};
    my $since = time;
    $job->{client}->send($alert);
    for my $piece (substr($bytes, 0, 30), substr $bytes, 30) {
        select undef, undef, undef, $late; # so long nothing comes
        $job->{client}->send($piece);
    }
    return ($job, time - $since);
}

my %cases = map { @$_ } cases();
for my $late (0.1, 0.3) {
    my $case = $cases{'alert-before'};
    my ($job, $took, $alert);
    for (1 .. 50) { # until we ourselves were not held up
        ($job, $took) = send_late($case, $late);
        $alert = unpack 'H*', $job->{client}->drain;
        $job->{client}->close;
        last if $took < 0.95;
    }
    cmp_ok($took, '<', 0.95, "a hello $late s late is sent within the second");
    is($alert, '1503030002020a', "a hello $late s late: then the alert comes");
    my ($r) = records_of($job);
    is($json->encode(fields($r)), $json->encode($case->{fields}), "a hello $late s late is recorded");
    is($r->{tls_failure}, 'unexpected_message', 'and why it was refused');
}
my $idle = started();
my $since = time;
$idle->send(record(21, 0x0301, "\1\x5a"));
$idle->drain;
my $waited = time - $since;
ok($waited > 0.9 && $waited < 20, "one that does not come is not waited for long ($waited s)");
$idle->close;

# ---- of real clients ----

sub read_vectors {
    my ($file) = @_;
    open my $f, '-|', 'gzip', '-dc', $file or die "gzip: $!\n";
    my @names = qw(hello ja3 ja3_by ja4 ja4_by ja4_not record_version wellformed ja3_full ja4_r source);
    my @rows;
    while (<$f>) {
        next if /^#/;
        chomp;
        my %row;
        @row{@names} = split /\t/, $_, -1;
        push @rows, \%row;
    }
    return @rows;
}

# The names that the record has beside each list, without GREASE; and those of the numbers in the
# vector's own columns (JA3's string, and JA4's of signature algorithms).
sub names_here {
    my ($r) = @_;
    return map { my $names = $_; join ' ', grep { $_ ne 'GREASE' } @{$r->{$names} // []} }
        map { "hello_${_}_names" } qw(cipher extension group signature_algorithm);
}

sub names_there {
    my ($row) = @_;
    my (undef, @lists) = split /,/, $row->{ja3_full}, -1;
    my @hex = map { join '', map { sprintf '%04x', $_ } split /-/, $_ } @lists[0 .. 2];
    push @hex, (split /_/, $row->{ja4_r}, -1)[3] // '';
    $hex[3] =~ tr/,//d;
    my @of = qw(hello_ciphers hello_extensions hello_groups hello_signature_algorithms);
    return map { join ' ', names_of($of[$_], $hex[$_], 4) } 0 .. 3;
}

# Equal, or where the record says that a list was cut, the start of it.
sub names_are_right {
    my ($r, $row) = @_;
    my @here = names_here($r);
    my @there = names_there($row);
    return !grep { $r->{hello_lists_cut} ? index($there[$_], $here[$_]) != 0 : $here[$_] ne $there[$_] }
        0 .. $#there;
}

sub check_vectors {
    my (@rows) = @_;
    $_->{pieces} = [record(22, hex $_->{record_version}, pack 'H*', $_->{hello})] for @rows;
    drive(@rows);
    my @records = records_of(@rows);
    my %count;
    for my $row (@rows) {
        my $r = shift @records;
        $count{records}++ if $r->{id};
        if ($row->{wellformed} ne 'yes') {
            $count{malformed}++ if $r->{id} && $r->{tls_outcome} eq 'failed';
            next;
        }
        my $sure = $row->{ja4_by} =~ /published:/ || $row->{ja4_not} eq '' ? 'sure' : 'rest';
        $count{wellformed}++;
        $count{$sure}++;
        $count{ja3}++ if ($r->{ja3} // '') eq $row->{ja3} && $r->{ja3_string} eq $row->{ja3_full};
        my $same = ($r->{ja4} // '') eq $row->{ja4} && $r->{ja4_r} eq $row->{ja4_r};
        $count{"$sure ja4"}++ if $same;
        $count{names}++ if $sure eq 'sure' && names_are_right($r, $row);
        diag "$row->{source}: $row->{ja4} expected, $r->{ja4} recorded ($sure)" if !$same;
    }
    return %count;
}

SKIP: {
    my $file = Trap::shared('clienthello-vectors.tsv.gz')
        or skip 'clienthello-vectors.tsv.gz is not at hand', 1;
    my $started = time;
    my %count = check_vectors(read_vectors($file));
    note sprintf '%d hellos in %.1f s; JA4 where others disagree: %d of %d', $count{records},
        time - $started, $count{'rest ja4'} // 0, $count{rest};
    is($count{records}, 983, 'each vector left a record');
    is($count{wellformed}, 976, 'of which are well-formed');
    is($count{malformed}, 7, 'and malformed');
    is($count{ja3}, 976, 'JA3 and its string equal those of the vectors');
    is($count{names}, $count{sure}, 'the names beside the lists are those of the vectors\' numbers');
    is($count{'sure ja4'}, $count{sure}, 'JA4 and JA4_r equal those of the vectors where they are sure');
}

my $c = $trap->client;
is($c->cmd('NOOP'), 250, 'the trap serves on');
$c->close;
$trap->done;
done_testing;
