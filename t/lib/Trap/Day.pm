package Trap::Day;

# Day.pm: a day of a trap: real sessions of clients of many kinds, for tests of what is made of the logs.
#
#   Trap::Day::enter();                 # first thing, as root: a network with many IPv6 addresses
#   my $day = Trap::Day->new;           # the traffic is over, the trap has stopped
#   $day->trap; $day->logs;             # Trap; its folder
#   $day->files('session');             # finished files of a stream
#
# There are versions of TLS and none, messages with and without a signature, failures that end in
# each way, client certificates, rules that decide at all phases, yakkers of which one goes on, an
# experiment of two arms, odd greetings, swaks and curl, and, with root, addresses of three IPv6 /64.
use strict;
use warnings;
use IO::Socket::IP;
use Test::More;
use Trap;
use Trap::Cert;
use Trap::Experiment;
use Trap::File qw(slurp spew);
use Trap::Process;

my %OLD = (SSL_cipher_list => 'ALL:@SECLEVEL=0');
my %TLS = ('1.0' => 'TLSv1', '1.1' => 'TLSv1_1', '1.2' => 'TLSv1_2', '1.3' => 'TLSv1_3');
my $ALERT = "\x15\x03\x01\x00\x02\x02\x28";
my $SWAKS = ['swaks', qw(--from swaks@sender.test --to b@trap.test --ehlo swaks.client.test)];

# Addresses whose first four groups are not 0, so that the text of their /64 is those and "::".
our @SIX = map { my $net = $_; map { "2001:db8:$net:1::$_" } 1 .. 3 } 1 .. 3;

our $YAKKER6 = '2001:db8:4:1::9';

# What the rules of the day are; %s is an address.
my $RULES = <<'EOT';
rules {
	@connect reject ip %s with note "not from here" tag known
	@helo reject helo refused.test with note "a name" tag known
	@mail stall from stall@client.test
	@rcpt reject to refused@trap.test with note "a recipient" tag rcpt
	@data reject from data@client.test
	@message discard header Subject "^discard"
	@message reject after keeping header Subject "^keep"
	@mail accept from accept@client.test
}
EOT

sub enter {
    return if $> != 0 || $ENV{TRAP_DAY_INSIDE} || grep { !Trap::Process::program($_) } qw(ip unshare);
    return if system("unshare -n ip link set lo up >/dev/null 2>&1") != 0;
    $ENV{TRAP_DAY_INSIDE} = 1;
    exec 'unshare', '-n', '--', $^X, (map { "-I$_" } @INC), $0 or die "unshare: $!";
}

sub trap { $_[0]{trap} }
sub logs { $_[0]{trap}->logs }
sub has_six { scalar @{$_[0]{six}} }

sub files {
    my ($self, $stream) = @_;
    return glob $self->logs . "/$stream-*.jsonl.gz";
}

sub new {
    my ($class) = @_;
    my $self = bless {address => {}, six => _six()}, $class;
    my @six = @{$self->{six}} ? {address => '::1', name => 'six'} : ();
    $self->{x} = Trap::Experiment->new(weights => {legacy => 50, none => 50}, start => 0,
        new => {listeners => [{}, {tls => 'implicit', experiment => 'no'}, @six],
            conf => {tls => {'client-certificate' => 'request'}, yakkers => {count => 3, within => '1h', stall => 'no'}}});
    $self->{trap} = $self->{x}->trap;
    $self->_rules;
    $self->{trap}->start;
    $self->_messages;
    $self->_greetings;
    $self->{trap}->rotate;
    $self->_failures;
    $self->_refused;
    $self->_yakkers;
    $self->_programs;
    $self->_of_six;
    $self->{trap}->done;
    return $self;
}

# The IPv6 addresses that there are: many where they could be added, or that of the host alone.
sub _six {
    if ($ENV{TRAP_DAY_INSIDE}) {
        system('ip link set lo up') == 0 or die "ip failed\n";
        return \@SIX if !grep { system("ip -6 addr add $_/64 dev lo nodad >/dev/null 2>&1") } @SIX, $YAKKER6;
    }
    return IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Listen => 1) ? ['::1'] : [];
}

sub _rules {
    my ($self) = @_;
    my $trap = $self->{trap};
    my $file = $trap->dir . '/rules';
    spew($file, sprintf $RULES, $self->of('legacy', 'refused'));
    $trap->write_conf(slurp($trap->conf_file) . qq(include "$file"\n));
    $trap->expect(qr/warning/);
}

# An address of an arm: the next, or the same again.
sub of {
    my ($self, $arm, $name) = @_;
    return $self->{address}{$arm}{$name} //= $self->{x}->arms->address($arm);
}

# A session: greeting, TLS (a version), messages, or lines.  With wait its record is waited for.
sub session {
    my ($self, %o) = @_;
    my $c = $self->{trap}->client(local => $o{ip}, listener => $o{listener} // 0);
    my $greeting = $o{greeting} // 'EHLO client.test';
    $c->cmd($greeting) if $greeting ne '';
    if ($o{tls}) {
        $c->starttls(SSL_version => $TLS{$o{tls}}, %OLD, %{$o{with} // {}});
        $c->cmd($greeting);
    }
    $c->cmd($_) for @{$o{say} // []};
    $c->send_message(from => $o{from} // 'a@client.test', to => $o{to}, data => $_) for @{$o{messages} // []};
    $c->quit;
    $self->{trap}->session_of($c) if $o{wait};
}

# A handshake that fails: by bytes of the client, or because it leaves.
sub fails {
    my ($self, $ip, $bytes) = @_;
    my $c = $self->{trap}->client(local => $ip);
    $c->cmd('EHLO fails.test');
    $c->cmd('STARTTLS');
    $c->send($bytes) if defined $bytes;
    $c->drain if defined $bytes;
    $c->close;
}

# One that fails behind a good ClientHello.
sub fail_with {
    my ($self, $ip, %with) = @_;
    my $c = $self->{trap}->client(local => $ip);
    $c->cmd('EHLO fails.test');
    eval { $c->starttls(%with) };
    $c->close;
}

my $plain = "Subject: plain\r\n\r\nx\r\n";
my $signed = "DKIM-Signature: v=1; d=one.test; s=a\r\nDKIM-Signature: v=1; d=two.test; s=a\r\n"
    . "DKIM-Signature: v=1; d=one.test; s=b\r\nX-Mailer: Swift 1.2\r\n\r\nx\r\n";
my $mailer = "User-Agent: Evil/7\r\nSubject: <script>alert(1)</script>\r\n\r\nx\r\n";

sub _messages {
    my ($self) = @_;
    my @cert = @{(Trap::Cert::pairs())[0]};
    my $expired = $self->{trap}->dir . '/tls';
    $self->session(ip => $self->of('legacy', "v$_"), tls => $_, messages => [$plain]) for sort keys %TLS;
    $self->session(ip => $self->of('legacy', 'v1.2'), tls => '1.2', messages => [$plain, $signed, $mailer],
        from => 'x@SENDER.test');
    $self->session(ip => $self->of('legacy', 'cert'), tls => '1.2', from => '',
        with => {SSL_cert_file => $cert[0], SSL_key_file => $cert[1]}, messages => [$signed]);
    $self->session(ip => $self->of('legacy', 'cert'), tls => '1.3', messages => [$plain],
        with => {SSL_cert_file => "$expired/expired-ecdsa.pem", SSL_key_file => "$expired/ecdsa.key"});
    $self->session(ip => $self->of('none', "n$_"), messages => [$plain, $signed]) for 1 .. 3;
    $self->session(ip => $self->of('legacy', 'unused'), messages => [$mailer], from => 'y@sender.test');
    $self->session(ip => $self->of('legacy', 'v1.2'), messages => [$plain], from => 'x@sender.test');
}

my @ODD = ('HELO old', 'HELO [127.0.0.1]', 'EHLO 127.0.0.1', 'EHLO localhost', '', "EHLO =cmd|' /C calc'!A0",
    'EHLO <script>&|`*', "EHLO esc\x1b[31m", "EHLO \xff\xfe", 'EHLO a"b', 'EHLO win-10-0042.test');

sub _greetings {
    my ($self) = @_;
    $self->session(ip => $self->of('none', "helo$_"), greeting => $ODD[$_], wait => $_ == $#ODD) for 0 .. $#ODD;
}

sub _failures {
    my ($self) = @_;
    my @cert = @{(Trap::Cert::pairs())[0]};
    my ($sometimes, $clear, $suites) = map { $self->of('legacy', $_) } qw(sometimes clear suites);
    $self->fails($sometimes, $ALERT);
    $self->fails($sometimes);
    $self->session(ip => $sometimes, tls => '1.0', messages => [$plain]);
    $self->fails($self->of('legacy', 'gives up'), "no TLS at all\r\n");
    $self->fails($clear, $ALERT);
    $self->session(ip => $clear, messages => [$plain]);
    $self->fail_with($suites, SSL_version => 'TLSv1_2', SSL_cipher_list => 'NULL-SHA256:@SECLEVEL=0');
    $self->fail_with($suites, SSL_version => 'TLSv1_2', SSL_verify_mode => 1, SSL_ca_file => $cert[0],
        SSL_verifycn_name => 'other.test', SSL_verifycn_scheme => 'smtp', %OLD);
    $self->session(ip => $suites, tls => '1.1');
    # A client certificate that is no DER.
    my $trap = $self->{trap};
    Trap::Process::run('timeout', 60, "$Trap::BUILD/t/tools/tls_client", '-c', $cert[0], '-k', $cert[1], '-p',
        'NORMAL:-VERS-ALL:+VERS-TLS1.2', '-a', '11:6:ffff', $trap->address(1), $trap->port(1));
    $trap->wait_record('session', sub { ($_[0]{tls_failure} // '') eq 'client_certificate' }, 'a bad certificate');
}

sub _refused {
    my ($self) = @_;
    my $ip = $self->of('legacy', 'refused by rules');
    $self->{trap}->client(local => $self->of('legacy', 'refused'))->quit;
    $self->session(ip => $ip, greeting => 'EHLO refused.test');
    $self->session(ip => $ip, messages => [$plain], from => 'stall@client.test');
    $self->session(ip => $ip, messages => [$plain], to => ['b@trap.test', 'refused@trap.test']);
    $self->session(ip => $ip, messages => [$plain], from => 'data@client.test');
    $self->session(ip => $ip, messages => ["Subject: discard\r\n\r\nx\r\n", "Subject: keep\r\n\r\nx\r\n"]);
    $self->session(ip => $ip, tls => '1.2', messages => [$plain], from => 'accept@client.test');
}

sub _yakkers {
    my ($self) = @_;
    for my $name (qw(stays goes-on)) {
        my $ip = $self->of('legacy', $name);
        $self->session(ip => $ip, wait => 1) for 1 .. 3;
        $self->session(ip => $ip) for 1 .. 4;
    }
    $self->{trap}->client(local => $self->of('legacy', 'stays'))->quit; # without a greeting
    $self->session(ip => $self->of('legacy', 'goes-on'), tls => '1.3', messages => [$plain]);
}

# Clients that are not ours.
sub _programs {
    my ($self) = @_;
    my $trap = $self->{trap};
    my @to = ('--server', $trap->address, '--port', $trap->port, '--local-interface');
    if (Trap::Process::program('swaks')) {
        my $ip = $self->of('legacy', 'swaks');
        Trap::Process::run(@$SWAKS, @to, $ip, @$_) for [], ['--tls'];
    }
    if (Trap::Process::program('curl')) {
        my $ip = $self->of('none', 'curl');
        Trap::Process::run(\"$plain", qw(curl -s --mail-from curl@sender.test --mail-rcpt b@trap.test -T - --interface), $ip,
            'smtp://' . $trap->address . ':' . $trap->port . '/curl.client.test');
    }
}

sub _of_six {
    my ($self) = @_;
    for my $ip (@{$self->{six}}) {
        my $tls = $self->{x}->arms->of($ip) eq 'legacy';
        $self->session(ip => $ip, listener => 2, messages => [$plain], from => 'six@six.test', $tls ? (tls => '1.3') : ());
    }
    return if !$self->has_six;
    my $yakker = @{$self->{six}} > 1 ? $YAKKER6 : '::1';
    $self->session(ip => $yakker, listener => 2, wait => 1) for 1 .. 3;
    $self->session(ip => $yakker, listener => 2) for 1 .. 2;
}

1;
