#!/usr/bin/perl
# hello_detail.t: `log { hello }` says how much of a ClientHello is in the records; what is there is
# the same whatever else is.
use strict;
use warnings;
use Test::More;
use Trap;
use Trap::Hello qw(hello record sni groups points sigalgs alpn versions shares);

my $case = hello(ciphers => [0x1301, 0xc02f, 0x002f], extensions => [sni('mx.trap.test'),
    groups(29, 23), points(0), sigalgs(0x0403, 0x0401), alpn('smtp')]);

my @print = qw(hello_grease hello_highest hello_legacy_version hello_length hello_record_version
    hello_records hello_scsv_fallback hello_scsv_renegotiation hello_session_id hello_ticket
    hello_versions ja3 ja4);
my @lists = (@print, qw(hello_alpn hello_ciphers hello_compression hello_extensions hello_groups
    hello_point_formats hello_signature_algorithms ja3_string ja4_r));
my @full = (@lists, qw(hello_cipher_names hello_extension_names hello_group_names
    hello_signature_algorithm_names));
my %has = (none => [], fingerprint => \@print, lists => \@lists, full => \@full);

sub census { return {map { $_ => $_[0]{$_} } grep { /^(?:hello_(?!format|bytes)|ja[34])/ } keys %{$_[0]}} }

sub begun {
    my ($trap) = @_;
    my $c = $trap->client;
    $c->cmd('EHLO detail.test');
    is($c->cmd('STARTTLS'), 220, 'STARTTLS is answered 220');
    return $c;
}

for my $detail (sort keys %has) {
    my $trap = Trap->new(conf => {log => {hello => $detail}});

    my $c = begun($trap);
    $c->send($case->{bytes}, quiet => 1);
    shutdown $c->socket, 1;
    $c->drain;
    $c->close;
    my $r = $trap->session_of($c);
    is($r->{tls_outcome}, 'failed', "$detail: the handshake of a hello alone fails");
    my %expected = map { $_ => $case->{fields}{$_} } @{$has{$detail}};
    is_deeply(census($r), \%expected, "$detail: the record has what it should have");
    is($r->{hello_format}, 'TLS', "$detail: the form is known");
    is($r->{hello_bytes}, length $case->{bytes}, "$detail: and the bytes kept");

    $c = $trap->client;
    $c->cmd('EHLO detail.test');
    $c->starttls(SSL_hostname => 'sni.trap.test');
    $c->cmd('EHLO detail.test');
    is($c->send_message(data => "Subject: x\r\n\r\nx\r\n"), 250, "$detail: a message over TLS is accepted");
    $c->quit;
    $r = $trap->session_of($c);
    is_deeply([@$r{qw(tls_outcome tls_sni hello_format)}], [qw(negotiated sni.trap.test TLS)],
        "$detail: a handshake is recorded with the name asked for");
    my ($m) = $trap->messages_of($r);
    is_deeply([sort keys %{census($m)}], $detail eq 'none' ? [] : [qw(ja3 ja4)],
        "$detail: a message has the fingerprints, or nothing");

    # What is no hello.
    $c = begun($trap);
    $c->send("GET / HTTP/1.1\r\n\r\n", quiet => 1);
    shutdown $c->socket, 1;
    $c->drain;
    $c->close;
    is_deeply(census($trap->session_of($c)), $detail eq 'none' ? {} : {hello_kind => 'http'},
        "$detail: what is no hello is named, or not looked at");
    $trap->done;
}
done_testing;
