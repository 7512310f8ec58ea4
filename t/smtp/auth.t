#!/usr/bin/perl
# auth.t: AUTH as a lure: every attempt is answered as configured and recorded as sent.
use strict;
use warnings;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Trap;

sub b64 { return encode_base64($_[0], '') }

# A session of commands; the replies as codes, and the client.
sub session {
    my ($trap, @commands) = @_;
    my $c = $trap->client;
    $c->cmd('EHLO auth.example');
    my @codes = map { my $r = $c->cmd($_); $r ? $r->code : 'none' } @commands;
    $c->quit;
    return (join(' ', @codes), $c);
}

# What the client said, as the dialogue has it.
sub said { return join '|', map { $_->{text} } grep { $_->{dir} eq 'c' } @{$_[0]{dialogue}} }

my $plain = b64("\0Ann\0pass word");
my @attempts = (
    # title, commands, codes when refused, when accepted, what is recorded, with its secret
    ['PLAIN with an initial response', ["AUTH PLAIN $plain"], '535', '235', 'PLAIN %s Ann', 'pass word'],
    ['PLAIN in two steps', ['AUTH PLAIN', $plain], '334 535', '334 235', 'PLAIN %s Ann', 'pass word'],
    ['LOGIN', ['AUTH LOGIN', b64('Bob@Example.COM'), b64('s3cret')], '334 334 535', '334 334 235',
        'LOGIN %s Bob@Example.COM', 's3cret'],
    ['LOGIN with an initial response', ['AUTH LOGIN ' . b64('bob'), b64('s3cret')], '334 535', '334 235',
        'LOGIN %s bob', 's3cret'],
    ['the case of the mechanism', ["auth pLaIn $plain"], '535', '235', 'pLaIn %s Ann', 'pass word'],
    ['an authorization identity', ['AUTH PLAIN ' . b64("admin\0Ann\0x")], '535', '235', 'PLAIN %s Ann', 'x'],
    ['UTF-8', ['AUTH PLAIN ' . b64("\0m\xc3\xbcller\0p\xc3\xa4ss")], '535', '235', "PLAIN %s m\x{fc}ller", "p\x{e4}ss"],
    ['an empty password', ['AUTH LOGIN', b64('bob'), ''], '334 334 535', '334 334 235', 'LOGIN %s bob', ''],
);

for my $verdict (qw(refuse accept)) {
    for my $secrets (qw(no yes)) {
        my $trap = Trap->new(tls => 0, conf => {auth => {verdict => $verdict, 'auth-secrets' => $secrets}});
        my @sessions = map { [session($trap, @{$_->[1]})] } @attempts;
        for my $case (@attempts) {
            my ($title, $commands, $refused, $accepted, $recorded, $secret) = @$case;
            my $how = "$title (verdict $verdict, auth-secrets $secrets)";
            my ($codes, $client) = @{shift @sessions};
            my $s = $trap->session_of($client);
            is($codes, $verdict eq 'refuse' ? $refused : $accepted, "$how is answered");
            my $entry = sprintf($recorded, $verdict eq 'refuse' ? 'refused' : 'accepted')
                . ($secrets eq 'yes' ? " $secret" : '');
            is_deeply($s->{auth}, [$entry], "$how is recorded");
            my $said = said($s);
            my $last = $commands->[-1] =~ s/.* //r;
            if ($secrets eq 'yes') {
                is($said, join('|', 'EHLO auth.example', @$commands, 'QUIT'), "$how: the dialogue is exact");
            } else {
                unlike($said, qr/\Q$last\E/, "$how: no secret is in the dialogue") if length $last;
                unlike(JSON::PP::encode_json($s), qr/\Q$secret\E/, "$how: nor elsewhere in the record")
                    if length $secret > 3;
            }
        }
        if ($secrets eq 'no') {
            my ($text) = map { $trap->log->text($_) } 'session';
            unlike($text, qr/\Q$plain\E|s3cret|pass word/, "no secret is in the log (verdict $verdict)");
        }
        $trap->done;
    }
}

# ---- wrong ones ----
my $trap = Trap->new(conf => {auth => {'auth-secrets' => 'yes'}, limits => {errors => 1000, 'line-length' => 600}});
my @wrong = (
    ['a mechanism that is not offered', ['AUTH CRAM-MD5'], '504', ['CRAM-MD5 unknown_mechanism  '], ['auth_unknown_mechanism']],
    ['no mechanism', ['AUTH'], '501', undef, undef],
    ['no base64', ['AUTH PLAIN ***'], '501', ['PLAIN broken  ***'], ['auth_not_base64']],
    ['no base64 for a user name', ['AUTH LOGIN', '!bob!'], '334 501', ['LOGIN broken !bob! '], ['auth_not_base64']],
    ['no base64 for a password', ['AUTH LOGIN', b64('bob'), 'pa$$'], '334 334 501', ['LOGIN broken bob pa$$'], ['auth_not_base64']],
    ['a PLAIN response with one NUL', ['AUTH PLAIN ' . b64("bob\0pw")], '535', ['PLAIN refused bob pw'], ['auth_malformed']],
    ['a cancelled exchange', ['AUTH LOGIN', '*'], '334 501', ['LOGIN cancelled  '], ['auth_cancelled']],
    ['within a transaction', ['MAIL FROM:<a@b.test>', "AUTH PLAIN $plain"], '250 503', undef, ['out_of_order']],
    ['two attempts', ["AUTH PLAIN $plain", 'AUTH LOGIN', b64('x'), b64('y')], '535 334 334 535',
        ['PLAIN refused Ann pass word', 'LOGIN refused x y'], undef],
    ['a long response', ['AUTH PLAIN', b64("\0" . 'u' x 3000 . "\0p")], '334 535', ['PLAIN refused ' . 'u' x 986], undef],
    ['a response over the limit', ['AUTH PLAIN', 'A' x 13000], '334 500', undef, ['line_too_long', 'long_line']],
);
my @sessions = map { [session($trap, @{$_->[1]})] } @wrong;
for my $case (@wrong) {
    my ($title, $commands, $codes, $recorded, $oddities) = @$case;
    my ($got, $client) = @{shift @sessions};
    my $s = $trap->session_of($client);
    is($got, $codes, "$title is answered");
    is_deeply($s->{auth}, $recorded, "$title is recorded") if $recorded || !exists $s->{auth};
    is_deeply($s->{oddities}, $oddities, "$title: the oddity is named");
}

# The client that ends within an exchange.
my $c = $trap->client;
$c->cmd('EHLO x');
$c->cmd('AUTH LOGIN');
$c->cmd(b64('someone'));
$c->close;
is_deeply($trap->session_of($c)->{auth}, ['LOGIN cancelled someone '], 'an attempt that ends with the connection is recorded');

# Accepted once, it is not on offer again; over TLS it is recorded as well.
my $accept = Trap->new(conf => {auth => {verdict => 'accept'}});
$c = $accept->client;
$c->cmd('EHLO x');
$c->starttls;
like(join('|', $c->cmd('EHLO x')->lines), qr/\bAUTH PLAIN LOGIN\b/, 'AUTH is offered over TLS');
is($c->cmd("AUTH PLAIN $plain"), 235, 'an accepted client');
is($c->cmd("AUTH PLAIN $plain"), 503, 'cannot authenticate twice');
is($c->send_message(data => "x\r\n"), 250, 'and sends its message');
$c->quit;
my $s = $accept->session_of($c);
is_deeply($s->{auth}, ['PLAIN accepted Ann'], 'one attempt is recorded');
like(($accept->mails)[0]{trace}, qr/ with ESMTPSA id /, 'the trace header says that it was authenticated');

$_->done for $trap, $accept;
# ---- mechanisms are offered as configured ----
for my $case (['plain', 'AUTH PLAIN', '535', '504'], ['login', 'AUTH LOGIN', '504', '334'],
    ['none', '', '502', '502']) {
    my ($mechanisms, $offer, $to_plain, $to_login) = @$case;
    my $some = Trap->new(tls => 0, conf => {auth => {mechanisms => $mechanisms}});
    my $c = $some->client;
    my ($line) = map { /^250[- ](AUTH.*)/ ? $1 : () } $c->cmd('EHLO x')->lines;
    is($line // '', $offer, "mechanisms $mechanisms: EHLO offers it");
    is($c->cmd("AUTH PLAIN $plain")->code, $to_plain, "mechanisms $mechanisms: PLAIN gets $to_plain");
    is($c->cmd('AUTH LOGIN')->code, $to_login, "mechanisms $mechanisms: LOGIN gets $to_login");
    $c->abort;
    $some->done;
}
done_testing;
