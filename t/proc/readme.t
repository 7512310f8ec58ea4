#!/usr/bin/perl
# readme.t: the commands of README.md that a trap answers, run as they stand there, by the visitors of
# "Five minutes" and with their output; times, ports, identifiers and lengths of time aside.
use strict;
use warnings;
use Test::More;
use Trap qw(wait_for);
use Trap::Process;

my @missing = grep { !Trap::Process::program($_) } qw(curl jq openssl);
plan skip_all => "not there: @missing" if @missing;

# ---- the page ----

# [command, lines of output] of each "$ " in the blocks of the page, in order.
sub commands_of {
    my ($text) = @_;
    my @found;
    while ($text =~ /^```\n(\$ .*?)^```$/msg) {
        for my $part (split /^\$ /m, $1) {
            my ($command, @lines) = split /\n/, $part;
            push @found, [$command, @lines] if defined $command;
        }
    }
    return @found;
}

open my $f, '<', "$Trap::SOURCE/README.md" or die "README.md: $!\n";
my $readme = do { local $/; <$f> };
my ($printf) = $readme =~ /^    (printf 'EHLO .*?127\.0\.0\.1:2525)$/ms;
my @commands = commands_of($readme);

# ---- a trap where the page has one ----

my $trap = Trap->new(conf => {hostname => 'localhost'});
my $dir = $trap->dir . '/build-quickstart';
mkdir $_ or die "$_: $!" for $dir, "$dir/trap";
symlink "$Trap::BUILD/smtptrap", "$dir/smtptrap" or die "symlink: $!";
symlink $trap->conf_file, "$dir/trap/smtptrap.conf" or die "symlink: $!";
symlink $trap->logs, "$dir/trap/log" or die "symlink: $!";
my ($address, $port) = ($trap->address, $trap->port);
my $id; # of the first message

sub here {
    my ($command) = @_;
    $command =~ s{127\.0\.0\.1([:/])2525}{$address$1$port}g;
    $command =~ s/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/$id/g;
    return $command;
}

# What the page does with pgrep, which would find other traps here.
sub finish_files {
    $trap->rotate;
    ok(wait_for(60, sub { my @part = glob $trap->logs . '/*.part'; !@part }), 'SIGUSR1 finishes the files');
}

# What it prints, line by line; one that does not end is read as far as wanted.
sub run {
    my ($command, $lines) = @_;
    my $pid = open my $out, '-|', 'bash', '-c', "cd $dir && exec 2>/dev/null && " . here($command) or die "bash: $!\n";
    my @got;
    while (defined(my $line = <$out>)) {
        push @got, $line =~ s/\n\z//r;
        last if defined $lines && @got == $lines;
    }
    kill 'TERM', $pid if defined $lines;
    close $out;
    return ($?, @got);
}

sub plain {
    my ($line) = @_;
    return $line =~ s/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/TIME/gr
        =~ s/\d{8}T\d{6}Z/STAMP/gr
        =~ s/\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}/DATE/r
        =~ s/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000/DATE/r
        =~ s/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/ID/gr
        =~ s/127\.0\.0\.1\]?:\K\d+/PORT/r
        =~ s/^ +\K\d+\.\d{6} /SECONDS /r
        =~ s/\b\d+\.\ds$/LONG/r
        =~ s/[ \r]+$//r;
}

# The lines, or where "..." stands between them the pieces one behind the other, are in the output.
sub agrees {
    my ($got, $want, $name) = @_;
    pop @$got while @$got && plain($got->[-1]) eq ''; # a block of the page has no empty lines at its end
    my $text = "\n" . join('', map { plain($_) . "\n" } @$got);
    my $at = 0;
    my @pieces = map { [split /\n/, $_] } split /^\.\.\.\n/m, join '', map { plain($_) . "\n" } @$want;
    if (@pieces == 1) {
        is_deeply([map { plain($_) } @$got], $pieces[0], "$name: prints what the page says");
        return;
    }
    for my $piece (grep { @$_ } @pieces) {
        my $found = index $text, "\n" . join("\n", @$piece) . "\n", $at;
        cmp_ok($found, '>=', 0, "$name: prints \"$piece->[0]\" ...") or diag $text;
        $at = $found if $found > 0;
    }
}

# ---- the visitors ----

(my $curl) = grep { $commands[$_][0] =~ /^curl / } 0 .. $#commands;
ok($printf && defined $curl, 'the page has visitors');
is((run($printf))[0], 0, 'the first message is sent');
$trap->wait_count('session', 1);
($id) = map { $_->{id} } $trap->wait_record('message', sub { $_[0]{helo} eq 'client.example.org' }, 'the first message');
my $sessions = 1;

for (@commands) {
    my ($command, @want) = @$_;
    my $name = length $command > 60 ? substr($command, 0, 57) . '...' : $command;
    if ($command =~ /^cd |^kill -USR1 \$\(pgrep/) {
        finish_files() if $command =~ /^kill/;
        next;
    }
    next if $command =~ /\.arm/; # of a trap with an experiment
    my $endless = $command =~ / follow /;
    my ($status, @got) = run($command, $endless ? scalar @want : undef);
    is($status, 0, "$name: runs") if !$endless;
    $trap->wait_count('session', ++$sessions) if $command =~ /^curl|dev\/tcp/;
    agrees(\@got, \@want, $name) if @want;
}
ok(-s "$dir/report.html", 'the page of the report is there');
$trap->done;
done_testing;
