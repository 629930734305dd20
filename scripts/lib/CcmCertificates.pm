# SPDX-License-Identifier: Apache-2.0
# Loaded before each of nginx's tests: before nginx starts, its configuration gets certificates of ours; afterwards the
# test waits until all of them are there.
package CcmCertificates;

use warnings;
use strict;

use File::Basename qw/dirname/;
use Test::Nginx;

my $program = dirname(__FILE__) . '/nginx_tests_site.py';
my $run = \&Test::Nginx::run;

{
	no warnings 'redefine';
	*Test::Nginx::run = sub (;$) {
		my ($self, @words) = @_;
		my $folder = $self->testdir();
		system('/usr/bin/python3', $program, 'rewrite', $folder) == 0 or die "no certificates";
		my $result = $run->($self, @words);
		system('/usr/bin/python3', $program, 'wait', $folder) == 0 or die "certificates did not come";
		return $result;
	};
}

1;
