package Trap::Experiment;

# Experiment.pm: a trap with an experiment, and clients that belong to chosen arms.
#
#   my $x = Trap::Experiment->new(weights => {legacy => 50, none => 50}, new => {...Trap->new's});
#   $x->trap; $x->arms;                  # Trap, Trap::Arm
#   my $s = $x->openssl('modern', '-tls1_2');    # {said, status, session}
#
# Options: weights; key; extra: text for the experiment block; profiles: text for the tls block;
# new: options of Trap->new.  The certificates of its tls block are copies in the trap's folder, with
# expired ones for the same keys, which the profile "expired" has.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Path qw(make_path);
use Trap;
use Trap::Arm;
use Trap::Cert;

our $KEY = 'a key that tests may know';

sub new {
    my ($class, %o) = @_;
    my $self = bless {key => $KEY, extra => '', profiles => '', start => 1, %o}, $class;
    my $new = $o{new} // {};
    # What is remembered of addresses is not what is tested here.
    $new->{conf}{memory}{'tls-failures'} //= 0;
    $self->{trap} = Trap->new(%$new, start => 0);
    $self->_certificates;
    $self->write_conf;
    $self->{trap}->start if $self->{start};
    return $self;
}

sub trap { $_[0]{trap} }
sub arms { $_[0]{arms} }

sub _certificates {
    my ($self) = @_;
    my $dir = $self->{trap}->dir . '/tls';
    make_path($dir);
    for my $pair (Trap::Cert::pairs()) {
        copy($_, $dir) or die "$_: $!" for @$pair;
    }
    my ($out, $err, $status) = Trap::Process::run("$Trap::SOURCE/packaging/make-certificates",
        '--expired', $dir, 'mx.trap.test');
    die "make-certificates: $err" if $status != 0;
    chmod 0644, glob "$dir/*";
}

sub experiment_text {
    my ($self) = @_;
    my %profile = %{$self->{profile_of} // {}};
    return "experiment {\nkey \"$self->{key}\"\n$self->{extra}\n" . join('', map {
        "arm $_ { weight $self->{weights}{$_} " . ($profile{$_} ? "profile $profile{$_} " : '') . "}\n"
    } sort keys %{$self->{weights}}) . "}\n";
}

sub write_conf {
    my ($self) = @_;
    my ($trap, $dir) = ($self->{trap}, $self->{trap}->dir . '/tls');
    $self->{arms} = Trap::Arm->new(key => $self->{key}, weights => $self->{weights},
        next => $self->{arms} ? $self->{arms}{next} : 0);
    my $certs = Trap::Cert::folder();
    my $expired = $self->{expired} // <<"EOT";
profile expired {
	certificate "$dir/expired-ecdsa.pem" key "$dir/ecdsa.key"
	certificate "$dir/expired-rsa.pem" key "$dir/rsa.key"
}
EOT
    my $text = $trap->conf_text =~ s/\Q$certs\E/$dir/gr;
    $text =~ s/^tls \{\n/tls {\n$self->{profiles}$expired@{[$self->experiment_text]}/m or die 'no tls block';
    $trap->write_conf($text);
}

# Run openssl s_client from an address of the arm (or from ip => ADDRESS), say EHLO and QUIT.
sub openssl {
    my ($self, $arm, @options) = @_;
    my %o = ref $options[0] ? %{shift @options} : ();
    my $ip = $o{ip} // $self->{arms}->address($arm);
    my $trap = $self->{trap};
    my ($out, $err, $status) = Trap::Process::run_client(\"EHLO openssl.client\r\nQUIT\r\n",
        'openssl', 's_client', '-connect', $trap->address($o{listener} // 0) . ':'
        . $trap->port($o{listener} // 0), '-bind', "$ip:0", $o{implicit} ? () : qw(-starttls smtp),
        '-msg', '-ign_eof', '-showcerts', @options);
    my $session = $trap->wait_record('session', sub {
        $_[0]{client_ip} eq $ip && !$self->{seen}{$_[0]{id}}
    }, "session of $ip");
    $self->{seen}{$session->{id}} = 1;
    return {said => "$out$err", status => $status, session => $session, ip => $ip};
}

# Options that let openssl speak all it can.
sub old { return ('-cipher', 'ALL:@SECLEVEL=0', @_) }

1;
