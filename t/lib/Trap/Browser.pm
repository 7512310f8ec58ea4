package Trap::Browser;

# Browser.pm: a headless Chromium, driven over WebDriver (W3C) by chromedriver.
#
#   my $b = Trap::Browser->new;              # skip first if Trap::Browser->missing
#   $b->open($file);                         # a file of this machine
#   $b->script('return document.title');     # a value
#   $b->keys("\x{e004}");                    # keys as WebDriver numbers them
#   $b->cdp('Emulation.setEmulatedMedia', {...});
#   $b->stop;
#
# Everything it writes is in a folder of its own.  It reaches no network: it has no names, and a proxy
# that refuses all.  Its processes are groups that this module started, and are ended as such.
use strict;
use warnings;
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Handle;
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);
use Trap::File qw(slurp_or_empty);
use Trap::Process;

use constant SECONDS => 180; # a command; the start of a browser takes long on a loaded machine

# The name of what is not installed, or nothing.
sub missing {
    for my $program (qw(chromedriver chromium)) {
        return $program if !Trap::Process::program($program);
    }
    return;
}

sub new {
    my ($class, %o) = @_;
    my $self = bless {dir => tempdir('browser-XXXXXX', TMPDIR => 1, CLEANUP => 1), owner => $$, %o}, $class;
    $self->{http} = do {
        local %ENV = %ENV;
        delete @ENV{grep { /proxy$/i } keys %ENV};
        HTTP::Tiny->new(timeout => SECONDS);
    };
    $self->_start_driver;
    $self->_start_browser;
    return $self;
}

sub _start_driver {
    my ($self) = @_;
    my $log = "$self->{dir}/driver.log";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        setpgrp 0, 0;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $log;
        open STDERR, '>&', \*STDOUT;
        @ENV{qw(TMPDIR HOME XDG_CONFIG_HOME XDG_CACHE_HOME)} = ($self->{dir}) x 4;
        delete @ENV{grep { /proxy$/i } keys %ENV};
        my @driver = (qw(setpriv --pdeathsig TERM), Trap::Process::program('chromedriver'));
        exec @driver, '--port=0', '--log-level=WARNING' or POSIX::_exit(127);
    }
    $self->{driver} = $pid;
    my $end = time + SECONDS;
    while (!$self->{url}) {
        my $said = slurp_or_empty($log);
        $self->{url} = "http://127.0.0.1:$1" if $said =~ /started successfully on port (\d+)/;
        die "chromedriver did not start: $said\n" if time > $end || waitpid($pid, WNOHANG) == $pid;
        sleep 0.05;
    }
}

sub _start_browser {
    my ($self) = @_;
    my @args = ('--headless=new', '--disable-dev-shm-usage', '--disable-gpu', '--hide-scrollbars',
        '--no-first-run', '--disable-background-networking', '--disable-component-update',
        '--disable-extensions', '--host-resolver-rules=MAP * ~NOTFOUND', '--proxy-server=127.0.0.1:9',
        "--user-data-dir=$self->{dir}/data", '--window-size=1280,900', @{$self->{args} // []});
    # It refuses root, and where there are no user namespaces; what it opens is ours.
    push @args, '--no-sandbox';
    my $got = $self->_call(POST => '/session', {capabilities => {alwaysMatch => {browserName => 'chrome',
        'goog:chromeOptions' => {binary => Trap::Process::program('chromium'), args => \@args},
        'goog:loggingPrefs' => {browser => 'ALL'}, timeouts => {script => 1000 * SECONDS, pageLoad => 1000 * SECONDS}}}});
    $self->{session} = "/session/$got->{sessionId}";
    $self->{browsers} = [Trap::Process::children($self->{driver})];
    $self->prefer('light');
}

sub _call {
    my ($self, $method, $path, $body) = @_;
    local ($@, $!);
    my $reply = $self->{http}->request($method, "$self->{url}$path",
        {headers => {'Content-Type' => 'application/json'}, $body ? (content => encode_json($body)) : ()});
    my $value = eval { decode_json($reply->{content})->{value} };
    die "WebDriver $path: $reply->{status} " . substr($reply->{content}, 0, 500) . "\n"
        if !$reply->{success} || $@;
    return $value;
}

sub _post { my ($self, $path, $body) = @_; return $self->_call(POST => "$self->{session}$path", $body // {}) }

sub open { my ($self, $file) = @_; return $self->_post('/url', {url => "file://$file"}) }
sub script { my ($self, $text, @args) = @_; return $self->_post('/execute/sync', {script => $text, args => \@args}) }
sub cdp { my ($self, $command, $params) = @_; return $self->_post('/goog/cdp/execute', {cmd => $command, params => $params // {}}) }

# Press keys one after the other, wherever the focus is.
sub keys {
    my ($self, @keys) = @_;
    my @actions = map { my $k = $_; map { {type => $_, value => $k} } qw(keyDown keyUp) } @keys;
    return $self->_post('/actions', {actions => [{type => 'key', id => 'keyboard', actions => \@actions}]});
}

# Click where the first element of a CSS selector is, as a mouse does.
sub click {
    my ($self, $selector) = @_;
    $self->script('document.querySelector(arguments[0]).scrollIntoView({behavior: "instant", block: "center"})', $selector);
    my $element = $self->_post('/element', {using => 'css selector', value => $selector});
    return $self->_post("/element/$_/click") for values %$element;
}

# What the console has said since it was last asked.
sub console { my ($self) = @_; return @{$self->_post('/se/log', {type => 'browser'})} }

# How wide and high the page is shown.
sub size {
    my ($self, $width, $height) = @_;
    return $self->cdp('Emulation.setDeviceMetricsOverride',
        {width => $width, height => $height, deviceScaleFactor => 1, mobile => JSON::PP::false});
}

# Colours as the reader prefers them, 'light' or 'dark'; and nothing that moves, so that what is
# looked at is there at once.
sub prefer {
    my ($self, $scheme) = @_;
    return $self->cdp('Emulation.setEmulatedMedia', {features => [
        {name => 'prefers-color-scheme', value => $scheme}, {name => 'prefers-reduced-motion', value => 'reduce'}]});
}

# A picture (PNG) of the whole page, or of what is in sight.
sub picture {
    my ($self, %o) = @_;
    return decode_base64($self->cdp('Page.captureScreenshot',
        {captureBeyondViewport => $o{whole} ? JSON::PP::true : JSON::PP::false, $o{clip} ? (clip => {%{$o{clip}}, scale => 1}) : ()})->{data});
}

# The page as PDF.
sub pdf { my ($self) = @_; return decode_base64($self->cdp('Page.printToPDF', {printBackground => JSON::PP::false, preferCSSPageSize => JSON::PP::true})->{data}) }

sub _end_group {
    my ($group) = @_;
    for my $signal (qw(TERM KILL)) {
        kill $signal, -$group;
        my $end = time + 10;
        while (time < $end && Trap::Process::group_lives($group)) {
            waitpid $group, WNOHANG;
            sleep 0.05;
        }
    }
}

sub stop {
    my ($self) = @_;
    return if !$self->{driver} || $self->{owner} != $$;
    my @groups = map { my $pid = $_; grep { defined } (Trap::Process::_stat($pid) // {})->{group} } @{$self->{browsers} // []};
    eval { $self->_call(DELETE => $self->{session}) } if $self->{session};
    _end_group($_) for grep { $_ != $self->{driver} } @groups;
    _end_group($self->{driver});
    waitpid $self->{driver}, 0;
    delete $self->{driver};
}

sub DESTROY { local ($?, $@, $!); $_[0]->stop }

1;
