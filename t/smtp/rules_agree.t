#!/usr/bin/perl
# rules_agree.t: what the trap decided in the sessions of real clients, and on real messages, is what
# smtptrap explain says of the same facts.  Each rule that decides says its number in the reply.
use strict;
use warnings;
use POSIX ();
use Socket qw(SHUT_WR);
use Test::More;
use Trap;
use Trap::File qw(slurp spew);

use constant MESSAGES => 6046; # of the corpus
use constant CLIENTS => 6;     # that send them

my $streams = Trap::shared('smtp-client-streams.tar.xz')
    or plan skip_all => 'smtp-client-streams.tar.xz is not at hand';
my $corpus = Trap::shared('spamassassin-corpus.tar.xz')
    or plan skip_all => 'spamassassin-corpus.tar.xz is not at hand';

my @conditions = (
    'accept helo-has bareip', '@helo reject helo-has none', '@helo accept helo-has nodots,properip',
    '@mail reject from-has bad not from <>', '@mail stall from <>', '@mail accept from @.com or from @.org',
    '@rcpt reject to-has garbage,quoted', '@rcpt accept to @.test or to @.example or to @localhost',
    '@rcpt stall to-has unqualified', '@data reject helo-has helo to @.net', '@data accept ehlo localhost',
    '@message reject after keeping header Subject "^(re|fwd?):"', '@message accept size > 20k',
    '@message reject after keeping body "(?m)^(unsubscribe|click)"', '@message accept header From "@.*\.com\b"',
    '@message reject after keeping size < 500', '@message accept to-has bad or from-has bad',
);
my $trap = Trap->new(start => 0, tls => 0, conf => {limits => {errors => 100000, commands => 100000,
    messages => 100000, 'line-length' => '12k'}, workers => {'spare-min' => 16, 'spare-max' => 70, max => 80}});
my $rules = $trap->dir . '/rules';
spew($rules, map { "$conditions[$_] with message \"R@{[$_ + 1]}.\"\n" } 0 .. $#conditions);
$trap->write_conf($trap->conf_text . qq(rules { include "$rules" }\n));
$trap->expect(qr/warning/);
$trap->start;

sub unpack_files {
    my ($archive, @more) = @_;
    my $dir = File::Temp::tempdir(CLEANUP => 1);
    system('tar', '-C', $dir, '-xJf', $archive, @more) == 0 or die "tar failed\n";
    return $dir;
}

# ---- what explain says ----

my %answer;
my $scratch = $trap->dir . '/message';

# The number of the rule that decides last, '' if none does in that phase.
sub explained {
    my ($phase, @options) = @_;
    my $key = join "\0", $phase, @options, grep { defined } $options[-1] eq $scratch ? slurp($scratch) : ();
    return $answer{$key} //= do {
        my ($out, $err, $status) =
            Trap::Process::run("$Trap::BUILD/smtptrap", 'explain', '--rules', $rules, '--random', '50', @options);
        die "explain @options: $err" if $status != 0;
        my ($block) = reverse grep { /^\Q$phase\E\b/ } split /^(?=@)/m, $out;
        !defined $block ? 'explain stops before'
            : $block =~ /=> \S.* by \S+:(\d+)/ ? "R$1" : '';
    };
}

# ---- what the trap did ----

my ($compared, @wrong) = (0);
my %by_rule;

sub compare {
    my ($what, $reply, $phase, @options) = @_;
    my ($did) = $reply =~ /\b(R\d+)\./;
    return if !defined $did && $reply !~ /^(?:250 (?:2\.1\.0 Sender ok|2\.1\.5 Recipient ok|2\.6\.0 Queued)|354)/;
    my $said = explained($phase, @options);
    $compared++;
    $by_rule{$did // 'none'}++;
    push @wrong, "$what: $reply, but explain says '$said' of @options" if $said ne ($did // '');
}

# Follow a session's dialogue and compare each reply that a rule, or none, decided.
sub follow {
    my ($name, $s, $mail) = @_;
    my @messages = sort { $a->{seq} <=> $b->{seq} } $trap->messages_of($s);
    my (@client, @greeting, @from, @to, $line);
    @client = ('--client', $s->{client_ip});
    for my $e (@{$s->{dialogue}}) {
        $line = $e if $e->{dir} eq 'c';
        next if $e->{dir} ne 's' || !$line || $e->{text} =~ /^220/;
        my ($said, $reply) = ($line->{text} // '', $e->{text});
        my $good = $reply =~ /^[23]/;
        if ($line->{body}) {
            # Chunks have records at their end alone, and what was given up has no reply.
            shift @messages while @messages && ($messages[0]{reply} // '') ne $reply;
            my $m = shift @messages or next;
            my $raw = $mail->{$m->{id}};
            if (defined $raw) {
                spew($scratch, $raw);
                compare($name, $reply, '@message', @client, @greeting, '--from', $m->{mail_from},
                    (map { ('--to', $_) } @{$m->{rcpt_to}}), '--message', $scratch);
            }
            (@from, @to) = ();
        } elsif ($said =~ /^(HELO|EHLO) +(\S+) *$/i) {
            my @new = ('--' . lc $1, $2);
            compare("$name: $said", $reply, '@helo', @client, @new);
            @greeting = @new if $good;
        } elsif ($said =~ /^MAIL FROM: *<([^<>]*)>(.*)$/i) {
            my ($path, $rest) = ($1, $2);
            my ($size) = $rest =~ /\bSIZE=(\d+)/i;
            my @new = ('--from', $path =~ s/^@.*?://r, $size ? ('--size', $size) : ());
            compare("$name: $said", $reply, '@mail', @client, @greeting, @new);
            (@from, @to) = @new if $good;
        } elsif ($said =~ /^RCPT TO: *<([^<>]*)>/i && @from) {
            my @new = ('--to', $1 =~ s/^@.*?://r);
            compare("$name: $said", $reply, '@rcpt', @client, @greeting, @from, @new);
            push @to, @new if $good;
        } elsif ($said =~ /^(DATA)\s*$/i && @to && @from) {
            compare("$name: $said", $reply, '@data', @client, @greeting, @from, @to);
        }
        undef $line;
    }
}

# ---- real clients ----

my $dir = unpack_files($streams);
my (%client, $n);
for my $file (sort glob "$dir/*.bin") {
    my $c = $trap->client(local => sprintf('127.9.7.%d', ++$n), banner => 0);
    $c->send(slurp($file), quiet => 1);
    shutdown $c->socket, SHUT_WR;
    $c->drain;
    $client{$file =~ s{.*/}{}r} = $c;
}
is(scalar keys %client, 58, 'there are 58 streams');

my %session = map { $_ => $trap->session_of($client{$_}) } keys %client;
my %mail = map { $_->{id} => $_->{data} } $trap->mails;
follow($_, $session{$_}, \%mail) for sort keys %client;
note join ' ', map { "$_:$by_rule{$_}" } sort keys %by_rule;
cmp_ok($compared, '>', 200, "$compared decisions are compared");
cmp_ok(scalar keys %by_rule, '>', 8, scalar(keys %by_rule) . ' rules, or none, made them');
is(join("\n", @wrong), '', 'explain names the same rule for each');

# ---- real messages ----

my $texts = unpack_files($corpus, '--wildcards', '*.txt');
my @files = sort split /\n/, qx(find $texts -name '*.txt');
is(scalar @files, MESSAGES, 'there are 6,046 messages');
my $sent = File::Temp::tempdir(CLEANUP => 1);

# In a process of its own: every so many-th message in one session, and a line with the reply to each.
# What the trap should have received is left in a file.
sub send_messages {
    my ($n) = @_;
    my $c = $trap->client(local => '127.9.8.1', seconds => 120);
    $c->cmd('EHLO mail.example');
    for (my $i = $n; $i < @files; $i += CLIENTS) {
        my $text = slurp($files[$i]) =~ s/\r?\n/\r\n/gr;
        $text .= "\r\n" if $text !~ /\n\z/;
        spew("$sent/$i", $text);
        $c->send("MAIL FROM:<a\@sender.net>\r\nRCPT TO:<u\@d.test>\r\nDATA\r\n");
        $c->reply for 1 .. 3;
        $c->send($text =~ s/^\./../mgr . ".\r\n");
        my $reply = $c->reply->text;
        print $i, ' ', $reply =~ /\b(R\d+)\./ ? $1 : $reply =~ /^250 2\.6\.0 Queued/ ? 'none' : 'trouble', "\n";
    }
    $c->quit;
}

my @clients = map {
    my $n = $_;
    my $pid = open(my $from, '-|') // die "fork: $!";
    if (!$pid) {
        eval { send_messages($n); 1 } or print STDERR "# $@";
        close STDOUT;
        POSIX::_exit(0);
    }
    $from;
} 0 .. CLIENTS - 1;
my %did = map { my $from = $_; map { split } <$from> } @clients;
my ($out, $err, $status) = Trap::Process::run("$Trap::BUILD/smtptrap", 'explain', '--rules', $rules, '--random', '50',
    qw(--client 127.9.8.1 --ehlo mail.example --from a@sender.net --to u@d.test), map { "$sent/$_" } 0 .. $#files);
is("$err$status", '0', 'explain reads all of them');
my %said = map { m{^\@message \S+/(\d+)\n} ? ("$1", /=> \S.* by \S+:(\d+)/ ? "R$1" : 'none') : () } split /^(?=@)/m, $out;
my %count;
$count{$_}++ for values %did;
note join ' ', map { "$_:$count{$_}" } sort keys %count;
is(scalar keys %did, MESSAGES, 'the trap decided on all');
my @differ = grep { $did{$_} ne ($said{$_} // '') } sort keys %did;
is(scalar @differ, 0, 'explain names the same rule for each');
diag "$files[$_]: $did{$_}, but explain says ", $said{$_} // 'nothing' for splice @differ, 0, 10;
cmp_ok(scalar keys %count, '>', 4, scalar(keys %count) . ' rules, or none, made them');
$trap->done;
done_testing;
