#!/usr/bin/perl
# identity.t: what the trap is depends on the address, port and listener that a client reached.
use strict;
use warnings;
use Test::More;
use Trap qw(own_port);

my $wild = own_port(); # a wildcard listener takes it for all addresses
my $trap = Trap->new(start => 0, conf => {banner => 'ESMTP top'}, listeners => [
    {name => 'one'}, {name => 'two'}, {name => 'wild', address => '0.0.0.0', port => $wild},
    {name => 'proxied', 'proxy-from' => '127.7.0.0/16'}, {name => 'six', address => '::1'}]);
my $identities = <<"EOT";
identity { name post local 127.201.0.0/28 hostname post.example looks-like postfix }
identity { name ex   local 127.201.0.0/24 127.202.0.1 hostname ex.example looks-like exim }
identity { name snd  local 192.0.2.25 hostname snd.example looks-like sendmail }
identity { name msx  listener two hostname msx.example looks-like exchange }
identity { name set  local 127.203.0.1 port $wild extensions help 8bitmime size banner "plain" }
identity { name clear local 127.203.0.2 extensions size }
identity { name none local 127.203.0.3 hostname bare.example extensions none banner "" }
identity { name v6 local ::1 hostname six.example }
EOT
$trap->write_conf($trap->conf_text . $identities);
$trap->start;
sub at { my ($ip, %o) = @_; return $trap->client(listener => 2, address => $ip, %o) }

# What identity, host name and first line of EHLO a client finds.
my @cases = (
    # title, client, identity, host name, greeting, EHLO's lines
    ['a network', sub { at('127.201.0.15') }, 'post', 'post.example', '220 post.example ESMTP Postfix',
        ['post.example', qw(PIPELINING), 'SIZE 33554432', qw(VRFY ETRN STARTTLS), 'AUTH PLAIN LOGIN',
            qw(ENHANCEDSTATUSCODES 8BITMIME DSN SMTPUTF8 CHUNKING)]],
    ['the next one, behind it', sub { at('127.201.0.16') }, 'ex', 'ex.example',
        qr/^220 ex\.example ESMTP Exim 4\.96 \w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/,
        ['ex.example Hello c.example [127.0.0.1]', 'SIZE 33554432', qw(8BITMIME VRFY PIPELINING),
            'AUTH PLAIN LOGIN', qw(CHUNKING STARTTLS SMTPUTF8 HELP)]],
    ['its second network', sub { at('127.202.0.1') }, 'ex', 'ex.example', qr/Exim/, undef],
    ['no identity', sub { at('127.202.0.2') }, undef, 'mx.trap.test', '220 mx.trap.test ESMTP top',
        ['mx.trap.test', 'SIZE 33554432', qw(PIPELINING 8BITMIME SMTPUTF8 CHUNKING
            ENHANCEDSTATUSCODES DSN STARTTLS), 'AUTH PLAIN LOGIN']],
    ['no identity at a listener of one address', sub { $trap->client }, undef, 'mx.trap.test',
        '220 mx.trap.test ESMTP top', undef],
    ['a listener', sub { $trap->client(listener => 1) }, 'msx', 'msx.example',
        qr/^220 msx\.example Microsoft ESMTP MAIL Service ready at \w{3}, /,
        [qr/^msx\.example Hello \[127\.[\d.]+\]$/, 'SIZE 33554432', qw(PIPELINING DSN
            ENHANCEDSTATUSCODES STARTTLS), 'AUTH PLAIN LOGIN', qw(8BITMIME BINARYMIME CHUNKING SMTPUTF8)]],
    ['the address of a PROXY header', sub { $trap->client(listener => 3, local => '127.7.0.1',
        before => "PROXY TCP4 192.0.2.7 192.0.2.25 4711 25\r\n") }, 'snd', 'snd.example',
        qr/^220 snd\.example ESMTP Sendmail 8\.17\.1\/8\.17\.1; \w{3}, .* GMT$/,
        ['snd.example Hello [192.0.2.7], pleased to meet you', qw(ENHANCEDSTATUSCODES PIPELINING
            8BITMIME), 'SIZE 33554432', qw(DSN ETRN), 'AUTH PLAIN LOGIN', qw(STARTTLS DELIVERBY HELP)]],
    ['its own extensions and banner', sub { at('127.203.0.1') }, 'set', 'mx.trap.test',
        '220 mx.trap.test plain', ['mx.trap.test', qw(HELP 8BITMIME), 'SIZE 33554432']],
    ['no extensions', sub { at('127.203.0.3') }, 'none', 'bare.example', '220 bare.example', ['bare.example']],
    ['IPv6', sub { $trap->client(listener => 4) }, 'v6', 'six.example', '220 six.example ESMTP top', undef],
);
sub same {
    my ($got, $expected, $title) = @_;
    return ref $expected ? like($got, $expected, $title) : is($got, $expected, $title);
}
for my $case (@cases) {
    my ($title, $client, $name, $host, $greeting, $lines) = @$case;
    my $c = $client->();
    same(($c->banner->lines)[0], $greeting, "$title: the greeting");
    my $r = $c->cmd('EHLO c.example');
    my @got = map { s/^250[ -]//r } $r->lines;
    if ($lines) {
        same(shift @got, shift @$lines, "$title: EHLO's first line");
        is_deeply(\@got, $lines, "$title: what EHLO offers, in its order");
    }
    ok($r->legal, "$title: a legal reply");
    is($c->send_message(data => "Subject: $title\r\n\r\nx\r\n"), 250, "$title: a message is accepted");
    $c->quit;
    my ($m) = $trap->wait_record('message', sub { ($_[0]{subject} // '') eq $title }, $title);
    is($m->{identity}, $name, "$title: the message record names the identity");
    my $s = $trap->wait_record('session', sub { $_[0]{id} eq $m->{session_id} }, "session of $title");
    is($s->{identity}, $name, "$title: and so does the session record");
    my ($mail) = grep { $_->{id} eq $m->{id} } $trap->mails;
    like($mail->{trace}, qr/^\tby \Q$host\E with ESMTP id /m, "$title: its host name is in the Received header");
}

# ---- what a look says ----
my $c = at('127.201.0.1');
is(($c->cmd('MAIL FROM:<a@b.example>')->lines)[0], '503 5.5.1 Error: send HELO/EHLO first', 'Postfix: MAIL first');
$c->cmd('EHLO c.example');
is(($c->cmd('MAIL FROM:<a@b.example>')->lines)[0], '250 2.1.0 Ok', 'Postfix: MAIL');
is(($c->cmd('RCPT TO:<a@b.example>')->lines)[0], '250 2.1.5 Ok', 'Postfix: RCPT');
is(($c->cmd('DATA')->lines)[0], '354 End data with <CR><LF>.<CR><LF>', 'Postfix: DATA');
$c->send("Subject: queued\r\n\r\nx\r\n.\r\n");
my ($stored) = $c->reply->lines;
like($stored, qr/^250 2\.0\.0 Ok: queued as [0-9A-F]{10}$/, 'Postfix: the message is queued under an identifier');
is(($c->quit->lines)[0], '221 2.0.0 Bye', 'Postfix: QUIT');
my $m = $trap->wait_record('message', sub { ($_[0]{subject} // '') eq 'queued' }, 'queued');
is($m->{reply}, $stored, 'which the record has, too');

# The record of the session has the replies as they were said, and not what followed AUTH.
$c = $trap->client(listener => 3, local => '127.7.0.1', before => "PROXY TCP4 192.0.2.8 192.0.2.25 4711 25\r\n");
$c->cmd('EHLO c.example');
is(($c->cmd("MAIL FROM:<a\@b.example>")->lines)[0], '250 2.1.0 <a@b.example>... Sender ok', 'Sendmail: MAIL');
is(($c->cmd("FOO \x01\xff\"")->lines)[0], '500 5.5.1 Command unrecognized: "FOO ??""',
    'Sendmail: what is repeated of an unknown command is printable');
$c->quit;
my $s = $trap->wait_record('session', sub { $_[0]{client_ip} eq '192.0.2.8' }, 'Sendmail');
is(scalar(grep { /Command unrecognized: "FOO \?\?""/ } map { ref $_ ? values %$_ : $_ } @{$s->{dialogue}}), 1,
    'and so it is in the dialogue');

# ---- STARTTLS left out ----
$c = at('127.203.0.2');
$c->cmd('EHLO x');
is($c->cmd('STARTTLS'), 502, 'without starttls in its extensions an identity has no STARTTLS');
$c->quit;
is($trap->session_of($c)->{tls_outcome}, 'not_offered', 'which the record says');

# ---- SIGHUP ----
my $old = at('127.201.0.1');
$trap->write_conf($trap->conf_text . $identities =~ s/looks-like postfix/banner "ESMTP new"/r =~ s/ex\.example looks-like exim/new.example/r);
$trap->expect(qr/ master: reload: /, qr/ master: configuration /);
$trap->hup;
sub greets_with {
    my ($ip, $banner) = @_;
    return Trap::wait_for_new_workers(sub { my $n = at($ip); my ($l) = $n->banner->lines; $n->quit; $l eq $banner });
}
ok(greets_with('127.201.0.1', '220 post.example ESMTP new'), 'SIGHUP brings other banners');
ok(greets_with('127.201.0.16', '220 new.example ESMTP top'), 'SIGHUP brings other host names and looks');
is(($old->cmd('NOOP')->lines)[0], '250 2.0.0 Ok', 'sessions under way go on as they began');
$old->quit;

# ---- the end: those who wait hear the name of their address ----
my $last = at('127.201.0.1');
$trap->signal('TERM');
like($last->drain, qr/^421 4\.3\.2 post\.example Service shutting down\r\n/, 'at the end the identity says 421');
$last->close;
$trap->done;
done_testing;
