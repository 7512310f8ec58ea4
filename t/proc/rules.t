#!/usr/bin/perl
# Rules in a running trap's configuration: read at start and on SIGHUP, with a list of a million
# entries; wrong ones leave the old configuration in force, and the log names file and line.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::File qw(spew);

my $trap = Trap->new(start => 0);
my $dir = $trap->dir;

sub put { return spew("$dir/$_[0]", $_[1]) }

put('list', join '', map { "user$_\@example$_.test\n" } 1 .. 1_000_000);
put('rules', "reject from ./list\n");
$trap->write_conf($trap->conf_text . "\nrules { include \"$dir/rules\" }\n");
$trap->start;
is($trap->client->banner, 220, 'a trap starts with rules and a million patterns');

# The replies to a sender on the list and to one that is not; the rule in the session's record.
sub decided {
    my $c = $trap->client;
    my @replies = map { scalar $c->cmd($_) } 'EHLO x', 'MAIL FROM:<user77@EXAMPLE77.test>', 'RSET',
        'MAIL FROM:<user77@example78.test>';
    $c->quit;
    return ("@replies[1, 3]", $trap->session_of($c)->{rule} // 'none');
}

is_deeply([decided()], ['550 250', "$dir/rules:1"], 'they are enforced');

$trap->expect(qr/ master: reload: /, qr/ master: \S+rules:\d+:\d+: /);
put('rules', "reject from ./list\nrejct all\nreject to a\@b with code 450\n");
$trap->notified;
$trap->hup;
ok($trap->wait_notify(qr/^READY=1/m), 'a reload with wrong rules comes to an end');
ok($trap->wait_log(qr/rules:2:1: neither a phase nor an action, near "rejct" \(did you mean "reject"\?\)$/m),
    'the log names the first fault');
ok($trap->wait_log(qr/rules:3:25: reject needs a code that begins with 5, near "450"$/m), 'and the second');
ok($trap->wait_log(qr/reload: 2 errors in \S+: the old configuration stays$/m), 'and says what stays');
is_deeply([decided()], ['550 250', "$dir/rules:1"], 'the old rules are enforced');

put('rules', "accept all\nreject from ./list\n");
$trap->hup;
ok($trap->wait_notify(qr/^READY=1/m), 'a reload with right rules comes to an end');
ok($trap->wait_log(qr/reload: \S+ is in force for new sessions$/m), 'they are in force');
ok($trap->wait_log(qr/rules:2:1: warning: never looked at/), 'a warning is logged');
# A worker that was idle before may take one more client.
my @decided;
Trap::wait_for(60, sub { @decided = decided(); $decided[0] eq '250 250' });
is_deeply(\@decided, ['250 250', "$dir/rules:1"], 'the new rules are enforced');
$trap->done;
done_testing;
