#!/usr/bin/perl
# rules_enforce.t: what each action of a rule does in each phase, with its options: the replies and
# the records.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Trap;
use Trap::File qw(spew);

my @message = ('EHLO x', 'MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', 'DATA', "Subject: s\r\n\r\nbody\r\n.");
my @chunks = (@message[0 .. 2], "BDAT 7 LAST\r\nhello");
my @go_on = (250, 250, 250, 354, 250);

# Each case has an address of its own, which stands in its rules as IP; said: lines sent, each after
# the reply to the one before; replies: what is expected, the greeting first, codes or patterns;
# session, message: fields of the records, RULE the place of the n-th rule of the case.
my @cases = (
    # ---- reject ----
    ['@connect reject', 'a 5xx greeting; 503 to all but QUIT', ['@connect reject ip IP'],
        [@message[0, 1], 'QUIT'], [qr/^554 Not accepted here\r\n/, 503, 503, 221],
        {phase => 'connect', rule => 'RULE0', end_reason => 'quit', errors => 2}],
    ['@helo reject', 'the session is as before it', ['@helo reject ip IP helo bad'],
        ['EHLO bad', $message[1], 'HELO bad', @message],
        [220, qr/^550 Not accepted here\r\n\z/, 503, 550, @go_on],
        {helo => 'x', esmtp => 1, rule => 'RULE0', errors => 3}, {rule => undef}],
    ['@mail reject', 'the session is as before it', ['@mail reject ip IP from bad@b.test'],
        ['EHLO x', 'MAIL FROM:<bad@b.test>', 'RCPT TO:<c@d.test>', @message[1 .. 4]],
        [220, 250, qr/^550 5\.7\.1 Not accepted here\r\n\z/, 503, @go_on[1 .. 4]],
        {rule => 'RULE0'}, {rule => undef, mail_from => 'a@b.test'}],
    ['@rcpt reject', 'the others are accepted', ['@rcpt reject ip IP to bad@d.test'],
        [@message[0, 1], 'RCPT TO:<bad@d.test>', 'DATA', @message[2 .. 4]],
        [220, 250, 250, qr/^550 5\.7\.1 /, 554, @go_on[2 .. 4]],
        {recipients_rejected => 1, recipients_accepted => 1}, {rcpt_to => ['c@d.test']}],
    ['@data reject', 'the transaction stays', ['@data reject ip IP'], [@message[0 .. 3], 'RSET', 'DATA'],
        [220, 250, 250, 250, qr/^554 5\.7\.1 /, 250, 503], {phase => 'rcpt', rule => 'RULE0'}],
    ['@data reject, BDAT', 'the chunk is read and thrown away', ['@data reject ip IP'],
        [@chunks, 'NOOP'], [220, 250, 250, 250, qr/^554 5\.7\.1 /, 250], {rule => 'RULE0'}],
    ['@message reject', 'the record says so, no bytes are kept', ['@message reject ip IP'], [@message, 'NOOP'],
        [220, 250, 250, 250, 354, qr/^554 5\.7\.1 Not accepted here\r\n\z/, 250],
        {messages_rejected => 1, messages_accepted => 0, phase => 'data'},
        {verdict => 'rejected', reply => '554 5.7.1 Not accepted here', rule => 'RULE0', mail_file => undef}],
    ['@message reject, BDAT', 'the same', ['@message reject ip IP'], [@chunks], [220, 250, 250, 250, 554],
        {messages_rejected => 1}, {verdict => 'rejected', chunked => 1}],
    # ---- stall ----
    ['@connect stall', '421 and the end', ['@connect stall ip IP'], [], [qr/^421 Try again later\r\n/, undef],
        {end_reason => 'rejected', phase => 'connect', rule => 'RULE0'}],
    ['@helo stall', '450', ['@helo stall ip IP'], ['EHLO x'], [220, qr/^450 Try again later\r\n/], {rule => 'RULE0'}],
    ['@mail stall', '450', ['@mail stall ip IP'], [@message[0, 1]], [220, 250, qr/^450 4\.7\.1 /], {rule => 'RULE0'}],
    ['@rcpt stall', '450', ['@rcpt stall ip IP'], [@message[0 .. 2]], [220, 250, 250, qr/^450 4\.7\.1 /],
        {recipients_rejected => 1}],
    ['@data stall', '451', ['@data stall ip IP'], [@message[0 .. 3]], [220, 250, 250, 250, qr/^451 4\.7\.1 /],
        {rule => 'RULE0'}],
    ['@message stall', '451, tempfailed', ['@message stall ip IP'], [@message], [220, 250, 250, 250, 354, 451],
        {messages_rejected => 1}, {verdict => 'tempfailed', rule => 'RULE0', mail_file => undef}],
    # ---- accept ----
    ['accept', 'without a phase decides in all', ['accept ip IP', 'reject ip IP'], [@message], [220, @go_on],
        {rule => 'RULE0'}, {verdict => 'accepted', rule => 'RULE0', mail_file => qr/./}],
    ['accept with message', 'gets that reply in each phase, but for EHLO',
        ['accept ip IP with message "Hm {ip}\nwell"'], ['HELO y', @message],
        [qr/^220-Hm 127\.\S+\r\n220 well\r\n\z/, qr/^250-Hm/, qr/PIPELINING/, qr/^250-2\.1\.0 Hm \S+\r\n250 2\.1\.0 well/,
            qr/^250-2\.1\.5 Hm/, qr/^354-Hm \S+\r\n354 well/, qr/^250-2\.6\.0 Hm/],
        {messages_accepted => 1}, {reply => qr/^250-2\.6\.0 Hm \S+\r\n250 2\.6\.0 well\z/, mail_file => qr/./}],
    # ---- of messages ----
    ['discard', '250, and the record alone', ['discard ip IP'], [@message], [220, @go_on],
        {messages_accepted => 1, phase => 'message'},
        {verdict => 'accepted', kept => 0, rule => 'RULE0', mail_file => undef, sha256 => qr/./}],
    ['discard, BDAT', 'the same', ['discard ip IP'], [@chunks], [220, 250, 250, 250, 250],
        {messages_accepted => 1}, {verdict => 'accepted', kept => 0, mail_file => undef}],
    ['reject after keeping', '5xx, and the bytes are there', ['reject after keeping ip IP'], [@message],
        [220, 250, 250, 250, 354, 554], {messages_rejected => 1, messages_accepted => 0},
        {verdict => 'rejected', reply => '554 5.7.1 Not accepted here', rule => 'RULE0', mail_file => qr/./}],
    ['reject body', 'a rule that looks into the message', ['@message reject ip IP body "^body"'], [@message],
        [220, 250, 250, 250, 354, 554], {}, {rule => 'RULE0'}],
    ['reject header', 'and its header', ['@message reject ip IP header Subject "^other"'], [@message],
        [220, @go_on], {rule => undef}, {rule => undef, verdict => 'accepted'}],
    # ---- options ----
    ['code', 'with its enhanced code', ['@rcpt reject ip IP with code 551 5.1.6'], [@message[0 .. 2]],
        [220, 250, 250, qr/^551 5\.1\.6 Not/], {}],
    ['code', 'without an enhanced code', ['@rcpt stall ip IP with code 452'], [@message[0 .. 2]],
        [220, 250, 250, qr/^452 Try/], {}],
    ['code 421', 'ends the session', ['@rcpt stall ip IP with code 421'], [@message[0 .. 2]],
        [220, 250, 250, qr/^421 Try/, undef], {end_reason => 'rejected'}],
    ['message', 'of several lines, with placeholders', ['@mail reject ip IP with message "No, {ip}.\n{{id}} {id}"'],
        [@message[0, 1]], [220, 250, qr/^550-5\.7\.1 No, 127\.[\d.]+\.\r\n550 5\.7\.1 \{id\} SESSIONID\r\n\z/], {}],
    ['message', 'with the id of the message', ['@message reject after keeping ip IP with message "See {id}"'],
        [@message], [220, 250, 250, 250, 354, qr/^554 5\.7\.1 See MESSAGEID\r\n/], {}, {mail_file => qr/./}],
    ['tag, note, keep', 'are in the records', ['@helo set ip IP with tag one note "first" keep early',
        '@message set ip IP with tag two note "second" keep late'], [@message], [220, @go_on],
        {tags => ['one', 'two'], rule_notes => ['first', 'second'], rule => undef},
        {tags => ['one', 'two'], rule_notes => ['first', 'second'], keep => 'late', rule => undef}],
    ['keep', 'of an earlier phase holds', ['@rcpt set ip IP with keep early'], [@message], [220, @go_on],
        {}, {keep => 'early'}],
    ['tags of a refused command', 'are the session\'s alone', ['@mail reject ip IP from bad@b.test with tag bad'],
        ['EHLO x', 'MAIL FROM:<bad@b.test>', @message[1 .. 4]], [220, 250, 550, @go_on[1 .. 4]],
        {tags => ['bad']}, {tags => undef}],
    ['tags of the transaction before', 'are not this message\'s', ['@mail set ip IP from a@b.test with tag a',
        '@mail accept ip IP from c@b.test'],
        [@message[0, 1], 'RSET', 'MAIL FROM:<c@b.test>', @message[2 .. 4]], [220, 250, 250, 250, @go_on[1 .. 4]],
        {tags => ['a']}, {tags => undef, rule => 'RULE1'}],
    ['drop at @connect', 'not a byte', ['@connect reject ip IP with drop'], [], [undef],
        {end_reason => 'rejected', bytes_out => 0, rule => 'RULE0'}],
    ['drop at @helo', 'no reply', ['@helo stall ip IP with drop'], ['EHLO x'], [220, undef], {end_reason => 'rejected'}],
    ['drop at @mail', 'no reply', ['@mail reject ip IP with drop'], [@message[0, 1]], [220, 250, undef],
        {end_reason => 'rejected'}],
    ['drop at @rcpt', 'no reply', ['@rcpt reject ip IP with drop'], [@message[0 .. 2]], [220, 250, 250, undef],
        {end_reason => 'rejected', recipients_rejected => 1}],
    ['drop at @data', 'no reply', ['@data reject ip IP with drop'], [@message[0 .. 3]], [220, 250, 250, 250, undef],
        {end_reason => 'rejected'}],
    ['drop at @data, BDAT', 'no reply', ['@data reject ip IP with drop'], [@chunks], [220, 250, 250, 250, undef],
        {end_reason => 'rejected'}],
    ['drop at @message', 'no reply', ['@message reject after keeping ip IP with drop'], [@message],
        [220, 250, 250, 250, 354, undef], {end_reason => 'rejected'},
        {verdict => 'rejected', reply => undef, mail_file => qr/./}],
    # ---- what is special ----
    ['<>', 'is refused at each RCPT', ['@mail reject ip IP from <> with message "No bounces" tag bounce'],
        ['EHLO x', 'MAIL FROM:<>', $message[2], 'RCPT TO:<e@f.test>', 'RSET', @message[1 .. 4]],
        [220, 250, 250, qr/^550 5\.7\.1 No bounces/, 550, 250, @go_on[1 .. 4]],
        {rule => 'RULE0', tags => ['bounce']}, {tags => undef, rule => undef}],
    ['to after RCPT', 'looks at every accepted recipient', ['@message reject ip IP to second@d.test'],
        [@message[0 .. 2], 'RCPT TO:<second@d.test>', @message[3, 4]], [220, 250, 250, 250, 250, 354, 554], {}],
    ['route', 'of the sender and of an accepted recipient', ['@data reject ip IP from-has route to-has route'],
        ['EHLO x', 'MAIL FROM:<@r.test:a@b.test>', 'RCPT TO:<c@d.test>', 'RCPT TO:<@r.test:e@f.test>', 'DATA'],
        [220, 250, 250, 250, 250, 554], {}],
    ['size', 'what MAIL declares', ['@mail reject ip IP size > 1k'],
        ['EHLO x', 'MAIL FROM:<a@b.test> SIZE=2000', 'MAIL FROM:<a@b.test> SIZE=1000'], [220, 250, 550, 250], {}],
    ['size', 'what came', ['@message reject ip IP size < 1k'], [@message], [220, 250, 250, 250, 354, 554], {}],
    ['tls off', 'in clear', ['@mail reject ip IP tls off'], [@message[0, 1]], [220, 250, 550], {}],
    ['with tls off', 'EHLO does not offer it', ['@connect set ip IP with tls off'], ['EHLO x', 'STARTTLS'],
        [220, qr/\A(?!.*STARTTLS)/s, 502], {tls_outcome => 'refused_by_rule'}],
    ['dialect', 'of the message', ['@message reject ip IP dialect d1_*'], [@message], [220, 250, 250, 250, 354, 554], {}],
    ['random', 'all', ['@mail reject ip IP random 100%'], [@message[0, 1]], [220, 250, 550], {}],
    ['rate', 'the first session is not more than one', ['@mail reject ip IP rate 1 per 1h'], [@message[0, 1]], [220, 250, 250], {}],
    ['rate', 'but more than none', ['@mail reject ip IP rate 0 per 1h'], [@message[0, 1]], [220, 250, 550], {}],
    ['local', 'port and address', ['@mail reject ip IP local port PORT local ADDRESS'], [@message[0, 1]],
        [220, 250, 550], {}],
);

my $trap = Trap->new(start => 0);
my ($port, $address) = ($trap->port, $trap->address);
my $line = 1;
my $rules = "rules {\n";
for my $i (0 .. $#cases) {
    my $ip = sprintf '127.9.1.%d', $i + 1;
    for my $rule (@{$cases[$i][2]}) {
        $rules .= $rule =~ s/\bIP\b/$ip/gr =~ s/PORT/$port/r =~ s/ADDRESS/$address/r . "\n";
        push @{$cases[$i][7]}, sprintf '%s/rules:%d', $trap->dir, ++$line;
    }
}
spew($trap->dir . '/rules', "$rules}\n");
$trap->write_conf($trap->conf_text . qq(include "${\$trap->dir}/rules"\n));
$trap->expect(qr/warning/);
$trap->start;

# What differs from what is expected.
sub differences {
    my ($want, $record, $places) = @_;
    my @wrong;
    for my $key (sort keys %$want) {
        my ($w, $got) = ($want->{$key}, $record->{$key});
        $w = $places->[$1] if defined $w && $w =~ /^RULE(\d)$/;
        $got = join ' ', @$got if ref $got eq 'ARRAY';
        $w = join ' ', @$w if ref $w eq 'ARRAY';
        my $same = !defined $w ? !defined $got : ref $w ? defined $got && $got =~ $w : defined $got && $got eq $w;
        push @wrong, "$key: " . ($got // 'absent') . ', not ' . ($w // 'absent') if !$same;
    }
    return @wrong;
}

for my $i (0 .. $#cases) {
    my ($name, $what, undef, $said, $replies, $session, $message, $places) = @{$cases[$i]};
    my $c = $trap->client(local => sprintf("127.9.1.%d", $i + 1), banner => 0);
    my @got = scalar $c->reply;
    push @got, scalar $c->cmd($_) for @$said;
    push @got, scalar $c->reply if !defined $replies->[-1] && @got < @$replies;
    $c->quit if defined $got[-1] && $got[-1] != 221;
    my $s = $trap->session_of($c);
    my ($m) = $trap->messages_of($s);
    my @wrong = @got == @$replies ? () : scalar(@got) . ' replies';
    for my $n (0 .. $#got) {
        my ($got, $want) = (defined $got[$n] ? $got[$n]->text : undef, $replies->[$n]);
        if (ref $want) {
            my $id = $m ? $m->{id} : '';
            (my $re = "$want") =~ s/SESSIONID/$s->{id}/;
            $re =~ s/MESSAGEID/$id/;
            $want = qr/$re/;
        }
        my $same = !defined $want ? !defined $got : defined $got && $got =~ (ref $want ? $want : qr/^$want/);
        push @wrong, "reply $n: " . ($got // 'none') . ', not ' . ($want // 'none') if !$same;
    }
    # The case bears the name of the decision.
    $session->{rule_action} = $1 if $name =~ /^(\@\w+ \w+)/ && ($session->{rule} // '') eq 'RULE0';
    push @wrong, differences($session, $s, $places);
    push @wrong, $message ? differences($message, $m // {}, $places) : ();
    is(join("\n", @wrong), '', "$name: $what");
}

# ---- TLS ----

sub tls_case {
    my ($ip) = @_;
    my $c = $trap->client(local => $ip);
    $c->cmd('EHLO x');
    return $c;
}
$trap->done;
done_testing;
