#!/usr/bin/perl
# alert_waited_for.t: a client that gave up its handshake with a fatal alert, and left the connection
# open, was waited for a second, as if the rest of its hello could still come.
use strict;
use warnings;
use List::Util qw(min);
use Test::More;
use Trap;

use constant READ_ON_US => 1_000_000;

my $trap = Trap->new;
my @took;
for (1 .. 3) { # a busy machine may be slow once
    my $c = $trap->client;
    $c->cmd('EHLO alert.test');
    $c->cmd('STARTTLS');
    $c->send("\x15\x03\x01\x00\x02\x02\x28");
    $c->drain;
    my $s = $trap->session_of($c);
    is($s->{tls_failure}, 'client_alert', 'a fatal alert ends the handshake');
    push @took, $s->{duration_us};
}
cmp_ok(min(@took), '<', READ_ON_US, 'and nothing is waited for behind it');
$trap->done;
done_testing;
