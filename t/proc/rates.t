#!/usr/bin/perl
# rates.t: rules that ask how often an address or a network came are told so; the option yakker of
# a rule makes one at once.
use strict;
use warnings;
use Test::More;
use Trap qw(wait_for);
use Trap::File qw(spew);

# Windows so long that none ends while the test runs, but for one second a week.
my $trap = Trap->new(start => 0);
spew($trap->dir . '/rules', <<'RULES');
rules {
@connect stall ip 127.31.0.0/16 rate 3 per 7d
@connect reject ip 127.32.0.0/16 rate 5 per 7d by /24
@mail set ip 127.33.0.0/16 from yak@b.test with yakker
}
RULES
sub write_conf { $trap->write_conf($trap->conf_text . qq(include "${\$trap->dir}/rules"\n)) }
write_conf();
$trap->start;

# A session, over with its record; its greeting's code.
sub come {
    my ($ip, @say) = @_;
    my $c = $trap->client(local => $ip);
    my $code = $c->banner;
    $c->cmd($_) for @say;
    $c->send("QUIT\r\n", quiet => 1);
    $c->drain;
    $c->close;
    $trap->session_of($c) if $code != 421;
    return "$code";
}

is_deeply([map { come('127.31.0.1') } 1 .. 3], [220, 220, 220], 'as many sessions as the rate allows are served');
like(come('127.31.0.1'), qr/^4/, 'one more is stalled: the present one counts');
like(come('127.31.0.1'), qr/^4/, 'as are those behind it');
is(come('127.31.0.2'), 220, 'the next address is counted for itself');
is_deeply([map { come("127.32.0.$_") } 1 .. 5], [(220) x 5], 'a network of five addresses');
like(come('127.32.0.99'), qr/^5/, 'is counted as one');
is(come('127.32.1.99'), 220, 'the next network for itself');

$trap->expect(qr/ master: reload: \S+ is in force for new sessions$/);
$trap->notified;
$trap->hup;
$trap->wait_notify(qr/^READY=1/m);
like(come('127.31.0.1'), qr/^4/, 'a reload counts on') for 1 .. 3;

is(come('127.33.0.1', 'EHLO x', 'MAIL FROM:<no@b.test>'), 220, 'a session that no rule holds to be a yakker');
is(come('127.33.0.1', 'EHLO x', 'MAIL FROM:<yak@b.test>'), 220, 'and one that a rule does');
is(come('127.33.0.1'), 421, 'the address is one at once');
is(come('127.33.0.2'), 220, 'and no other');
is($trap->table->{bad_frames}, 0, 'all frames were in order');
is($trap->table->{summaries_refused}, 0, 'and none refused');

is($trap->stop, 0, 'the trap stops');
$trap->start;
is(come('127.31.0.1'), 220, 'counting begins anew when it starts');
is(come('127.33.0.1'), 421, 'who is a yakker is remembered');
$trap->done;
done_testing;
