#!/usr/bin/perl
# versions.t: the trap says at its start which protocol versions it serves, and which it does not
# though the configuration asks for them by name, since its TLS library has not got them.
use strict;
use warnings;
use Test::More;
use Trap;

my ($out, $err, $status) = Trap::Process::run("$Trap::BUILD/smtptrapd", '-V');
like($out, qr/^smtptrapd \S+ \((GnuTLS \d\S*): ((?:SSLv3 )?TLSv1\.0 TLSv1\.1 TLSv1\.2 TLSv1\.3)\)$/,
    'smtptrapd -V says which versions its library has');
my ($library, $versions) = $out =~ /\((.*): (.*)\)/;
my $ssl3 = $versions =~ /SSLv3/;
my $lacks = $ssl3 ? '' : " ($library has no SSLv3)";

my @cases = (
    {title => 'nothing is asked for', tls => {}, ready => "$versions$lacks", warns => ''},
    {title => 'minimum ssl3', tls => {minimum => 'ssl3'}, ready => "$versions$lacks", warns => 'minimum'},
    {title => 'minimum tls1.2', tls => {minimum => 'tls1.2'}, ready => 'TLSv1.2 TLSv1.3', warns => ''},
    {title => 'a priority with SSL 3.0', tls => {priority => 'NORMAL:-VERS-ALL:+VERS-SSL3.0:+VERS-TLS1.0:%COMPAT'},
        ready => ($ssl3 ? 'SSLv3 ' : '') . "TLSv1.0$lacks", warns => 'priority'},
    {title => 'a priority without', tls => {priority => 'NORMAL:-VERS-ALL:+VERS-TLS1.3'}, ready => 'TLSv1.3', warns => ''},
    {title => 'a priority with and then without', tls => {priority => 'NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-VERS-TLS1.2'},
        ready => 'TLSv1.3', warns => ''},
);
for my $case (@cases) {
    my $trap = Trap->new(conf => {tls => $case->{tls}});
    my $said = "tls $case->{warns}: asked for, but $library has no SSLv3: not served";
    $trap->expect(qr/ master: \Q$said\E$/) if $case->{warns} && !$ssl3;
    like($trap->log_text, qr/ ready: .*; TLS: \Q$case->{ready}\E; sandbox: /, "$case->{title}: the line `ready` says what is served");
    is(scalar(() = $trap->log_text =~ /asked for, but/g), $case->{warns} && !$ssl3 ? 1 : 0,
        "$case->{title}: what is asked for by name and missing is said, once");
    like($trap->log_text, qr/\Q$said\E$/m, "$case->{title}: in these words") if $case->{warns} && !$ssl3;
    $trap->done;
}
done_testing;
