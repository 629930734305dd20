# SPDX-License-Identifier: Apache-2.0
"""Leaves and intermediates with extensions of every kind."""

import der
from kinds import (CA, DOMAIN, LEAF, WORLD, Chain, authority, below, chain, define, define_issuers, leaf, p256,
                   rsa_key)

STAPLE, POISON, SCTS, AKI, SKI = ("1.3.6.1.5.5.7.1.24", "1.3.6.1.4.1.11129.2.4.3", "1.3.6.1.4.1.11129.2.4.2",
                                  "2.5.29.35", "2.5.29.14")
NETSCAPE_TYPE, INFORMATION, CRL_PLACE = "2.16.840.1.113730.1.1", "1.3.6.1.5.5.7.1.1", "2.5.29.31"
MAPPINGS, POLICY_LIMITS, NO_ANY_POLICY = "2.5.29.33", "2.5.29.36", "2.5.29.54"
ANY_POLICY = "2.5.29.32.0"
OCSP_ACCESS = "1.3.6.1.5.5.7.48.1"


def access(location, method=OCSP_ACCESS):
    return der.extension(INFORMATION, der.seq(der.seq(der.oid(method), location)))


def place(*parts):
    return der.seq(der.seq(*parts))


def crl(text):
    return place(der.tlv(0xA0, der.tlv(0xA0, der.link(text))))


def more(*extensions):
    return {"extensions": (*LEAF, *extensions)}


def critical(identifier, value):
    return more(der.extension(identifier, value, critical=True))


KEY_ID = der.seq(der.tlv(0x80, b"\1" * 20))

define(
    critical_staple=critical(STAPLE, der.seq(der.integer(5))),
    critical_poison=critical(POISON, der.tlv(0x05)),
    critical_scts=critical(SCTS, der.octets(b"\0\0")),
    critical_information=critical(INFORMATION, der.seq(der.seq(der.oid(OCSP_ACCESS), der.link("http://o.example/")))),
    critical_crl_place=critical(CRL_PLACE, crl("http://c.example/")),
    critical_key_id=critical(SKI, der.octets(b"\2" * 20)),
    critical_issuer_key_id=critical(AKI, KEY_ID),
    critical_issuer_names=critical("2.5.29.18", der.seq(der.dns("a.example"))),
    critical_period_of_key=critical("2.5.29.16", der.seq(der.tlv(0x80, b"20250101000000Z"))),
    critical_mappings=critical(MAPPINGS, der.seq(der.seq(der.oid("1.2.3"), der.oid("1.2.4")))),
    critical_no_any_policy=critical(NO_ANY_POLICY, der.integer(0)),
    critical_policy_limits=critical(POLICY_LIMITS, der.seq(der.tlv(0x80, b"\0"))),
    critical_freshest=critical("2.5.29.46", crl("http://c.example/d")),
    critical_netscape_server=critical(NETSCAPE_TYPE, der.bits(b"\x40", 6)),
    poison=more(der.extension(POISON, der.tlv(0x05))),
    scts_empty=more(der.extension(SCTS, der.octets(b"\0\0"))),
    scts_unreadable=more(der.extension(SCTS, der.octets(b"junk"))),
    netscape_server=more(der.extension(NETSCAPE_TYPE, der.bits(b"\x40", 6))),
    netscape_client=more(der.extension(NETSCAPE_TYPE, der.bits(b"\x80", 7))),
    netscape_unreadable=more(der.extension(NETSCAPE_TYPE, der.octets(b"x"))),
    key_id=more(der.extension(SKI, der.octets(b"\2" * 20))),
    key_id_empty=more(der.extension(SKI, der.octets(b""))),
    key_id_unreadable=more(der.extension(SKI, b"xx")),
    issuer_key_id_empty=more(der.extension(AKI, der.seq())),
    issuer_key_id_unreadable=more(der.extension(AKI, b"\x30\x05ab")),
    issuer_key_id_of_another_serial=more(der.extension(AKI, der.seq(
        der.tlv(0xA1, der.tlv(0xA4, der.name("Clients Root"))), der.tlv(0x82, b"\x77")))),
    issuer_key_id_of_another_name=more(der.extension(AKI, der.seq(
        der.tlv(0xA1, der.tlv(0xA4, der.name("Nobody"))), der.tlv(0x82, b"\x77")))),
    issuer_key_id_half=more(der.extension(AKI, der.seq(der.tlv(0x82, b"\x77")))),
    information_ldap=more(access(der.link("ldap://o.example/"))),
    information_with_a_space=more(access(der.link("http://o .example/"))),
    information_empty=more(der.extension(INFORMATION, der.seq())),
    information_of_a_name=more(access(der.tlv(0xA4, der.name("x")))),
    information_of_a_dns_name=more(access(der.dns("o.example"))),
    information_not_ascii=more(access(der.tlv(0x86, "http://bücher.example".encode()))),
    information_unknown_method=more(access(der.link("http://o.example/"), "1.2.3.4")),
    crl_place_of_an_issuer=more(der.extension(CRL_PLACE, place(der.tlv(0xA2, der.tlv(0xA4, der.name("x")))))),
    crl_place_relative=more(der.extension(CRL_PLACE, place(der.tlv(0xA0, der.tlv(
        0xA1, der.seq(der.oid("2.5.4.3"), der.utf8("x"))))))),
    crl_place_with_reasons=more(der.extension(CRL_PLACE, place(
        der.tlv(0xA0, der.tlv(0xA0, der.link("http://c.example/"))), der.tlv(0x81, b"\1\6")))),
    crl_place_none=more(der.extension(CRL_PLACE, der.seq())),
    crl_place_empty=more(der.extension(CRL_PLACE, place())),
    crl_place_ldap=more(der.extension(CRL_PLACE, crl("ldap:///cn=x,dc=y?crl?base"))),
    crl_place_not_ascii=more(der.extension(CRL_PLACE, crl("x").replace(b"x", b"\xfc"))),
    policies_none=more(der.extension("2.5.29.32", der.seq())),
    policies_any=more(der.policies(ANY_POLICY)),
    policies_with_place=more(der.extension("2.5.29.32", der.seq(der.seq(der.oid("1.2.3.4"), der.seq(
        der.seq(der.oid("1.3.6.1.5.5.7.2.1"), der.tlv(0x16, b"http://p.example/"))))))),
    policies_with_note=more(der.extension("2.5.29.32", der.seq(der.seq(der.oid("1.2.3.4"), der.seq(
        der.seq(der.oid("1.3.6.1.5.5.7.2.2"), der.seq(der.utf8("note")))))))),
    policies_with_unknown_qualifier=more(der.extension("2.5.29.32", der.seq(der.seq(der.oid("1.2.3.4"), der.seq(
        der.seq(der.oid("1.2.3.5"), der.utf8("x"))))))),
    policies_with_no_qualifier=more(der.extension("2.5.29.32", der.seq(der.seq(der.oid("1.2.3.4"), der.seq())))),
    policies_critical_unknown_qualifier=more(der.extension("2.5.29.32", der.seq(der.seq(der.oid("1.2.3.4"), der.seq(
        der.seq(der.oid("1.2.3.5"), der.utf8("x"))))), critical=True)),
    mappings_on_the_leaf=more(der.extension(MAPPINGS, der.seq(der.seq(der.oid("1.2.3"), der.oid("1.2.4"))))),
    no_any_policy_on_the_leaf=more(der.extension(NO_ANY_POLICY, der.integer(0))),
    policy_limits_on_the_leaf=more(der.extension(POLICY_LIMITS, der.seq(der.tlv(0x80, b"\0")))),
    constraints_critical_on_the_leaf=more(der.constraints(permitted=[der.dns("other.example")])),
    usage_of_nine_bits={"extensions": (LEAF[0], der.extension("2.5.29.15", der.bits(b"\x80\x80", 7), True), LEAF[2])},
    usage_with_zeros={"extensions": (LEAF[0], der.extension("2.5.29.15", der.bits(b"\x80", 0), True), LEAF[2])},
    usage_with_two_bytes={"extensions": (LEAF[0], der.extension("2.5.29.15", der.bits(b"\x80\x00", 0), True), LEAF[2])},
    usage_no_bit_string={"extensions": (LEAF[0], der.extension("2.5.29.15", der.octets(b"\x80"), True), LEAF[2])},
    usage_without_octets={"extensions": (LEAF[0], der.extension("2.5.29.15", b"", True), LEAF[2])},
    usage_with_set_padding={"extensions": (LEAF[0], der.extension("2.5.29.15", der.bits(b"\x81", 7), True), LEAF[2])},
    usage_signing_not_critical={"extensions": (LEAF[0], der.key_usage(0, critical=False), LEAF[2])},
    usage_repudiation_only={"extensions": (LEAF[0], der.key_usage(1), LEAF[2])},
    basic_false_spelt_out={"extensions": (
        der.extension("2.5.29.19", der.seq(der.tlv(0x01, b"\0")), True), *LEAF[1:])},
    basic_not_critical={"extensions": (der.basic(False, critical=False), *LEAF[1:])},
    basic_with_rest={"extensions": (der.extension("2.5.29.19", der.seq() + b"\5\0", True), *LEAF[1:])},
    basic_unreadable={"extensions": (der.extension("2.5.29.19", b"\x30\5ab", True), *LEAF[1:])},
    critical_false_spelt_out={"extensions": (
        der.seq(der.oid("2.5.29.19"), der.tlv(0x01, b"\0"), der.octets(der.seq())), *LEAF[1:])},
    purpose_none={"extensions": (*LEAF[:2], der.usages())},
    purpose_server_twice={"extensions": (*LEAF[:2], der.usages(der.SERVER, der.SERVER))},
    purpose_any_and_client={"extensions": (*LEAF[:2], der.usages(der.ANY, der.CLIENT))},
    purpose_any_critical={"extensions": (*LEAF[:2], der.usages(der.ANY, critical=True))},
    purpose_server_and_unknown_critical={"extensions": (*LEAF[:2], der.usages(der.SERVER, "1.2.3.4", critical=True))},
    purpose_server_and_answers={"extensions": (*LEAF[:2], der.usages(der.SERVER, "1.3.6.1.5.5.7.3.9"))},
    purpose_old_netscape={"extensions": (*LEAF[:2], der.usages("2.16.840.1.113730.4.1"))},
    purpose_unreadable={"extensions": (*LEAF[:2], der.extension("2.5.29.37", b"\x30\5ab"))},
    unknown_of_long_arcs=more(der.extension("2.999.4294967296.18446744073709551615", der.octets(b"x"))),
    unknown_with_nothing=more(der.extension("1.2.3.4", b"")),
    unknown_of_64_kib=more(der.extension("1.2.3.4", der.octets(b"x" * 24000))),
    extensions_40=more(*(der.extension(f"1.2.3.{number}", der.tlv(0x05)) for number in range(40))),
)


def limits(*extensions):
    return {"extensions": (*CA, *extensions)}


def own(identifier, value, is_critical=False):
    return limits(der.extension(identifier, value, is_critical))


define_issuers(
    issuer_critical_information=own(INFORMATION, der.seq(der.seq(der.oid(OCSP_ACCESS), der.link("http://o.example/"))),
                                    True),
    issuer_critical_key_id=own(SKI, der.octets(b"\2" * 20), True),
    issuer_critical_mappings=own(MAPPINGS, der.seq(der.seq(der.oid("1.2.3"), der.oid("1.2.4"))), True),
    issuer_mappings_of_any=own(MAPPINGS, der.seq(der.seq(der.oid(ANY_POLICY), der.oid("1.2.4")))),
    issuer_mappings_none=own(MAPPINGS, der.seq()),
    issuer_mappings=limits(der.policies("1.2.3"),
                           der.extension(MAPPINGS, der.seq(der.seq(der.oid("1.2.3"), der.oid("1.2.4"))))),
    issuer_policy_limits_none=own(POLICY_LIMITS, der.seq(), True),
    issuer_policy_limits_1=own(POLICY_LIMITS, der.seq(der.tlv(0x80, b"\1"))),
    issuer_policy_limits_with_any=limits(der.policies(ANY_POLICY), der.extension(
        POLICY_LIMITS, der.seq(der.tlv(0x80, b"\0")))),
    issuer_no_mapping=own(POLICY_LIMITS, der.seq(der.tlv(0x81, b"\0"))),
    issuer_no_any_negative=own(NO_ANY_POLICY, der.integer(-1)),
    issuer_no_any_unreadable=own(NO_ANY_POLICY, der.octets(b"x")),
    issuer_policies_twice=limits(der.policies("1.2.3", "1.2.3")),
    issuer_policies_none=own("2.5.29.32", der.seq()),
    issuer_policies_unreadable=own("2.5.29.32", b"\x30\5ab"),
    issuer_scts=own(SCTS, der.octets(b"junk")),
    issuer_poison=own(POISON, der.tlv(0x05), True),
    issuer_staple=own(STAPLE, der.seq(der.integer(5))),
    issuer_netscape_client_only=own(NETSCAPE_TYPE, der.bits(b"\x80", 7)),
    issuer_netscape_authority=own(NETSCAPE_TYPE, der.bits(b"\x04", 2)),
    issuer_netscape_server_only=own(NETSCAPE_TYPE, der.bits(b"\x40", 6)),
    issuer_names_unreadable=own("2.5.29.17", b"\x30\5ab"),
    issuer_names_odd=limits(der.alternative(der.link("http://[bad"))),
    issuer_names_good=limits(der.alternative(der.dns("ca.example"))),
    issuer_purpose_none=limits(der.usages()),
    issuer_purpose_server_and_client=limits(der.usages(der.SERVER, der.CLIENT)),
    issuer_purpose_client_critical=limits(der.usages(der.CLIENT, critical=True)),
    issuer_purpose_answers=limits(der.usages("1.3.6.1.5.5.7.3.9")),
    issuer_usage_lists_only={"extensions": (CA[0], der.key_usage(6))},
    issuer_usage_everything={"extensions": (CA[0], der.key_usage(*range(8)))},
    issuer_usage_none={"extensions": (CA[0], der.key_usage())},
    issuer_length_huge={"extensions": (der.basic(True, 2**40), CA[1])},
    issuer_length_beyond_64_bits={"extensions": (der.basic(True, 2**70), CA[1])},
    issuer_length_without_authority={"extensions": (der.basic(False, 3), CA[1])},
    issuer_basic_of_other_boolean={"extensions": (
        der.extension("2.5.29.19", der.seq(der.tlv(0x01, b"\1")), True), CA[1])},
    issuer_without_extensions={"extensions": ()},
    issuer_information_unreadable=own(INFORMATION, b"\x30\5ab"),
    issuer_crl_place_unreadable=own(CRL_PLACE, b"\x30\5ab"),
    issuer_crl_place_critical=own(CRL_PLACE, crl("http://c.example/"), True),
)


def with_key_ids(case, of_issuer, named):
    issuer = authority(WORLD.root, f"Clients {case}", (*CA, der.extension(SKI, der.octets(of_issuer))))
    return below(case, issuer, extensions=(*LEAF, der.extension(AKI, der.seq(der.tlv(0x80, named)))))


@chain
def key_ids_that_fit():
    return with_key_ids("key-ids-that-fit", b"\3" * 20, b"\3" * 20)


@chain
def key_ids_that_differ():
    return with_key_ids("key-ids-that-differ", b"\3" * 20, b"\4" * 20)


@chain
def key_ids_of_two_lengths():
    return with_key_ids("key-ids-of-two-lengths", b"\3" * 20, b"\3" * 8)


@chain
def key_id_right_and_serial_wrong():
    case = "key-id-right-and-serial-wrong"
    issuer = authority(WORLD.root, f"Clients {case}", (*CA, der.extension(SKI, der.octets(b"\3" * 20))))
    return below(case, issuer, extensions=(*LEAF, der.extension(AKI, der.seq(
        der.tlv(0x80, b"\3" * 20), der.tlv(0xA1, der.tlv(0xA4, der.name("Clients Root"))), der.tlv(0x82, b"\x01")))))


@chain
def names_critical_beside_a_subject():
    host = f"names-critical.{DOMAIN}"
    names = der.alternative(der.dns(host), critical=True)
    return Chain(der.certificate(WORLD.issuing, host, p256(), (*LEAF, names)), WORLD.issuing, host=host)


def policies_of(case, upper, lower, own_policies=()):
    first = authority(WORLD.root, f"Clients {case} A", (*CA, *upper))
    second = authority(first, f"Clients {case} B", (*CA, *lower))
    return below(case, second, first, extensions=(*LEAF, *own_policies))


REQUIRED = der.extension(POLICY_LIMITS, der.seq(der.tlv(0x80, b"\0")))


@chain
def policies_required_and_had():
    return policies_of("policies-required-and-had", (der.policies("1.2.3"), REQUIRED), (der.policies("1.2.3"),),
                       (der.policies("1.2.3"),))


@chain
def policies_required_and_any_below():
    return policies_of("policies-required-and-any-below", (der.policies("1.2.3"), REQUIRED),
                       (der.policies(ANY_POLICY),), (der.policies("1.2.3"),))


@chain
def policies_required_and_any_forbidden():
    return policies_of("policies-required-and-any-forbidden",
                       (der.policies("1.2.3"), REQUIRED, der.extension(NO_ANY_POLICY, der.integer(0))),
                       (der.policies(ANY_POLICY),), (der.policies("1.2.3"),))


@chain
def policies_required_and_mapped():
    mapping = der.extension(MAPPINGS, der.seq(der.seq(der.oid("1.2.3"), der.oid("1.2.9"))))
    return policies_of("policies-required-and-mapped", (der.policies("1.2.3"), REQUIRED, mapping),
                       (der.policies("1.2.9"),), (der.policies("1.2.9"),))


@chain
def policies_required_and_mapping_forbidden():
    limit = der.extension(POLICY_LIMITS, der.seq(der.tlv(0x80, b"\0"), der.tlv(0x81, b"\0")))
    mapping = der.extension(MAPPINGS, der.seq(der.seq(der.oid("1.2.3"), der.oid("1.2.9"))))
    return policies_of("policies-required-and-mapping-forbidden", (der.policies("1.2.3"), limit),
                       (der.policies("1.2.3"), mapping), (der.policies("1.2.9"),))


@chain
def policies_required_and_another():
    return policies_of("policies-required-and-another", (der.policies("1.2.3"), REQUIRED), (der.policies("1.2.3"),),
                       (der.policies("1.2.8"),))


@chain
def policies_required_after_two():
    limit = der.extension(POLICY_LIMITS, der.seq(der.tlv(0x80, b"\2")))
    return policies_of("policies-required-after-two", (limit,), ())


@chain
def usage_of_rsa_agreement():
    made = leaf("usage-of-rsa-agreement", key=rsa_key(), extensions=(LEAF[0], der.key_usage(0, 4), LEAF[2]))
    return Chain(made, WORLD.issuing, host=f"usage-of-rsa-agreement.{DOMAIN}")
