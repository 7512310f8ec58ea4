package Trap::Screen;

# Screen.pm: a program on a real terminal, which tmux makes: keys go in, what is on the screen comes
# out.
#
#   my $s = Trap::Screen->new(columns => 100, lines => 30);
#   $s->start('smtptrap', 'top');                  # at a shell that waits for it
#   $s->wait_for(qr/quit/) or diag $s->text;
#   $s->keys('q');
#
# The server is this test's own and ends with it.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Time::HiRes qw(sleep time);
use Trap::Process;

use constant SECONDS => 60;

sub new {
    my ($class, %o) = @_;
    my $dir = tempdir('screen-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $self = bless {dir => $dir, owner => $$}, $class;
    local $ENV{LC_ALL} = 'C.UTF-8';
    my $locale = $o{locale} // 'C.UTF-8';
    $self->_tmux('-f', '/dev/null', '-u', 'new-session', '-d', '-x', $o{columns} // 100, '-y', $o{lines} // 30,
        "exec env -i PATH='$ENV{PATH}' TERM=screen PS1=prompt: LC_ALL=$locale sh");
    $self->wait_for(qr/^prompt:/m) or die 'there is no shell';
    return $self;
}

sub _tmux {
    my ($self, @args) = @_;
    my ($out, $err, $status) = Trap::Process::run('tmux', '-S', "$self->{dir}/socket", @args);
    die "tmux @args: $err" if $status != 0;
    return $out;
}

# All lines of the screen, bytes of UTF-8.
sub text { return $_[0]->_tmux('capture-pane', '-p') }

# Wait until the screen is like this; the text, or undef.
sub wait_for {
    my ($self, $pattern, $seconds) = @_;
    my $until = time + ($seconds // SECONDS);
    while (1) {
        my $text = $self->text;
        return $text if $text =~ $pattern;
        return if time > $until;
        sleep 0.05;
    }
}

sub keys { my ($self, @keys) = @_; $self->_tmux('send-keys', '--', @keys) }

# Type a command at the shell.
sub start { my ($self, @command) = @_; $self->_tmux('send-keys', '-l', '--', "clear; @command\n") }

sub resize { my ($self, $columns, $lines) = @_; $self->_tmux('resize-window', '-x', $columns, '-y', $lines) }

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{owner};
    local ($?, $@, $!);
    eval { $self->_tmux('kill-server') };
}

1;
