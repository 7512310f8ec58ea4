#!/usr/bin/perl
# top.t: smtptrap top on a real terminal: sessions, rates, failures; keys, sizes, locales; hostile
# text; and the terminal as it was afterwards.
use strict;
use warnings;
use Test::More;
use Trap qw(wait_for);
use Trap::File qw(slurp);
use Trap::Process;

Trap::Process::program('tmux') or plan skip_all => 'there is no tmux';
require Trap::Screen;

my $trap = Trap->new;
my @top = ("$Trap::BUILD/smtptrap", '-f', $trap->conf_file, 'top');

# ---- what it shows ----

my $screen = Trap::Screen->new(columns => 110, lines => 30);
$screen->start('stty -g >' . $trap->dir . '/before;', @top, '; echo left $?; stty -g >' . $trap->dir . '/after; echo end');
# What was seen of a picture may be the part of it that is drawn already.
ok($screen->wait_for(qr/^smtptrap top mx\.trap\.test .* UTC  up 0d 00:/), 'it starts')
    or diag $screen->text;
ok($screen->wait_for(qr/Workers: 0 starting 4 idle 0 session 0 leaving, 64 at most/), 'with the workers')
    or diag $screen->text;
ok($screen->wait_for(qr/none recorded yet/), 'and without a session') or diag $screen->text;

my $held = $trap->client(local => '127.9.8.7');
$held->cmd("EHLO h\xc3\xa9\x1b[2J\x1b]0;x\x07\xff\xe2\x80\xae\xcc\x81end");
$held->cmd('MAIL FROM:<a@b.test>');
my $tls = $trap->client;
$tls->cmd('EHLO tls.test');
$tls->starttls(SSL_version => 'TLSv1_2');
$tls->cmd('EHLO tls.test');
$tls->send_message(data => "x\r\n");
ok($screen->wait_for(qr/127\.9\.8\.7.*\bmail\b/), 'a session under way is shown, with its phase') or diag $screen->text;
ok($screen->wait_for(qr/127\.9\.8\.7:\d+ +mail +- +2 +0 +\d+ h\xc3\xa9\\x1b\[2J\\x1b\]0;x\\x07\\xff\\u\{202e\}\?end/),
    'and what it said, which steers nothing') or diag $screen->text;
ok($screen->wait_for(qr/127\.0\.0\.1:\d+ +message +TLSv1\.2 +6 +1 /), 'another has its TLS version and messages')
    or diag $screen->text;
ok($screen->wait_for(qr{^Messages/s .* 1$}m), 'messages are counted');

my $f = $trap->client(local => '127.9.8.6');
$f->cmd('EHLO fails.test');
$f->cmd('STARTTLS');
$f->send("GET / HTTP/1.0\r\n\r\n");
$f->drain;
$f->close;
ok($screen->wait_for(qr/^LAST TLS FAILURES\n\d\d:\d\d:\d\d 127\.9\.8\.6 +not_tls +- +fails\.test$/m),
    'a failure is shown with its reason and who it was') or diag $screen->text;
ok($screen->wait_for(qr/^TLS:  failed 1 \(100\.0%\)$/m), 'and counted among those recorded') or diag $screen->text;
$tls->quit;
ok($screen->wait_for(qr/^Versions:  none 1 \(50\.0%\)  TLSv1\.2 1 \(50\.0%\)$/m), 'versions have their shares')
    or diag $screen->text;

# ---- keys ----

$screen->keys('?');
ok($screen->wait_for(qr/^q +quit$/m), '? shows the keys');
$screen->keys('x');
ok($screen->wait_for(qr/by age .*quit/), 'any key goes back');
$screen->keys('s');
ok($screen->wait_for(qr/^Sessions now: 1, by client /m), 's sorts by the next');
$screen->keys('p');
ok($screen->wait_for(qr/ PAUSED/), 'p pauses');
my $more = $trap->client(local => '127.9.8.5');
$more->cmd('NOOP');
$screen->keys('s');
my $still = $screen->wait_for(qr/by bytes/);
unlike($still, qr/127\.9\.8\.5/, 'nothing new is shown then');
$screen->keys('p');
ok($screen->wait_for(qr/127\.9\.8\.5/), 'until it goes on');

# More sessions than lines.
my @many = map { my $c = $trap->client(local => "127.9.9.$_"); $c->cmd('EHLO many'); $c } 1 .. 20;
$screen->keys('s', 's', 's');
$screen->wait_for(qr/by client/);
ok($screen->wait_for(qr/Sessions now: 22, by client .*127\.9\.8\.5/s), 'the list begins at its start') or diag $screen->text;
$screen->keys('Down', 'Down');
ok($screen->wait_for(qr/, from 3\b(?!.*127\.9\.8\.5)/s), 'Down scrolls') or diag $screen->text;
$screen->keys('End');
ok($screen->wait_for(qr/127\.9\.9\.20:.*\n\nLAST/), 'End goes to the last') or diag $screen->text;
$screen->keys('Home');
ok($screen->wait_for(qr/127\.9\.8\.5/), 'Home to the first');

# ---- sizes ----

$screen->resize(20, 5);
my $small = $screen->wait_for(qr/\Asmtptrap top mx\.trap\n/);
ok($small, 'it fits 20 columns and 5 lines') or diag $screen->text;
is(scalar(() = $small =~ /\n/g), 5, 'all of them');
$screen->resize(2, 1);
ok($screen->wait_for(qr/\As.?\n\z/), 'and 2 columns and 1 line') or diag $screen->text;
$screen->keys('End', 'Down', 's', '?', '?');
$screen->resize(110, 30);
ok($screen->wait_for(qr/Sessions now: 22.*HELO$/ms), 'and is whole again when there is room') or diag $screen->text;

# ---- the trap goes, and comes again ----

$_->quit for $held, $more, @many;
$trap->stop;
ok($screen->wait_for(qr/THE TRAP IS GONE/), 'it tells that the trap is gone');
$trap->start;
ok($screen->wait_for(qr/\A(?!.*GONE).*none recorded yet/s), 'and shows the next one') or diag $screen->text;

# Rates go back to nothing when nobody comes, so somebody does until one is shown.
ok(wait_for(60, sub {
    my $c = $trap->client;
    $c->quit;
    return $screen->text =~ m{^Connections/s +(?:[1-9]|0\.[1-9])}m;
}), 'connections have a rate') or diag $screen->text;

# ---- the end ----

sub left { return slurp($trap->dir . "/$_[0]") }
$screen->keys('q');
ok($screen->wait_for(qr/^left 0\nend$/m), 'q quits, and the screen is the shell again') or diag $screen->text;
is(left('after'), left('before'), 'the terminal is as it was');
for my $signal ('TERM', 'INT') {
    $screen->start('sh -c', "'echo \$\$ >" . $trap->dir . "/pid; exec @top'", '; echo left $?; stty -g >' . $trap->dir . '/after; echo end');
    ok($screen->wait_for(qr/^Sessions now/m), 'it runs again');
    my $pid = left('pid');
    kill $signal, $pid + 0;
    ok($screen->wait_for(qr/^left 0\nend$/m), "SIG$signal ends it in order") or diag $screen->text;
    is(left('after'), left('before'), 'and the terminal is as it was');
}

# ---- other terminals, or none ----

$screen->start('TERM=nonsense', @top, '; echo left $?');
ok($screen->wait_for(qr/^smtptrap: top: TERM is 'nonsense', .*left 1$/ms), 'a terminal that nobody knows is told')
    or diag $screen->text;
my ($out, $err, $status) = Trap::Process::run(@top);
is($status >> 8, 1, 'without a terminal it fails');
is($out, '', 'prints nothing');
like($err, qr/must be a terminal/, 'and says why');

my $ascii = Trap::Screen->new(locale => 'C');
my $c = $trap->client(local => '127.9.8.4');
$c->cmd("EHLO h\xc3\xa9.test");
$ascii->start(@top);
ok($ascii->wait_for(qr/127\.9\.8\.4.* h\?\.test/), 'in the C locale only ASCII is shown') or diag $ascii->text;
$ascii->keys('q');
$c->quit;

$trap->stop;
($out, $err, $status) = Trap::Process::run(@top);
like($err, qr{status\.sock: }, 'without a trap it says what it asked');
is(join("\n", $trap->unexpected), '', 'the trap says nothing about itself that was not expected');
done_testing;
