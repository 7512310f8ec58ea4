package Trap::File;

# File.pm: whole files, as bytes.
#
#   my $path = spew("$dir/rules", $text);    # written anew; returns the path
#   my $text = slurp($path);                 # dies if it cannot be read
#   my $log = slurp_or_empty($path);         # '' if it cannot be read: it may not be there yet
use strict;
use warnings;
use Exporter qw(import);

our @EXPORT_OK = qw(slurp slurp_or_empty spew);

sub _read { my ($f) = @_; local $/; return <$f> // '' }

sub slurp {
    my ($path) = @_;
    open my $f, '<:raw', $path or die "$path: $!";
    return _read($f);
}

sub slurp_or_empty {
    my ($path) = @_;
    open my $f, '<:raw', $path or return '';
    return _read($f);
}

sub spew {
    my ($path, @text) = @_;
    open my $f, '>:raw', $path or die "$path: $!";
    print $f @text;
    close $f or die "$path: $!";
    return $path;
}

1;
