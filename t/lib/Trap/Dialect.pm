package Trap::Dialect;

# Dialect.pm: the dialect of a session or message, computed from its records as doc/DIALECT.md says,
# and from nothing else.  A second implementation, to be compared with the daemon's.
#
#   my ($digest, $text) = session_dialect($session, @messages);
#   my $digest = message_dialect($session, $message);
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Encode qw(encode_utf8);
use Exporter qw(import);

our @EXPORT_OK = qw(session_dialect message_dialect);

sub run { my ($s) = @_; return $s eq '' ? '' : $s =~ /\t/ ? '\t' : $s eq ' ' ? ' ' : '  ' }

sub known {
    my ($word, $other, @words) = @_;
    my ($upper) = grep { lc $_ eq lc $word } @words;
    return $other if !defined $upper;
    (my $letters = $word) =~ s/[^A-Za-z]//g;
    return $word if $letters !~ /[a-z]/ || $letters !~ /[A-Z]/
        || ($word =~ /\A[A-Z]/ && ($letters =~ tr/A-Z//) == 1);
    return "~$upper";
}

sub argument {
    my ($rest, $stands_for) = @_;
    my ($what, $space) = $rest =~ /\A(.*?)([ \t]*)\z/s;
    return ($what eq '' ? '' : $stands_for->($what)) . ($space eq '' ? '' : ' ');
}

sub plain_argument { argument($_[0], sub { '{arg}' }) }

sub is_quad {
    my @parts = $_[0] =~ /\A([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\z/ or return 0;
    return !grep { $_ > 255 } @parts;
}

sub greeting {
    my ($s) = @_;
    return '{[6]}' if $s =~ /\A\[ipv6:.*\]\z/is;
    return '{[4]}' if $s =~ /\A\[(.*)\]\z/s && is_quad($1);
    return '{[?]}' if $s =~ /\A\[/;
    return '{4}' if is_quad($s);
    return '{6}' if $s =~ /:/ && $s =~ /\A[0-9A-Fa-f:.]+\z/;
    return '{words}' if $s =~ /[ \t]/ && $s =~ /\A[\t -~]*\z/;
    return '{bytes}' if $s !~ /\A[!-~]*\z/;
    return '{localhost}' if $s =~ /\Alocalhost(?:\z|\.)/i;
    return '{other}' if $s =~ /[^A-Za-z0-9._-]/ || $s =~ /\A\./ || $s =~ /\.\./;
    return '{name_}' if $s =~ /_/;
    return '{fqdn.}' if $s =~ /\.\z/;
    return $s =~ /\./ ? '{fqdn}' : '{name}';
}

sub address {
    my ($s) = @_;
    return $s eq '' ? '' : $s =~ /\A@/ ? '{route}' : $s =~ /@/ ? '{a}' : '{l}';
}

my @PARAMS = qw(SIZE BODY SMTPUTF8 AUTH RET ENVID NOTIFY ORCPT REQUIRETLS MT-PRIORITY HOLDFOR
    HOLDUNTIL BY SUBMITTER TRANSID);

sub parameters {
    my ($rest) = @_;
    my ($form, $n) = ('', 0);
    while ($rest =~ s/\A([ \t]*)([^ \t]*)//s && "$1$2" ne '') {
        my ($space, $word) = ($1, $2);
        $form .= run($space);
        last if $word eq '';
        return "$form+" if ++$n == 7;
        my ($name, $value) = split /=/, $word, 2;
        $form .= known($name // '', '{p}', @PARAMS);
        next if $word !~ /=/;
        $form .= '=' . ($value eq '' ? '' : $value =~ /\A[0-9]+\z/ ? '{n}' : '{v}');
    }
    return $form;
}

sub path {
    my ($rest, $keyword) = @_;
    return plain_argument($rest) if $rest !~ /\A\Q$keyword\E(?![A-Za-z])/i;
    $rest =~ s/\A([A-Za-z]+)([ \t]*)//;
    my $form = known($1, undef, $keyword) . run($2);
    $form .= ':' . run($1) if $rest =~ s/\A:([ \t]*)//;
    if ($rest =~ s/\A<([^>]*)>([^ \t]*)//s) {
        my ($inner, $junk) = ($1, $2);
        my ($before) = $inner =~ /\A([ \t]*)/;
        $inner = substr $inner, length $before;
        (my $trimmed = $inner) =~ s/[ \t]+\z//;
        $form .= '<' . ($before ne '' ? ' ' : '') . address($trimmed)
            . ($trimmed ne $inner ? ' ' : '') . '>' . ($junk ne '' ? '{+}' : '');
    } else {
        $form .= '<' if $rest =~ s/\A<//;
        $rest =~ s/\A([^ \t]*)//s;
        $form .= address($1);
    }
    return $form . parameters($rest);
}

sub mechanism {
    my ($rest, $secret) = @_;
    my ($name, $more) = $rest =~ /\A([^ \t]*)[ \t]*(.*)\z/s;
    return ($name eq '' ? '' : known($name, '{m}', qw(PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM GSSAPI
        EXTERNAL SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER))) . ($more ne '' || $secret ? ' {ir}' : '');
}

sub chunk {
    my ($rest) = @_;
    $rest =~ s/\A([^ \t]*)([ \t]*)//s;
    my ($size, $space) = ($1, $2);
    return ($size eq '' ? '' : $size =~ /\A[0-9]+\z/ ? '{n}' : '{arg}') . run($space)
        . argument($rest, sub { known($_[0], '{arg}', 'LAST') });
}

my %rest = (
    (map { $_ => sub { argument($_[0], \&greeting) } } qw(EHLO HELO LHLO)),
    MAIL => sub { path($_[0], 'FROM') }, RCPT => sub { path($_[0], 'TO') },
    AUTH => \&mechanism, BDAT => \&chunk,
    (map { $_ => \&plain_argument } qw(DATA RSET NOOP QUIT STARTTLS HELP VRFY EXPN ETRN TURN SEND SOML
        SAML XCLIENT XFORWARD GET POST HEAD CONNECT OPTIONS PROXY)),
);

sub line_form {
    my ($line) = @_;
    my $end = $line->{too_long} ? '\+' : {crlf => '', lf => '\n', none => '\-'}->{$line->{eol}};
    return ($line->{bytes} eq '*' ? '*' : '{r}') . $end if $line->{response};
    my ($lead, $word, $space, $rest) = $line->{bytes} =~ /\A([ \t]*)([^ \t]*)([ \t]*)(.*)\z/s;
    my $verb = $line->{verb};
    if (!$verb) {
        return ($word eq '' ? '{}' : $line->{bytes} =~ /[^\t -~]/ ? '{bytes}' : '{?}') . $end;
    }
    if ($verb eq 'AUTH') {
        $rest =~ s/[ \t]+\z//;
        $space = '' if $rest eq '';
    }
    return run($lead) . known($word, undef, $verb) . run($space)
        . $rest{$verb}->($rest, $line->{secret}) . $end;
}

# The lines of a dialogue.
sub lines_of {
    my ($dialogue) = @_;
    my ($reply, @lines) = ('');
    for my $e (@{$dialogue // []}) {
        if ($e->{dir} eq 's') {
            $reply = $e->{text};
        } elsif ($e->{dir} eq 'e') {
            next if !@lines;
            $lines[-1]{too_long} = 1 if $e->{text} eq 'line too long, rest left out';
            $lines[-1]{secret} = 1 if $e->{text} eq 'secret left out';
        } elsif (!$e->{body}) {
            my $bytes = defined $e->{hex} ? pack('H*', $e->{hex}) : encode_utf8($e->{text} // '');
            my ($word) = $bytes =~ /\A[ \t]*([^ \t]*)/;
            push @lines, {bytes => $bytes, eol => $e->{eol} // 'crlf', response => $reply =~ /\A334/ ? 1 : 0,
                verb => exists $rest{uc $word} ? uc $word : ''};
        }
    }
    return @lines;
}

sub parts_of {
    my ($session) = @_;
    my ($cost, $counted, $data, $last, %seen, @speech, @extras) = (0, 0, 0, '');
    for my $line (lines_of($session->{dialogue})) {
        my $free = $line->{response} || $line->{verb} eq 'AUTH';
        $cost += 96 + ($free ? 0 : length $line->{bytes});
        last if $cost > 20480;
        my $form = line_form($line);
        my $verb = $line->{response} ? '' : $line->{verb};
        last if !($verb eq 'RCPT' && $form eq $last) && ++$counted > 32;
        $last = $form;
        push @{$data || $verb =~ /\A(?:STARTTLS|QUIT)\z/ ? \@extras : \@speech}, $form if !$seen{$form}++;
        $data ||= $verb =~ /\A(?:DATA|BDAT)\z/;
    }
    my $end = {quit => 'quit', client_closed => 'close', timeout => 'timeout'}->{$session->{end_reason}};
    return (join('|', @speech), join('|', @extras) . '.' . ($end // 'server'));
}

sub family {
    my ($mailer) = @_;
    my $start = substr $mailer, 0, 32;
    my ($name, $next) = $start =~ /\A([A-Za-z \-_.!&+']*)(.?)/s;
    $name =~ s/ [^ ]*\z// if $next =~ /[0-9]/;
    $name =~ s/[ \-_.&+']+\z//;
    return lc $name;
}

sub header_of {
    my ($m) = @_;
    my %letter = (header_from => 'f', header_to => 't', subject => 's', message_id => 'm', date => 'd');
    my $mailer = defined $m->{x_mailer_hex} ? pack('H*', $m->{x_mailer_hex})
        : defined $m->{x_mailer} ? encode_utf8($m->{x_mailer}) : undef;
    return join('', map { exists $m->{$_} ? $letter{$_} : () } qw(header_from header_to subject message_id date))
        . join('', map { ",$_" } grep { !/\Aheader_(?:8bit|long_line|too_long)\z/ } @{$m->{header_oddities} // []})
        . ($m->{bare_cr} ? ',bare_cr' : '') . ($m->{bare_lf} ? ',bare_lf' : '')
        . '=' . (defined $mailer ? family($mailer) : '');
}

sub digits { my ($text, $n) = @_; return $text eq '' ? '0' x $n : substr sha256_hex($text), 0, $n }

sub message_dialect {
    my ($session, $message) = @_;
    my ($speech) = parts_of($session);
    return join '_', 'd1', digits($speech, 12), digits(header_of($message), 8);
}

# The messages of the session in any order.
sub session_dialect {
    my ($session, @messages) = @_;
    return if !lines_of($session->{dialogue});
    my ($speech, $extras) = parts_of($session);
    my ($first) = sort { $a->{id} cmp $b->{id} } @messages;
    my $header = $first ? header_of($first) : '';
    return (join('_', 'd1', digits($speech, 12), digits($header, 8), digits($extras, 8)),
        "$speech;$header;$extras");
}

1;
