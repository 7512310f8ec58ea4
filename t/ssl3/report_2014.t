#!/usr/bin/perl
# report_2014.t: sessions with the figures of a trap of 2014, SSLv3 by NSS: smtptrap report gives exactly
# that table.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Year2014 qw(deliver check);

my @versions = ('SSLv3', 'TLSv1.0', 'TLSv1.1', 'TLSv1.2');
my $trap = Trap->new(listeners => [{}, {tls => 'implicit'}], conf => {tls => {minimum => 'ssl3'}});

# A session of NSS with SSLv3.
sub ssl3 {
    my ($messages) = @_;
    my $input = "EHLO year.2014.test\r\n" . ("MAIL FROM:<nss\@client.test>\r\nRCPT TO:<trap\@trap.test>\r\n"
        . "DATA\r\nSubject: 2014\r\n\r\nhello\r\n.\r\n") x $messages . "QUIT\r\n";
    my ($out, $err, $status) = Trap::Process::run_client(\$input, 'tstclnt', '-D', '-o', '-h',
        $trap->address, '-p', $trap->port(1), '-V', 'ssl3:ssl3', '-c', ':0005');
    die "tstclnt: $out$err" if $status != 0;
}

deliver($trap, \@versions, \&ssl3);
$trap->done;
check($trap, \@versions);
my ($text) = $trap->smtptrap('report', 'tls');
for my $line ('TLSv1.2    328     55.8', 'TLSv1.0    151     25.7', 'SSLv3      102     17.3', 'TLSv1.1      7      1.2',
    'total      588    100.0', 'TLSv1.2     65     42.5', 'TLSv1.0     57     37.3', 'SSLv3       29     19.0',
    'TLSv1.1      2      1.3', 'total      153    100.0', 'in clear    357     70.0', 'over TLS    153     30.0') {
    like($text, qr/^  \Q$line\E /m, "the text has the line: $line");
}
done_testing;
