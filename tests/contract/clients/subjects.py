# SPDX-License-Identifier: Apache-2.0
"""Subjects of every kind, of leaves and of intermediates."""

import functools

import der
from kinds import CASES, WORLD, authority, below, chain, define


def attribute(identifier, value):
    return der.tlv(0x31, der.seq(der.oid(identifier), value))


COUNTRY, COMMON, MAIL = "2.5.4.6", "2.5.4.3", "1.2.840.113549.1.9.1"
SUBJECTS = {
    "visible": der.tlv(0x1A, b"Visible"),
    "general": der.tlv(0x1B, b"General"),
    "graphic": der.tlv(0x19, b"Graphic"),
    "universal": der.tlv(0x1C, "Universal".encode("utf-32-be")),
    "numeric_letters": der.tlv(0x12, b"abc"),
    "ia5_high": der.tlv(0x16, b"b\xfccher"),
    "bmp_surrogate": der.tlv(0x1E, b"\xd8\0\xdc\0"),
    "bmp_half_surrogate": der.tlv(0x1E, b"\xd8\0"),
    "utf8_zero": der.tlv(0x0C, b"a\0b"),
    "utf8_surrogate": der.tlv(0x0C, b"\xed\xa0\x80"),
    "utf8_overlong": der.tlv(0x0C, b"\xc0\x80"),
    "utf8_beyond": der.tlv(0x0C, b"\xf5\x80\x80\x80"),
    "utf8_astral": der.tlv(0x0C, "😀".encode()),
    "utf8_not_a_character": der.tlv(0x0C, "\uffff".encode()),
    "printable_star": der.tlv(0x13, b"*.example"),
    "printable_underscore": der.tlv(0x13, b"a_b"),
    "printable_and": der.tlv(0x13, b"a&b"),
    "printable_quote": der.tlv(0x13, b'"a"'),
    "printable_zero": der.tlv(0x13, b"a\0"),
    "octets": der.octets(b"abc"),
    "integer": der.integer(5),
    "bit_string": der.bits(b"abc"),
    "sequence": der.seq(der.utf8("x")),
    "empty_text": der.utf8(""),
    "long_500": der.utf8("x" * 500),
    "long_5000": der.utf8("x" * 5000),
    "teletex_zero": der.tlv(0x14, b"a\0"),
    "country_of_3": der.WholeName(der.seq(attribute(COUNTRY, der.tlv(0x13, b"DEU")))),
    "country_utf8": der.WholeName(der.seq(attribute(COUNTRY, der.utf8("DE")))),
    "country_empty": der.WholeName(der.seq(attribute(COUNTRY, der.tlv(0x13, b"")))),
    "set_of_nothing": der.WholeName(der.seq(der.tlv(0x31))),
    "set_of_two": der.WholeName(der.seq(der.tlv(0x31, der.seq(der.oid(COMMON), der.utf8("a")),
                                        der.seq(der.oid("2.5.4.10"), der.utf8("b"))))),
    "set_out_of_order": der.WholeName(der.seq(der.tlv(0x31, der.seq(der.oid("2.5.4.10"), der.utf8("b")),
                                              der.seq(der.oid(COMMON), der.utf8("a"))))),
    "unknown_attribute": der.WholeName(der.seq(attribute("1.2.3.4.5", der.utf8("x")))),
    "common_name_twice": der.WholeName(der.seq(attribute(COMMON, der.utf8("a")), attribute(COMMON, der.utf8("b")))),
    "common_name_an_address": der.utf8("10.0.0.1"),
    "common_name_another": der.utf8("www.another.example"),
    "common_name_odd_host": der.utf8("-odd_.host..name"),
    "mail": der.WholeName(der.seq(attribute(MAIL, der.tlv(0x16, b"a@b.example")))),
    "mail_utf8": der.WholeName(der.seq(attribute(MAIL, der.utf8("a@b.example")))),
    "domain_component": der.WholeName(der.seq(attribute("0.9.2342.19200300.100.1.25", der.tlv(0x16, b"example")))),
    "of_100_parts": der.WholeName(der.seq(*(attribute("2.5.4.11", der.utf8(f"unit {n}")) for n in range(100)))),
}
define(**{f"subject_{name}": {"subject": value} for name, value in SUBJECTS.items()})


def below_subject(case, subject):
    return below(case, authority(WORLD.root, subject))


for name, value in SUBJECTS.items():
    case = f"issuer-subject-{name.replace('_', '-')}"
    CASES[case] = functools.partial(below_subject, case, value)


@chain
def issuer_subject_empty():
    return below("issuer-subject-empty", authority(WORLD.root, None))
