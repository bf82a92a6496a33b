#!/usr/bin/perl
# One POP3 session with Perl's Net::POP3: everything it can ask, told as JSON on standard output.
# Never: a certificate that is not checked. The secret comes on standard input.

use strict;
use warnings;
use IO::Socket::SSL;
use JSON::PP;
use Net::POP3;

my ($transport, $port, $ca_file, $user, $action) = @ARGV;
chomp(my $secret = <STDIN>);
my @trust = (
    SSL_ca_file     => $ca_file,
    SSL_verify_mode => SSL_VERIFY_PEER,
    SSL_hostname    => 'localhost',
);
my @tls = $transport eq 'implicit' ? (SSL => 1, @trust) : ();
my $session = Net::POP3->new('127.0.0.1', Port => $port, Timeout => 30, @tls)
    or die "connect: $@ $SSL_ERROR";
if ($transport eq 'stls') {
    $session->starttls(@trust) or die 'starttls: ' . $session->message . " $SSL_ERROR";
}
my $count = $session->login($user, $secret);
defined $count or die 'login: ' . $session->message;
$count += 0;
my ($messages, $octets) = $session->popstat;
my (@sizes, @uidls, @texts, @headers);
my $list = $session->list;
my $uidl = $session->uidl;
for my $number (1 .. $count) {
    push @sizes, $list->{$number} + 0;
    push @uidls, $uidl->{$number};
    push @texts,   join '', @{ $session->get($number)    or die "get $number" };
    push @headers, join '', @{ $session->top($number, 0) or die "top $number" };
}
if ($action eq 'delete') {
    $session->delete(1) or die 'delete 1';
    $session->reset;    # its own return value says nothing
    $session->ok or die 'reset';
    for my $number (2 .. $count) {
        $session->delete($number) or die "delete $number";
    }
}
$session->quit or die 'quit: ' . $session->message;
print JSON::PP->new->latin1->encode({
    count    => $messages + 0,
    octets   => $octets + 0,
    sizes    => \@sizes,
    uidls    => \@uidls,
    messages => \@texts,
    headers  => \@headers,
});
