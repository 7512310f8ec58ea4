#!/usr/bin/perl
# early.t: clients that speak before the banner or before they were told that they may pipeline.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Trap;

# ---- accepted, with a delay ----
{
    my $trap = Trap->new(conf => {smtp => {'banner-delay' => '3s'}}); # long enough to speak in
    my $began = time;
    my $c = $trap->client;
    my $waited = time - $began;
    cmp_ok($waited, '>=', 2.95, 'the banner waits for banner-delay');
    $c->quit;
    my $early = $trap->client(before => "EHLO early.example\r\n");
    is($early->banner, 220, 'a client that speaks before the banner is served');
    is($early->reply, 250, 'and what it said is answered');
    $early->quit;
    my $s = $trap->session_of($early);
    ok($s->{early_talk}, 'its record says so');
    ok((grep { $_ eq 'early_talk' } @{$s->{oddities}}), 'and names the oddity');
    ok(!$trap->session_of($c)->{early_talk}, 'that of a patient client does not');
    $trap->done;
}

# ---- rejected ----
{
    my $trap = Trap->new(conf => {smtp => {'banner-delay' => '30s', 'early-talk' => 'reject'}});
    my $began = time;
    my $c = $trap->client(before => "EHLO early.example\r\n");
    is($c->banner->text, "421 4.7.0 mx.trap.test Command sent too early\r\n",
        'with early-talk reject it gets 421 instead of the banner');
    cmp_ok(time - $began, '<', 25, 'at once');
    ok($c->closed, 'and the connection is closed');
    my $s = $trap->session_of($c);
    is_deeply([@$s{qw(end_reason early_talk phase commands)}], ['rejected', JSON::PP::true, 'connect', 0],
        'its record says so');
    $trap->done;
}
{
    my $trap = Trap->new(conf => {smtp => {'pipelining-early' => 'reject'}});
    my $c = $trap->client;
    $c->send("EHLO x\r\nMAIL FROM:<a\@b.test>\r\n");
    is($c->reply->text, "421 4.7.0 mx.trap.test Command sent too early\r\n",
        'with pipelining-early reject commands behind EHLO get 421');
    ok($c->closed, 'and the connection is closed');
    my $s = $trap->session_of($c);
    is_deeply([@$s{qw(end_reason pipelined_early)}], ['rejected', JSON::PP::true], 'the record says so');

    $c = $trap->client;
    $c->cmd('EHLO x');
    $c->send("MAIL FROM:<a\@b.test>\r\nRCPT TO:<c\@trap.test>\r\n");
    is(join(' ', map { $c->reply } 1 .. 2), '250 250', 'a group after EHLO is served');
    $c->quit;
    ok(!$trap->session_of($c)->{pipelined_early}, 'and is not early');

    $c = $trap->client;
    $c->cmd('EHLO x');
    $c->starttls;
    $c->send("EHLO x\r\nNOOP\r\n");
    is($c->reply, 421, 'after STARTTLS nothing is offered until EHLO');
    is($trap->session_of($c)->{end_reason}, 'rejected', 'and the record says so');
    $trap->done;
}
done_testing;
