package Trap::Year2014;

# Year2014.pm: sessions that have the figures of a trap of 2014, and the table that must come of them.
#
#   deliver($trap, ['TLSv1.0', ...], \&ssl3);   # real sessions, of these versions
#   check($trap, ['TLSv1.0', ...]);             # tests of smtptrap report
#
# Of 588 connections with TLS 102 were SSLv3, 151 TLS 1.0, 7 TLS 1.1, 328 TLS 1.2; of 153 messages over
# TLS 29, 57, 2, 65; and 30 % of deliveries were over TLS: 153 of 510, so 357 came in clear.
use strict;
use warnings;
use Exporter qw(import);
use JSON::PP;
use Test::More;

our @EXPORT_OK = qw(deliver check);

our %CONNECTIONS = ('SSLv3' => 102, 'TLSv1.0' => 151, 'TLSv1.1' => 7, 'TLSv1.2' => 328);
our %MESSAGES = ('SSLv3' => 29, 'TLSv1.0' => 57, 'TLSv1.1' => 2, 'TLSv1.2' => 65);
use constant {IN_CLEAR => 357, A_SESSION => 10};

my %OPENSSL = ('TLSv1.0' => 'TLSv1', 'TLSv1.1' => 'TLSv1_1', 'TLSv1.2' => 'TLSv1_2');
my $DATA = "Subject: 2014\r\n\r\nhello\r\n";

sub send_messages {
    my ($c, $count) = @_;
    for (1 .. $count) {
        my $r = $c->send_message(data => $DATA);
        die 'refused: ' . $r->text if $r->code != 250;
    }
    $c->quit;
}

# $ssl3 is called with the number of messages, 0 or 1, for each session of SSLv3.
sub deliver {
    my ($trap, $versions, $ssl3) = @_;
    my $n = 0;
    for my $version (@$versions) {
        for my $i (1 .. $CONNECTIONS{$version}) {
            my $messages = $i <= $MESSAGES{$version} ? 1 : 0;
            if ($version eq 'SSLv3') {
                $ssl3->($messages);
                next;
            }
            my $c = $trap->client(local => sprintf '127.20.%d.%d', ++$n / 200, 1 + $n % 200);
            $c->cmd('EHLO year.2014.test');
            $c->starttls(SSL_version => $OPENSSL{$version}, SSL_cipher_list => 'ALL:@SECLEVEL=0');
            $c->cmd('EHLO year.2014.test');
            send_messages($c, $messages);
        }
    }
    for (my $left = IN_CLEAR; $left > 0; $left -= A_SESSION) {
        my $c = $trap->client(local => '127.21.0.1');
        $c->cmd('EHLO year.2014.test');
        send_messages($c, $left < A_SESSION ? $left : A_SESSION);
    }
}

# [label, count, of, percent], most first.
sub rows_of {
    my ($of, %count) = @_;
    return [map { [$_, $count{$_}, $of, sprintf '%.1f', 100 * $count{$_} / $of] }
        sort { $count{$b} <=> $count{$a} } keys %count];
}

sub sum { my $sum = 0; $sum += $_ for @_; return $sum }

sub check {
    my ($trap, $versions) = @_;
    my $connections = sum(@CONNECTIONS{@$versions});
    my $messages = sum(@MESSAGES{@$versions});
    my %want = (
        versions => rows_of($connections, map { $_ => $CONNECTIONS{$_} } @$versions),
        message_versions => rows_of($messages, map { $_ => $MESSAGES{$_} } @$versions),
        deliveries => rows_of($messages + IN_CLEAR, 'in clear' => IN_CLEAR, 'over TLS' => $messages),
    );
    my ($out, $err, $status) = $trap->smtptrap(qw(report --format json tls));
    is_deeply([$err, $status], ['', 0], 'the report is made');
    my %got = map { $_->{section} => [map { [@$_{qw(value count of)}, sprintf '%.1f', $_->{percent}] }
        grep { $_->{kind} eq 'value' } @{$_->{rows}}] } @{decode_json($out)->{sections}};
    is_deeply($got{$_}, $want{$_}, "$_: the table of 2014") or diag explain $got{$_} for sort keys %want;
    return $out;
}

1;
