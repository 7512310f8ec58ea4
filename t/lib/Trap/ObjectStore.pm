package Trap::ObjectStore;

# ObjectStore.pm: the objects of a bucket, read from the raw messages of its stream as NATS's ADR-20
# describes them, without any client of object stores.
#
#   my $store = Trap::ObjectStore->new($nats, 'mail-mx1');
#   $store->read;
#   is_deeply([$store->wrong], [], 'the bucket is as it must be');
#   my %bytes = $store->bytes;              # name => bytes, links followed
#   $store->object($name);                  # its meta, decoded, with {bytes} and {seqs}
#   $store->orphans;                        # NUIDs of chunks that no object has
use strict;
use warnings;
use Digest::SHA qw(sha256);
use JSON::PP qw(decode_json);
use MIME::Base64 qw(decode_base64 decode_base64url encode_base64url);

sub new {
    my ($class, $nats, $bucket) = @_;
    return bless {nats => $nats, bucket => $bucket}, $class;
}

sub stream { "OBJ_$_[0]{bucket}" }
sub wrong { @{$_[0]{wrong}} }
sub object { $_[0]{object}{$_[1]} }
sub names { my @names = sort keys %{$_[0]{object}}; return @names }
sub messages { $_[0]{messages} }
sub orphans { my ($self) = @_; my @nuids = sort grep { !$self->{used}{$_} } keys %{$self->{chunks}}; return @nuids }

sub read {
    my ($self) = @_;
    @$self{qw(object chunks used wrong messages)} = ({}, {}, {}, [], 0);
    my %ids;
    for my $m ($self->{nats}->contents($self->stream)) {
        $self->{messages}++;
        my ($id) = $m->{head} =~ /^Nats-Msg-Id: *(.*)\r$/m;
        $self->_complain("$m->{subject} has no Nats-Msg-Id or one that was there") if $ids{$id // ''}++ || !defined $id;
        if (my ($nuid) = $m->{subject} =~ /^\$O\.\Q$self->{bucket}\E\.C\.([0-9A-Za-z]{22,23})$/) {
            push @{$self->{chunks}{$nuid}}, $m;
        } elsif (my ($name) = $m->{subject} =~ /^\$O\.\Q$self->{bucket}\E\.M\.([0-9A-Za-z_=-]+)$/) {
            $self->_take_meta(decode_base64url($name), $m);
        } else {
            $self->_complain("odd subject $m->{subject}");
        }
    }
    $self->_join($_, $self->{object}{$_}) for $self->names;
}

sub _complain { my ($self, $what) = @_; push @{$self->{wrong}}, $what }

sub _take_meta {
    my ($self, $name, $m) = @_;
    my $meta = decode_json($m->{body});
    $self->_complain("two metas of $name") if $self->{object}{$name};
    $self->_complain("$name has a meta for another name") if $meta->{name} ne $name;
    $self->_complain("$name has a meta for another bucket") if $meta->{bucket} ne $self->{bucket};
    $self->_complain("the meta of $name is not rolled up") if $m->{head} !~ /^Nats-Rollup: *sub\r$/m;
    $self->{object}{$name} = {%$meta, seq => $m->{seq}};
}

# The bytes of one object, compared with what its meta says.
sub _join {
    my ($self, $name, $o) = @_;
    return if $o->{options}{link};
    my @chunks = @{$self->{chunks}{$o->{nuid}} // []};
    $self->{used}{$o->{nuid}} = 1;
    $o->{bytes} = join '', map { $_->{body} } @chunks;
    my $max = $o->{options}{max_chunk_size} // 128 * 1024;
    my $digest = 'SHA-256=' . encode_base64url(sha256($o->{bytes}));
    $digest .= '=' while (length($digest) - 8) % 4;
    my %is = (size => length $o->{bytes}, chunks => scalar @chunks, digest => $digest);
    $self->_complain("$name: $_ is $is{$_}, its meta says $o->{$_}") for grep { $is{$_} ne $o->{$_} } sort keys %is;
    $self->_complain("$name has a chunk that is too long") if grep { length $_->{body} > $max } @chunks;
    $self->_complain("$name was told of before its last chunk") if @chunks && $chunks[-1]{seq} > $o->{seq};
}

sub bytes {
    my ($self) = @_;
    my %bytes;
    for my $name ($self->names) {
        my $o = $self->object($name);
        my $link = $o->{options}{link};
        $o = $self->object($link->{name}) // {} if $link && $link->{bucket} eq $self->{bucket};
        $bytes{$name} = $o->{bytes};
    }
    return %bytes;
}

1;
