# SPDX-License-Identifier: Apache-2.0
"""Leaves of every kind, good and bad, below good authorities."""

import datetime

import der
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from kinds import (CA, DAY, DOMAIN, LEAF, NOW, WORLD, Chain, authority,
                   chain, define, define_names, leaf, p256, rsa_key, usual, UNKNOWN)

define_names(
    name_upper_case=([der.dns("NAME-UPPER-CASE.Clients.Example")], f"name-upper-case.{DOMAIN}"),
    name_wildcard=([der.dns(f"*.{DOMAIN}")], f"name-wildcard.{DOMAIN}"),
    name_wildcard_two_deep=([der.dns(f"*.{DOMAIN}")], f"a.name-wildcard.{DOMAIN}"),
    name_wildcard_itself=([der.dns(f"*.{DOMAIN}")], DOMAIN),
    name_star_alone=([der.dns("*")], "starhost"),
    name_star_top=([der.dns("*.example")], "name-star-top.example"),
    name_star_inside=([der.dns(f"a.*.{DOMAIN}")], f"a.b.{DOMAIN}"),
    name_star_partial=([der.dns(f"name-p*.{DOMAIN}")], f"name-partial.{DOMAIN}"),
    name_star_end=([der.dns(f"*tial.{DOMAIN}")], f"name-partial.{DOMAIN}"),
    name_star_twice=([der.dns(f"*.*.{DOMAIN}")], f"a.b.{DOMAIN}"),
    name_good_beside_partial=([der.dns(f"x*.{DOMAIN}"), der.dns(f"beside.{DOMAIN}")], f"beside.{DOMAIN}"),
    name_unicode=([der.dns("bücher.example".encode())], "xn--bcher-kva.example"),
    name_punycode=([der.dns("xn--bcher-kva.example")], "xn--bcher-kva.example"),
    name_good_beside_unicode=([der.dns(f"gbu.{DOMAIN}"), der.dns("bücher.example".encode())], f"gbu.{DOMAIN}"),
    name_trailing_dot=([der.dns(f"dot.{DOMAIN}.")], f"dot.{DOMAIN}"),
    name_good_beside_trailing_dot=([der.dns(f"gbd.{DOMAIN}"), der.dns("b.example.")], f"gbd.{DOMAIN}"),
    name_leading_dot=([der.dns(f".{DOMAIN}")], f"dot.{DOMAIN}"),
    name_good_beside_leading_dot=([der.dns(f"gbl.{DOMAIN}"), der.dns(f".{DOMAIN}")], f"gbl.{DOMAIN}"),
    name_good_beside_empty=([der.dns(f"gbe.{DOMAIN}"), der.dns("")], f"gbe.{DOMAIN}"),
    name_good_beside_space=([der.dns(f"gbs.{DOMAIN}"), der.dns("a b.example")], f"gbs.{DOMAIN}"),
    name_good_beside_zero=([der.dns(f"gbz.{DOMAIN}"), der.dns(b"a.example\0.b.example")], f"gbz.{DOMAIN}"),
    name_zero_inside=([der.dns(f"zero.{DOMAIN}\0.bad.example".encode())], f"zero.{DOMAIN}"),
    name_underscore=([der.dns(f"a_b.{DOMAIN}")], f"a_b.{DOMAIN}"),
    name_long_label=([der.dns(f"{'a' * 64}.{DOMAIN}"), der.dns(f"gbll.{DOMAIN}")], f"gbll.{DOMAIN}"),
    name_longest_label=([der.dns(f"{'a' * 63}.{DOMAIN}")], f"{'a' * 63}.{DOMAIN}"),
    name_hyphen_first=([der.dns(f"-a.{DOMAIN}"), der.dns(f"gbh.{DOMAIN}")], f"gbh.{DOMAIN}"),
    name_one_label=([der.dns("intranet")], "intranet"),
    name_another=([der.dns("www.example.net")], f"name-another.{DOMAIN}"),
    name_address=([der.address(127, 0, 0, 1)], "127.0.0.1"),
    name_address_among_names=([der.dns(f"n.{DOMAIN}"), der.address(127, 0, 0, 1)], "127.0.0.1"),
    name_address_as_dns=([der.dns("127.0.0.1")], "127.0.0.1"),
    name_address_of_5_bytes=([der.dns(f"gb5.{DOMAIN}"), der.address(127, 0, 0, 1, 1)], f"gb5.{DOMAIN}"),
    name_address_with_mask=([der.dns(f"gbm.{DOMAIN}"), der.address(127, 0, 0, 0, 255, 0, 0, 0)], f"gbm.{DOMAIN}"),
    name_beside_mail_and_link=([der.dns(f"gbo.{DOMAIN}"), der.mail("a@example.com"), der.link("https://a.example/b")],
                               f"gbo.{DOMAIN}"),
    name_beside_odd_link=([der.dns(f"gbk.{DOMAIN}"), der.link("http://[bad")], f"gbk.{DOMAIN}"),
    name_beside_odd_mail=([der.dns(f"gba.{DOMAIN}"), der.mail("nobody")], f"gba.{DOMAIN}"),
    name_mail_only=([der.mail("a@example.com")], f"name-mail-only.{DOMAIN}"),
    name_none=([], f"name-none.{DOMAIN}"),
)


@chain
def common_name_only():
    host = f"common-name-only.{DOMAIN}"
    return Chain(der.certificate(WORLD.issuing, host, p256(), LEAF), WORLD.issuing, host=host)


@chain
def names_500():
    return usual("names-500", names=[der.dns(f"n{number}.{DOMAIN}") for number in range(500)], host=f"n7.{DOMAIN}")


# -- the leaf ------------------------------------------------------------------------------------------

define(
    good={},
    good_rsa={"key": rsa_key()},
    good_p384={"key": ec.generate_private_key(ec.SECP384R1())},
    good_below_rsa={"issuer": WORLD.rsa_issuing},
    signed_with_pss={"issuer": WORLD.rsa_issuing, "digest": "pss"},
    signed_with_sha512={"digest": "sha512"},
    signed_with_sha224={"digest": "sha224"},
    signed_with_sha1={"issuer": WORLD.rsa_issuing, "digest": "sha1"},
    signed_with_ecdsa_sha1={"digest": "sha1"},
    signed_with_md5={"issuer": WORLD.rsa_issuing, "digest": "md5"},
    signature_spoilt={"spoil": True},
    two_signature_algorithms={"inside": "sha384"},
    key_rsa_1024={"key": rsa_key(1024)},
    key_rsa_2040={"key": rsa_key(2040)},
    key_rsa_3072={"key": rsa_key(3072)},
    key_rsa_exponent_3={"key": rsa_key(2048, 3)},
    key_p192={"key": ec.generate_private_key(ec.SECP192R1())},
    key_p224={"key": ec.generate_private_key(ec.SECP224R1())},
    key_p521={"key": ec.generate_private_key(ec.SECP521R1())},
    key_secp256k1={"key": ec.generate_private_key(ec.SECP256K1())},
    key_brainpool={"key": ec.generate_private_key(ec.BrainpoolP256R1())},
    key_ed25519={"key": ed25519.Ed25519PrivateKey.generate()},
    serial_zero={"serial": 0},
    serial_negative={"serial": -5},
    serial_20_bytes={"serial": 2**158 + 1},
    serial_21_bytes={"serial": 2**166 + 1},
    version_1={"version": 1},
    version_2={"version": 2},
    expired={"begins": NOW - 9 * DAY, "ends": NOW - DAY},
    begins_tomorrow={"begins": NOW + DAY},
    ends_in_9999={"ends": datetime.datetime(9999, 12, 31, 23, 59, 59)},
    ends_in_2049={"ends": datetime.datetime(2049, 12, 31, 23, 59, 59)},
    ends_in_2050={"ends": datetime.datetime(2050, 1, 1)},
    ends_in_2050_in_two_digits={"ends": der.utc(datetime.datetime(2050, 1, 1))},
    dates_of_four_digits={"begins": der.generalized(NOW - DAY), "ends": der.generalized(NOW + 60 * DAY)},
    date_without_seconds={"begins": der.tlv(0x17, f"{NOW - DAY:%y%m%d%H%M}Z".encode())},
    date_with_offset={"begins": der.tlv(0x17, f"{NOW - DAY:%y%m%d%H%M%S}+0100".encode())},
    date_with_fraction={"begins": der.tlv(0x18, f"{NOW - DAY:%Y%m%d%H%M%S}.5Z".encode())},
    leaf_without_extensions={"extensions": ()},
    leaf_is_authority={"extensions": (*CA, der.usages(der.SERVER))},
    leaf_is_authority_that_signs={"extensions": (der.basic(True), der.key_usage(0, 5), der.usages(der.SERVER))},
    leaf_without_basic={"extensions": LEAF[1:]},
    leaf_basic_with_length={"extensions": (der.basic(False, 0), *LEAF[1:])},
    leaf_usage_agreement_only={"extensions": (LEAF[0], der.key_usage(4), LEAF[2])},
    leaf_usage_encipherment_rsa={"key": rsa_key(), "extensions": (LEAF[0], der.key_usage(2), LEAF[2])},
    leaf_usage_both_rsa={"key": rsa_key(), "extensions": (LEAF[0], der.key_usage(0, 2), LEAF[2])},
    leaf_usage_certificates={"extensions": (LEAF[0], der.key_usage(5), LEAF[2])},
    leaf_usage_too={"extensions": (LEAF[0], der.key_usage(0, 5), LEAF[2])},
    leaf_usage_empty={"extensions": (LEAF[0], der.key_usage(), LEAF[2])},
    leaf_usage_absent={"extensions": (LEAF[0], LEAF[2])},
    leaf_purpose_absent={"extensions": LEAF[:2]},
    leaf_purpose_server={"extensions": (*LEAF[:2], der.usages(der.SERVER))},
    leaf_purpose_critical={"extensions": (*LEAF[:2], der.usages(der.SERVER, critical=True))},
    leaf_purpose_client={"extensions": (*LEAF[:2], der.usages(der.CLIENT))},
    leaf_purpose_code={"extensions": (*LEAF[:2], der.usages(der.CODE))},
    leaf_purpose_any={"extensions": (*LEAF[:2], der.usages(der.ANY))},
    leaf_unknown_critical={"extensions": (*LEAF, der.extension(UNKNOWN, der.octets(b"x"), critical=True))},
    leaf_unknown={"extensions": (*LEAF, der.extension(UNKNOWN, der.octets(b"x")))},
    leaf_extension_twice={"extensions": (*LEAF, LEAF[1])},
    leaf_names_twice={"extensions": (*LEAF, der.alternative(der.dns("b.example")))},
    leaf_policies={"extensions": (*LEAF, der.policies("2.23.140.1.2.1"))},
    leaf_policies_critical={"extensions": (*LEAF, der.policies("2.23.140.1.2.1", critical=True))},
    leaf_policies_twice={"extensions": (*LEAF, der.policies("2.23.140.1.2.1", "2.23.140.1.2.1"))},
    leaf_boolean_1={"extensions": (der.extension("2.5.29.19", der.seq(), True, b"\x01"), *LEAF[1:])},
    leaf_must_staple={"extensions": (*LEAF, der.extension("1.3.6.1.5.5.7.1.24", der.seq(der.integer(5))))},
    leaf_key_id_of_issuer_wrong={"extensions": (
        *LEAF, der.extension("2.5.29.35", der.seq(der.tlv(0x80, b"\1" * 20))))},
    leaf_crl_place={"extensions": (*LEAF, der.extension("2.5.29.31", der.seq(der.seq(
        der.tlv(0xA0, der.tlv(0xA0, der.link("http://crl.example/a.crl")))))))},
    leaf_crl_place_unreadable={"extensions": (*LEAF, der.extension("2.5.29.31", b"\x30\x05ab"))},
    leaf_information_unreadable={"extensions": (*LEAF, der.extension("1.3.6.1.5.5.7.1.1", der.octets(b"x")))},
    leaf_constraints={"extensions": (*LEAF, der.constraints(excluded=[der.dns("b.example")]))},
    subject_empty={"subject": None},
    subject_teletex={"subject": der.tlv(0x14, "Bücher".encode("latin-1"))},
    subject_bmp={"subject": der.tlv(0x1E, "Bücher".encode("utf-16-be"))},
    subject_bmp_odd={"subject": der.tlv(0x1E, b"abc")},
    subject_no_utf8={"subject": der.tlv(0x0C, b"\xff\xfe")},
    subject_printable_with_at={"subject": der.tlv(0x13, b"a@b")},
)


@chain
def subject_empty_critical():
    host = f"subject-empty-critical.{DOMAIN}"
    extensions = (*LEAF, der.alternative(der.dns(host), critical=True))
    return Chain(der.certificate(WORLD.issuing, None, p256(), extensions), WORLD.issuing, host=host)


@chain
def key_explicit_curve():
    key = p256()
    return usual("key-explicit-curve", key=key, public=der.explicit_p256(key))


@chain
def self_signed():
    host = f"self-signed.{DOMAIN}"
    return Chain(der.certificate(None, host, p256(), (*LEAF, der.alternative(der.dns(host)))), host=host)


@chain
def its_own_issuer():
    """Named as its issuer, but signed by the authority."""
    host = f"its-own-issuer.{DOMAIN}"
    made = leaf("its-own-issuer", subject=host, issuer_name=der.name(host))
    return Chain(made, WORLD.issuing, host=host)
