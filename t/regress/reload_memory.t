#!/usr/bin/perl
# reload_memory.t: each SIGHUP made the master larger, for good, and so each worker that it forked:
# after some hundred reloads workers had passed the limit of their address space.
use strict;
use warnings;
use Test::More;
use Trap;

use constant WARM => 20;
use constant RELOADS => 60;
use constant GROWTH => 1024; # KiB: it was 64 a reload

plan skip_all => 'AddressSanitizer keeps what was freed' if Trap::sanitized();
my $trap = Trap->new(tls => 0, conf => {workers => {'spare-min' => 1, 'spare-max' => 2, max => 4}});
$trap->expect(qr/ master: reload: \S+ is in force for new sessions$/);

sub data_kib {
    open my $f, '<', '/proc/' . $trap->pid . '/status' or die "status of the master: $!";
    my ($kib) = join('', <$f>) =~ /^VmData:\s+(\d+) kB$/m;
    return $kib;
}

sub reload {
    $trap->notified;
    $trap->hup;
    return $trap->wait_notify(qr/^READY=1/m);
}

is(scalar(grep { reload() } 1 .. WARM), WARM, 'the configuration is read anew');
my $before = data_kib();
is(scalar(grep { reload() } 1 .. RELOADS), RELOADS, 'again and again');
cmp_ok(data_kib() - $before, '<', GROWTH, 'and the master does not grow by it');
$trap->done;
done_testing;
