# SPDX-License-Identifier: Apache-2.0
"""Extensions whose values are not as they must be, on leaves and on intermediates."""

import der
from extensions import (AKI, ANY_POLICY, CRL_PLACE, INFORMATION, KEY_ID, MAPPINGS, NETSCAPE_TYPE, NO_ANY_POLICY,
                        OCSP_ACCESS, POLICY_LIMITS, SCTS, SKI, STAPLE, access, crl, place)
from kinds import CA, DOMAIN, LEAF, define, define_issuers

BASIC, USAGE, PURPOSE = "2.5.29.19", "2.5.29.15", "2.5.29.37"

# Identifier, the value of a leaf, and that of an authority when it is another one.
GOOD = {
    "basic": (BASIC, der.seq(), der.seq(der.tlv(1, b"\xff"))),
    "usage": (USAGE, der.bits(b"\x80", 7), der.bits(b"\x06", 1)),
    "purpose": (PURPOSE, der.seq(der.oid(der.SERVER)), None),
    "names": ("2.5.29.17", None, der.seq(der.dns("ca.example"))),
    "issuer_names": ("2.5.29.18", der.seq(der.dns("a.example")), None),
    "key_id": (SKI, der.octets(b"\2" * 20), None),
    "issuer_key_id": (AKI, KEY_ID, None),
    "information": (INFORMATION, der.seq(der.seq(der.oid(OCSP_ACCESS), der.link("http://o.example/"))), None),
    "crl_place": (CRL_PLACE, crl("http://c.example/"), None),
    "freshest": ("2.5.29.46", crl("http://c.example/"), None),
    "policies": ("2.5.29.32", der.seq(der.seq(der.oid("1.2.3"))), None),
    "mappings": (MAPPINGS, der.seq(der.seq(der.oid("1.2.3"), der.oid("1.2.4"))), None),
    "policy_limits": (POLICY_LIMITS, der.seq(der.tlv(0x81, b"\5")), None),
    "no_any_policy": (NO_ANY_POLICY, der.integer(5), None),
    "constraints": ("2.5.29.30", der.seq(der.tlv(0xA1, der.seq(der.dns("b.example")))), None),
    "scts": (SCTS, der.octets(b"\0\0"), None),
    "staple": (STAPLE, der.seq(der.integer(17)), None),
    "netscape": (NETSCAPE_TYPE, der.bits(b"\x44", 2), None),
    "comment": ("2.16.840.1.113730.1.13", der.tlv(0x16, b"x"), None),
    "period": ("2.5.29.16", der.seq(der.tlv(0x80, b"20250101000000Z")), None),
}


def long_length(value):
    return value[:1] + b"\x81" + value[1:] if value[1] < 128 else value


SPOILT = {"with_rest": lambda value: value + b"\5\0", "of_long_length": long_length,
          "of_junk": lambda _: b"\x30\5ab", "of_nothing": lambda _: b""}


def replaced(extensions, identifier, value):
    kept = [each for each in extensions if der.oid(identifier) not in each]
    return {"extensions": (*kept, der.extension(identifier, value, identifier in (BASIC, USAGE)))}


for name, (identifier, of_leaf, of_authority) in GOOD.items():
    for how, spoil in SPOILT.items():
        if of_leaf:
            define(**{f"content_{name}_{how}": replaced(LEAF, identifier, spoil(of_leaf))})
        define_issuers(**{f"issuer_content_{name}_{how}": replaced(CA, identifier, spoil(of_authority or of_leaf))})


def policy(identifier, *qualifiers):
    return der.seq(der.oid(identifier), *qualifiers)


def policies(*each, critical=False):
    return der.extension("2.5.29.32", der.seq(*each), critical)


def qualifier(identifier, value):
    return der.seq(der.seq(der.oid(identifier), value))


UNKNOWN_QUALIFIER = qualifier("1.2.3.5", der.utf8("x"))
PAGE = qualifier("1.3.6.1.5.5.7.2.1", der.tlv(0x16, b"http://p.example/"))
UUID = "2.25.340282366920938463463374607431768211455"

CONTENTS = {
    "policy_limits_none": der.extension(POLICY_LIMITS, der.seq()),
    "policy_limits_negative": der.extension(POLICY_LIMITS, der.seq(der.tlv(0x81, b"\xff"))),
    "policy_limits_300": der.extension(POLICY_LIMITS, der.seq(der.tlv(0x81, b"\1\x2c"))),
    "policy_limits_of_72_bits": der.extension(POLICY_LIMITS, der.seq(der.tlv(0x81, b"\1" * 9))),
    "policy_limits_unknown": der.extension(POLICY_LIMITS, der.seq(der.tlv(0x83, b"\1"))),
    "no_any_policy_negative": der.extension(NO_ANY_POLICY, der.integer(-1)),
    "no_any_policy_300": der.extension(NO_ANY_POLICY, der.integer(300)),
    "no_any_policy_of_70_bits": der.extension(NO_ANY_POLICY, der.integer(2**70)),
    "mappings_none": der.extension(MAPPINGS, der.seq()),
    "mappings_of_any": der.extension(MAPPINGS, der.seq(der.seq(der.oid(ANY_POLICY), der.oid("1.2.4")))),
    "mappings_to_any": der.extension(MAPPINGS, der.seq(der.seq(der.oid("1.2.4"), der.oid(ANY_POLICY)))),
    "information_none": der.extension(INFORMATION, der.seq()),
    "information_not_ascii": access(der.tlv(0x86, b"http://b\xfccher.example")),
    "information_of_another_method_not_ascii": access(der.tlv(0x86, b"http://b\xfccher.example"), "1.2.3.4"),
    "information_mail": access(der.mail("x")),
    "information_odd_link": access(der.link("http://a b/^")),
    "information_empty_link": access(der.link("")),
    "crl_place_relative": der.extension(CRL_PLACE, place(der.tlv(0xA0, der.tlv(
        0xA1, der.seq(der.oid("2.5.4.3"), der.utf8("x")))))),
    "crl_place_odd_link": der.extension(CRL_PLACE, crl("http://a b/^")),
    "crl_place_of_5_bytes": der.extension(CRL_PLACE, place(der.tlv(0xA0, der.tlv(0xA0, der.tlv(0x87, b"12345"))))),
    "crl_place_directory": der.extension(CRL_PLACE, place(der.tlv(0xA0, der.tlv(0xA0, der.tlv(0xA4, der.name("x")))))),
    "crl_place_not_ascii": der.extension(CRL_PLACE, place(der.tlv(0xA0, der.tlv(
        0xA0, der.tlv(0x86, b"http://b\xfc.example/"))))),
    "crl_place_reasons_only": der.extension(CRL_PLACE, place(der.tlv(0x81, b"\1\6"))),
    "policies_none": policies(),
    "policies_50": policies(*(policy(f"1.2.{number}") for number in range(50))),
    "policies_with_no_qualifier": policies(policy("1.2.3", der.seq())),
    "policies_with_unknown_qualifier": policies(policy("1.2.3", UNKNOWN_QUALIFIER)),
    "policies_critical_with_unknown_qualifier": policies(policy("1.2.3", UNKNOWN_QUALIFIER), critical=True),
    "policies_critical_with_page": policies(policy("1.2.3", PAGE), critical=True),
    "policies_any_with_unknown_qualifier": policies(policy(ANY_POLICY, UNKNOWN_QUALIFIER)),
    "policies_with_page_in_utf8": policies(policy("1.2.3", qualifier("1.3.6.1.5.5.7.2.1", der.utf8("http://p.example")))),
    "policies_of_31_bits": policies(policy("1.2.2147483647")),
    "policies_of_32_bits": policies(policy("1.2.2147483648")),
    "policies_of_a_uuid": policies(policy(UUID)),
    "unknown_of_31_bits": der.extension("1.2.2147483647", der.octets(b"x")),
    "unknown_of_32_bits": der.extension("1.2.2147483648", der.octets(b"x")),
    "unknown_of_a_uuid": der.extension(UUID, der.octets(b"x")),
    "unknown_of_a_padded_name": der.seq(der.tlv(6, b"\x2a\x80\x03"), der.octets(b"x")),
    "unknown_of_half_a_name": der.seq(der.tlv(6, b"\x2a\x83"), der.octets(b"x")),
    "unknown_of_no_name": der.seq(der.tlv(6, b""), der.octets(b"x")),
    "issuer_key_id_serial_only": der.extension(AKI, der.seq(der.tlv(0x82, b"\x77"))),
    "issuer_key_id_name_only": der.extension(AKI, der.seq(der.tlv(0xA1, der.tlv(0xA4, der.name("x"))))),
    "issuer_names_none": der.extension("2.5.29.18", der.seq()),
    "period_over": der.extension("2.5.29.16", der.seq(der.tlv(0x81, b"20200101000000Z"))),
    "qualified": der.extension("1.3.6.1.5.5.7.1.3", der.seq(der.seq(der.oid("0.4.0.1862.1.1")))),
}
for name, extension in CONTENTS.items():
    define(**{f"content_{name}": {"extensions": (*LEAF, extension)}})
    define_issuers(**{f"issuer_content_{name}": {"extensions": (*CA, extension)}})

define(
    content_purpose_of_32_bits={"extensions": (*LEAF[:2], der.usages(der.SERVER, "1.2.2147483648"))},
    content_purpose_of_a_uuid={"extensions": (*LEAF[:2], der.usages(der.SERVER, UUID))},
    content_basic_length_of_a_leaf={"extensions": (
        der.extension(BASIC, der.seq(der.tlv(1, b"\0"), der.integer(0)), True), *LEAF[1:])},
    extension_of_text={"extensions": (*LEAF, der.seq(der.oid("1.2.3.4"), der.utf8("x")))},
    extension_with_rest={"extensions": (*LEAF, der.seq(der.oid("1.2.3.4"), der.octets(b"x"), der.tlv(5)))},
    extension_with_a_number={"extensions": (*LEAF, der.seq(der.oid("1.2.3.4"), der.integer(0), der.octets(b"x")))},
    name_beside_half_a_registered={"names": [der.dns(f"name-beside-half-a-registered.{DOMAIN}"),
                                             der.tlv(0x88, b"\x2a\x80\3")]},
    name_beside_half_an_other={"names": [der.dns(f"name-beside-half-an-other.{DOMAIN}"),
                                         der.tlv(0xA0, der.oid("1.2.3"))]},
    name_beside_a_whole_edi={"names": [der.dns(f"name-beside-a-whole-edi.{DOMAIN}"),
                                       der.tlv(0xA5, der.tlv(0xA0, der.utf8("a")), der.tlv(0xA1, der.utf8("x")))]},
)
define_issuers(
    issuer_length_100={"extensions": (der.basic(True, 100), CA[1])},
    issuer_length_255={"extensions": (der.basic(True, 255), CA[1])},
    issuer_length_256={"extensions": (der.basic(True, 256), CA[1])},
    issuer_content_purpose_of_32_bits={"extensions": (*CA, der.usages(der.SERVER, "1.2.2147483648"))},
    issuer_names_edi={"extensions": (*CA, der.alternative(der.tlv(0xA5, der.tlv(0xA1, der.utf8("x")))))},
    issuer_names_empty_mail={"extensions": (*CA, der.alternative(der.mail("")))},
    issuer_names_without_scheme={"extensions": (*CA, der.alternative(der.link("a")))},
)
