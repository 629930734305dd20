# SPDX-License-Identifier: Apache-2.0
"""Name constraints of every kind, above names of every kind."""

import functools

import der
from kinds import CA, CASES, DOMAIN, WORLD, Chain, authority, below, chain, leaf

OTHER = der.tlv(0xA0, der.oid("1.3.6.1.5.5.7.8.9"), der.tlv(0xA0, der.utf8("a@b.example")))
NETWORK = der.address(127, 0, 0, 0, 255, 0, 0, 0)
LINK = der.link("https://b.example/")
HOST = f"h.{DOMAIN}"
NAME = [der.dns(HOST)]
STAR = [der.dns(f"*.{DOMAIN}")]
LOCAL = [der.address(127, 0, 0, 1)]
SIX = [der.address(*[0] * 15, 1)]
LIMITS = {  # name: (names, host, what is permitted or excluded)
    "star-permitted": (STAR, HOST, {"permitted": [der.dns(DOMAIN)]}),
    "star-permitted-below": (STAR, HOST, {"permitted": [der.dns(HOST)]}),
    "star-permitted-dot": (STAR, HOST, {"permitted": [der.dns("." + DOMAIN)]}),
    "star-excluded-below": (STAR, HOST, {"excluded": [der.dns("bad." + DOMAIN)]}),
    "star-excluded-itself": (STAR, HOST, {"excluded": [der.dns(HOST)]}),
    "star-excluded-deeper": (STAR, HOST, {"excluded": [der.dns("a.b." + DOMAIN)]}),
    "star-excluded-dot": (STAR, HOST, {"excluded": [der.dns("." + DOMAIN)]}),
    "star-excluded-dot-below": (STAR, HOST, {"excluded": [der.dns(".bad." + DOMAIN)]}),
    "star-permitted-star": (STAR, HOST, {"permitted": [der.dns("*." + DOMAIN)]}),
    "star-excluded-star": (STAR, HOST, {"excluded": [der.dns("*." + DOMAIN)]}),
    "excluded-star": (NAME, HOST, {"excluded": [der.dns("*." + DOMAIN)]}),
    "excluded-star-elsewhere": (NAME, HOST, {"excluded": [der.dns("*.example.net")]}),
    "permitted-all": (NAME, HOST, {"permitted": [der.dns("")]}),
    "excluded-all": (NAME, HOST, {"excluded": [der.dns("")]}),
    "permitted-dot-alone": (NAME, HOST, {"permitted": [der.dns(".")]}),
    "permitted-upper": (NAME, HOST, {"permitted": [der.dns(DOMAIN.upper())]}),
    "excluded-upper": (NAME, HOST, {"excluded": [der.dns(DOMAIN.upper())]}),
    "permitted-trailing-dot": (NAME, HOST, {"permitted": [der.dns(DOMAIN + ".")]}),
    "permitted-exact": (NAME, HOST, {"permitted": [der.dns(HOST)]}),
    "permitted-half-label": ([der.dns("ahost.example")], "ahost.example", {"permitted": [der.dns("host.example")]}),
    "permitted-name-beside-address": ([*NAME, *LOCAL], HOST, {"permitted": [der.dns(DOMAIN)]}),
    "permitted-name-for-address": (LOCAL, "127.0.0.1", {"permitted": [der.dns(DOMAIN)]}),
    "permitted-address-for-name": (NAME, HOST, {"permitted": [der.address(10, 0, 0, 0, 255, 0, 0, 0)]}),
    "permitted-4-for-6": (SIX, "::1", {"permitted": [NETWORK]}),
    "excluded-6": (SIX, "::1", {"excluded": [der.address(*[0] * 32)]}),
    "excluded-4-for-6": (SIX, "::1", {"excluded": [der.address(*[0] * 8)]}),
    "address-host-bits": (LOCAL, "127.0.0.1", {"permitted": [der.address(127, 1, 2, 3, 255, 0, 0, 0)]}),
    "directory-permitted": (NAME, HOST, {"permitted": [der.tlv(0xA4, der.name("x"))]}),
    "directory-excluded": (NAME, HOST, {"excluded": [der.tlv(0xA4, der.name("x"))]}),
    "directory-excluded-all": (NAME, HOST, {"excluded": [der.tlv(0xA4, der.seq())]}),
    "mail-permitted": (NAME, HOST, {"permitted": [der.mail("example.net")]}),
    "mail-permitted-other": ([*NAME, der.mail("a@b.example")], HOST, {"permitted": [der.mail("example.net")]}),
    "mail-permitted-mailbox": ([*NAME, der.mail("a@b.example")], HOST, {"permitted": [der.mail("a@b.example")]}),
    "mail-odd": (NAME, HOST, {"excluded": [der.mail("a b")]}),
    "mail-odd-two-ats": (NAME, HOST, {"excluded": [der.mail("a@b@c")]}),
    "mail-dot": (NAME, HOST, {"excluded": [der.mail(".example.net")]}),
    "mail-empty": (NAME, HOST, {"excluded": [der.mail("")]}),
    "link-permitted-other": ([*NAME, LINK], HOST, {"permitted": [der.link("example.net")]}),
    "link-permitted-same": ([*NAME, LINK], HOST, {"permitted": [der.link("b.example")]}),
    "link-excluded-same": ([*NAME, LINK], HOST, {"excluded": [der.link("b.example")]}),
    "link-of-address": ([*NAME, der.link("https://10.0.0.1/")], HOST, {"excluded": [der.link("b.example")]}),
    "link-without-host": ([*NAME, der.link("urn:x:y")], HOST, {"excluded": [der.link("b.example")]}),
    "link-odd": (NAME, HOST, {"excluded": [LINK]}),
    "link-odd-address": (NAME, HOST, {"excluded": [der.link("10.0.0.1")]}),
    "link-empty": (NAME, HOST, {"excluded": [der.link("")]}),
    "other-name": (NAME, HOST, {"excluded": [OTHER]}),
    "registered": (NAME, HOST, {"excluded": [der.tlv(0x88, b"\x2a\3")]}),
    "x400": (NAME, HOST, {"excluded": [der.tlv(0xA3, der.seq())]}),
    "odd-mask": (NAME, HOST, {"excluded": [der.address(10, 0, 0, 0, 255, 0, 255, 0)]}),
    "dns-not-ascii": (NAME, HOST, {"excluded": [der.dns("bücher.example".encode())]}),
    "dns-underscore": (NAME, HOST, {"excluded": [der.dns("a_b.example")]}),
    "dns-of-address": (NAME, HOST, {"excluded": [der.dns("10.0.0.1")]}),
    "dns-long-label": (NAME, HOST, {"excluded": [der.dns("a" * 70 + ".example")]}),
    "dns-two-dots": (NAME, HOST, {"excluded": [der.dns("a..example")]}),
    "dns-dots-first": (NAME, HOST, {"excluded": [der.dns("..example")]}),
    "minimum": (NAME, HOST, {"permitted": [der.dns(DOMAIN) + der.tlv(0x80, b"\1")]}),
    "minimum-zero": (NAME, HOST, {"permitted": [der.dns(DOMAIN) + der.tlv(0x80, b"\0")]}),
    "maximum": (NAME, HOST, {"permitted": [der.dns(DOMAIN) + der.tlv(0x81, b"\5")]}),
    "punycode-permitted": ([der.dns("a.xn--bcher-kva.example")], "a.xn--bcher-kva.example",
                           {"permitted": [der.dns("xn--bcher-kva.example")]}),
}


def constrained(case, names, host, trees, critical=True):
    issuer = authority(WORLD.root, f"Clients {case}", (*CA, der.constraints(critical=critical, **trees)))
    return Chain(leaf(case, issuer, names=names), issuer, host=host)


for name, (names, host, trees) in LIMITS.items():
    for case, critical in ((f"limit-{name}", True), (f"limit-{name}-not-critical", False)):
        CASES[case] = functools.partial(constrained, case, names, host, trees, critical)


def with_subject(case, subject, trees, critical):
    issuer = authority(WORLD.root, f"Clients {case}", (*CA, der.constraints(critical=critical, **trees)))
    return below(case, issuer, subject=subject)


def subject_limit(name, subject, critical=True, **trees):
    case = f"limit-subject-{name}"
    CASES[case] = functools.partial(with_subject, case, subject, trees, critical)


subject_limit("common-name-outside", "www.example.net", permitted=[der.dns(DOMAIN)])
subject_limit("common-name-excluded", "www.example.net", excluded=[der.dns("example.net")])
subject_limit("common-name-no-host", "An organisation", permitted=[der.dns(DOMAIN)])
subject_limit("directory-fits", "x", critical=False, permitted=[der.tlv(0xA4, der.name("x"))])
subject_limit("directory-differs", "y", critical=False, permitted=[der.tlv(0xA4, der.name("x"))])
subject_limit("directory-excluded", "x", critical=False, excluded=[der.tlv(0xA4, der.name("x"))])


@chain
def limit_many():
    return constrained("limit-many", [der.dns(f"n{n}.{DOMAIN}") for n in range(300)], f"n7.{DOMAIN}",
                       {"excluded": [der.dns(f"x{n}.example.net") for n in range(900)]})


@chain
def limit_at_the_upper_of_two():
    upper = authority(WORLD.root, "Clients limit upper", (*CA, der.constraints(permitted=[der.dns("example.net")])))
    lower = authority(upper, "Clients limit lower")
    return below("limit-at-the-upper-of-two", lower, upper)


@chain
def limit_wider_below():
    upper = authority(WORLD.root, "Clients wider upper", (*CA, der.constraints(permitted=[der.dns("example.net")])))
    lower = authority(upper, "Clients wider lower", (*CA, der.constraints(permitted=[der.dns(DOMAIN)])))
    return below("limit-wider-below", lower, upper)
