#!/usr/bin/perl
# reload_larger.t: how much address space a worker may have was reckoned once, at the start; under rules
# that came with SIGHUP and were large, workers had nothing left for their sessions.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::File qw(spew);

use constant PATTERNS => 400_000;
use constant GROWTH => 8 << 20; # bytes: these take twice as much

my $trap = Trap->new(start => 0, tls => 0, conf => {workers => {'spare-min' => 1, 'spare-max' => 2, max => 4}});
my $dir = $trap->dir;
spew("$dir/rules", "accept all\n");
$trap->write_conf($trap->conf_text . "\nrules { include \"$dir/rules\" }\n");
$trap->start;
$trap->expect(qr/ master: reload: \S+ is in force for new sessions$/);

# The least that a worker may have.
sub limit {
    my $pid = $trap->pid;
    my @limits;
    for my $worker (glob '/proc/[0-9]*') {
        open my $status, '<', "$worker/status" or next;
        next if !grep { /^PPid:\s+$pid$/ } <$status>;
        open my $limits, '<', "$worker/limits" or next;
        push @limits, map { /^Max address space +(\d+) / ? $1 : () } <$limits>;
    }
    return (sort { $a <=> $b } @limits)[0];
}

my $before = limit();
plan skip_all => 'address spaces are not limited in this build' if !defined $before;
spew("$dir/list", join '', map { "user$_\@example$_.test\n" } 1 .. PATTERNS);
spew("$dir/rules", "reject from ./list\n");
$trap->notified;
$trap->hup;
ok($trap->wait_notify(qr/^READY=1/m), 'rules that are much larger are read');
ok(Trap::wait_for(60, sub { (limit() // 0) > $before + GROWTH }), 'workers may have as much more as the rules take');
$trap->done;
done_testing;
