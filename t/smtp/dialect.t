#!/usr/bin/perl
# dialect.t: the dialect in the records is the one that follows from them; it tells programs apart, and
# does not change with what they have to say.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Dialect qw(session_dialect message_dialect);
use Trap::File qw(spew);
use Trap::Process qw(run_client);

my %program = map { ($_ => Trap::Process::program($_)) } qw(openssl gnutls-cli curl swaks msmtp python3);
my $dir = File::Temp::tempdir(CLEANUP => 1);

# One listener a program, so that records tell them apart, and one without TLS.
my @names = qw(openssl gnutls-cli curl swaks msmtp python3);
my $trap = Trap->new(listeners => [{name => 'tls'}, {name => 'plain', tls => 'off'}, map({ {name => $_} } @names)],
    conf => {limits => {errors => 1000}, workers => {'spare-min' => 20, 'spare-max' => 60, max => 80}});

# Test that the records of a session agree with each other; returns them.
sub agree {
    my ($s, $title) = @_;
    my @messages = sort { $a->{id} cmp $b->{id} } $trap->messages_of($s);
    my ($digest, $text) = session_dialect($s, @messages);
    is_deeply([@$s{qw(dialect dialect_string)}], [$digest, $text], "$title: the dialect follows from the record");
    is(join(' ', map { $_->{dialect} } @messages), join(' ', map { message_dialect($s, $_) } @messages),
        "$title: so does that of each message") if @messages;
    is(substr($s->{dialect}, 0, length $messages[0]{dialect}), $messages[0]{dialect},
        "$title: the session's begins with that of its first message") if @messages;
    return ($s, @messages);
}

# What a client of ours says, line by line or at once, and the session's record.
sub say_lines {
    my ($lines, %o) = @_;
    my $c = $trap->client(listener => $o{listener} // 0);
    for my $line (@$lines) {
        if (ref $line) { $c->$line; next }
        $c->send($line =~ /\n\z/ ? $line : "$line\r\n");
        $c->reply;
    }
    $c->close;
    return $c;
}

# ---- the same, whatever there is to say ----
my @greeting = 'EHLO client.example';
sub message {
    my ($from, @to) = @_;
    return ("MAIL FROM:<$from> SIZE=100", map({ "RCPT TO:<$_>" } @to), 'DATA',
        "From: $from\r\nSubject: $from\r\nDate: now\r\nX-Mailer: swaks v" . length($from) . "\r\n\r\nto @to\r\n.\r\n");
}
my $tls = sub { $_[0]->starttls };
my %same = (
    'one message' => [@greeting, message('a@b.example', 'c@d.example'), 'QUIT'],
    'another message' => [@greeting, message('someone.else@elsewhere.example', 'x@y.example'), 'QUIT'],
    'three messages' => [@greeting, map({ message("m$_\@b.example", 'c@d.example') } 1 .. 3), 'QUIT'],
    'many recipients' => [@greeting, message('a@b.example', map { "r$_\@d.example" } 1 .. 120), 'QUIT'],
    'another name' => ['EHLO other.client.example', message('a@b.example', 'c@d.example'), 'QUIT'],
    'STARTTLS' => [@greeting, $tls, @greeting, message('a@b.example', 'c@d.example'), 'QUIT'],
);
my %clients = map { $_ => say_lines($same{$_}) } sort keys %same;
my $plain = say_lines($same{'one message'}, listener => 1);
my %text;
for my $title (sort keys %clients) {
    my ($s) = agree($trap->session_of($clients{$title}), $title);
    $text{$title} = $s->{dialect};
}
my $expected = $text{'one message'};
is($text{$_}, $expected, "$_: the dialect is that of one message") for grep { $_ ne 'STARTTLS' } sort keys %text;
is(substr($text{STARTTLS}, 0, 24), substr($expected, 0, 24), 'STARTTLS: speech and header are the same');
isnt($text{STARTTLS}, $expected, 'STARTTLS: the extras are not');
is($trap->session_of($plain)->{dialect}, $expected, 'a trap that offers no TLS records the same');

# ---- others, for how it is said ----
my %other = (
    'lower case' => [map { s/^(EHLO|MAIL FROM|RCPT TO|DATA|QUIT)/lc $1/er } @{$same{'one message'}}],
    'HELO' => [map { s/^EHLO/HELO/r } @{$same{'one message'}}],
    'EHLO, then HELO' => [@greeting, 'HELO client.example', @{$same{'one message'}}[1 .. 5]],
    'a bare name' => ['EHLO client', @{$same{'one message'}}[1 .. 5]],
    'an address literal' => ['EHLO [192.0.2.1]', @{$same{'one message'}}[1 .. 5]],
    'an address' => ['EHLO 192.0.2.1', @{$same{'one message'}}[1 .. 5]],
    'an underscore' => ['EHLO my_client.example', @{$same{'one message'}}[1 .. 5]],
    'space behind the colon' => [map { s/:</: </r } @{$same{'one message'}}],
    'no brackets' => [map { s/:<(.*)>/:$1/r } @{$same{'one message'}}],
    'no SIZE' => [map { s/ SIZE=.*//r } @{$same{'one message'}}],
    'BODY behind SIZE' => [map { s/ SIZE=.*/$& BODY=7BIT/r } @{$same{'one message'}}],
    'BODY before SIZE' => [map { s/ SIZE=.*/ BODY=7BIT$&/r } @{$same{'one message'}}],
    'RSET first' => [@greeting, 'RSET', @{$same{'one message'}}[1 .. 5]],
    'LF alone' => [map { /\n/ ? $_ : "$_\n" } @{$same{'one message'}}],
    'no QUIT' => [@{$same{'one message'}}[0 .. 4]],
    'RSET before QUIT' => [@{$same{'one message'}}[0 .. 4], 'RSET', 'QUIT'],
    'another mailer' => [map { s/swaks/PHPMailer/r } @{$same{'one message'}}],
    'no Date' => [map { s/Date: now\r\n//r } @{$same{'one message'}}],
    'BDAT' => [@greeting, 'MAIL FROM:<a@b.example> SIZE=100', 'RCPT TO:<c@d.example>', "BDAT 5 LAST\r\nx: y\n", 'QUIT'],
    'nothing but QUIT' => ['QUIT'],
    'odd lines' => ["\x16\x03\x01", 'GET / HTTP/1.1', "Host: x\r\n", ' ', "NOOP \xff", "EHLO a\0b"],
);
%clients = map { $_ => say_lines($other{$_}) } sort keys %other;
my %seen = ($expected => 'one message');
for my $title (sort keys %clients) {
    my ($s) = agree($trap->session_of($clients{$title}), $title);
    is($seen{$s->{dialect}}, undef, "$title: is a dialect of its own");
    $seen{$s->{dialect}} = $title;
}

# ---- secrets, long lines, ends ----
my $c = say_lines([@greeting, 'AUTH PLAIN AGFiYwBkZWY=', 'AUTH LOGIN', 'dXNlcg==', 'cGFzcw==', 'AUTH LOGIN dXNlcg==', '*', 'AUTH login', '****', 'AUTH',
    'AUTH XYZZY secret', 'AUTH  PLAIN', 'x' x 13000, 'QUIT now']);
my ($s) = agree($trap->session_of($c), 'AUTH');
is($s->{dialect_string}, 'EHLO {fqdn}|AUTH PLAIN {ir}|AUTH LOGIN|{r}|AUTH LOGIN {ir}|*|AUTH login|AUTH|AUTH {m} {ir}|AUTH  PLAIN|{r}\+;;QUIT {arg}.quit',
    'AUTH: secrets are not looked at');
$c = $trap->client;
$c->send('EHLO ' . 'x' x 3000 . "\r\n");
$c->reply;
$c->send('NOO');
$c->close;
($s) = agree($trap->session_of($c), 'a line too long, and one without end');
is($s->{dialect_string}, 'EHLO {name}\+|{?}\-;;.close', 'are so in the text');
$c = $trap->client;
$c->close;
$s = $trap->session_of($c);
ok(!exists $s->{dialect} && !exists $s->{dialect_string}, 'who says nothing has no dialect');

# The worst for the dialogue: all that counts is in the record nevertheless.
for (['32 long names', [map { 'EHLO ' . "n$_" . 'x' x 500 } 1 .. 40]],
    ['32 forms', [map { ('  ' x ($_ & 1)) . 'MAIL FROM:<' . 'x' x ($_ * 16) . ">\r\n" } 1 .. 60]],
    ['recipients', ['EHLO x', 'MAIL FROM:<>', map({ "RCPT TO:<$_\@x>" } 1 .. 400), 'DATA', "x: y\r\n\r\n.\r\n", 'RSET', 'QUIT']],
    ['long recipients', ['EHLO x', 'MAIL FROM:<>', map({ "RCPT TO:<$_" . 'x' x 60 . '@' . 'y' x 60 . '>' } 1 .. 400), 'DATA', "x: y\r\n\r\n.\r\n", 'QUIT']],
    ['NOOP', [('NOOP ' . 'x' x 2000) x 20, 'RSET']]) {
    my ($title, $lines) = @$_;
    ($s) = agree($trap->session_of(say_lines($lines)), $title);
    note "$title: dialogue_bytes_cut " . ($s->{dialogue_bytes_cut} // 0);
}

# ---- pipelining ----
$c = $trap->client;
$c->send("EHLO client.example\r\n");
$c->reply;
$c->send("MAIL FROM:<a\@b.example> SIZE=100\r\nRCPT TO:<c\@d.example>\r\nDATA\r\n");
$c->reply for 1 .. 3;
$c->send("From: x\r\nSubject: x\r\nDate: x\r\nX-Mailer: swaks\r\n\r\nx\r\n.\r\n");
$c->reply;
$c->send("QUIT\r\n");
$c->drain;
($s) = agree($trap->session_of($c), 'pipelined');
cmp_ok($s->{pipelined}, '>=', 2, 'lines that came together are counted');
is($s->{dialect}, $expected, 'and the dialect is as if they had come one by one');

# ---- programs ----
my $file = "$dir/message";
spew($file, "Subject: a client\r\n\r\nhello\r\n");
my %run = (
    openssl => sub { run_client(\"EHLO openssl.client\r\nQUIT\r\n", $program{openssl}, 's_client', '-connect', "$_[0]:$_[1]", '-starttls', 'smtp', '-quiet') },
    'gnutls-cli' => sub { run_client(\"EHLO gnutls.client\r\nQUIT\r\n", $program{'gnutls-cli'}, '--starttls-proto=smtp', '--insecure', '-p', $_[1], $_[0]) },
    curl => sub { run_client($program{curl}, '-sS', '--insecure', '--mail-from', "$_[2]\@client.test", '--mail-rcpt', 'trap@trap.test', '--upload-file', $file, "smtp://$_[0]:$_[1]/client.test") },
    swaks => sub { run_client($program{swaks}, '--server', $_[0], '--port', $_[1], '--helo', 'client.test', '--from', "$_[2]\@client.test", '--to', 'trap@trap.test', '--suppress-data') },
    msmtp => sub { run_client(\"Subject: x\r\n\r\nhello\r\n", $program{msmtp}, '--file=/dev/null', "--host=$_[0]", "--port=$_[1]", '--domain=client.test', "--from=$_[2]\@client.test", 'trap@trap.test') },
    python3 => sub { run_client($program{python3}, '-c', "import smtplib\ns = smtplib.SMTP('$_[0]', $_[1], 'client.test')\n"
        . "s.sendmail('$_[2]\@client.test', ['trap\@trap.test'], 'Subject: x\\r\\n\\r\\nhello\\r\\n')\ns.quit()") },
);
my %by;
for my $i (0 .. $#names) {
    my $name = $names[$i];
    next if !$program{$name};
    my ($address, $port) = ($trap->address($i + 2), $trap->port($i + 2));
    my @said = map { [$run{$name}->($address, $port, $_)] } 'alice', 'bob.the.builder';
    $by{$name} = {said => \@said};
}
for my $name (grep { $by{$_} } @names) {
    my @s;
    for (1 .. 200) {
        @s = grep { $_->{listener} eq $name } $trap->records('session');
        last if @s >= 2;
        select undef, undef, undef, 0.05;
    }
    is(scalar @s, 2, "$name: came twice") or diag explain $by{$name}{said};
    agree($_, $name) for @s;
    is($s[0]{dialect}, $s[-1]{dialect}, "$name: has one dialect");
    note sprintf '%-10s %s %s', $name, $s[0]{dialect}, $s[0]{dialect_string};
    is($seen{$s[0]{dialect}}, undef, "$name: is a dialect of its own");
    $seen{$s[0]{dialect}} = $name;
}
$trap->done;

# ---- switched off ----
my $without = Trap->new(conf => {smtp => {dialect => 'no'}});
$c = $without->client;
$c->cmd('EHLO x');
$c->send_message(data => "X-Mailer: y\r\n\r\nx\r\n");
$c->quit;
$s = $without->session_of($c);
my ($m) = $without->messages_of($s);
ok(!(grep { /dialect/ } keys %$s, keys %$m), 'with dialect no there is none');
is($m->{x_mailer}, 'y', 'the rest is there');
$without->done;
done_testing;
