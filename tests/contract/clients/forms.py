# SPDX-License-Identifier: Apache-2.0
"""Certificates that are written in odd ways: dates, numbers, signatures, keys, bytes."""

import functools
import hashlib

import der
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, padding
from kinds import (CASES, DAY, DOMAIN, NOW, WORLD, Chain, authority, below, chain, define, define_issuers, leaf, p256,
                   rsa_key, usual)


def utc(text):
    return der.tlv(0x17, text.encode())


def generalized(text):
    return der.tlv(0x18, text.encode())


DATES = {
    "in_1949": {"begins": generalized("19490101000000Z")},
    "in_1950": {"begins": utc("500101000000Z")},
    "in_1960_in_four_digits": {"begins": generalized("19600101000000Z")},
    "in_1969": {"begins": utc("690101000000Z")},
    "in_year_0": {"begins": generalized("00000101000000Z")},
    "in_year_1": {"begins": generalized("00010101000000Z")},
    "no_day": {"begins": utc("250230000000Z")},
    "no_month": {"begins": utc("251301000000Z")},
    "second_60": {"begins": utc("250101235960Z")},
    "hour_24": {"begins": utc("250101240000Z")},
    "small_z": {"begins": utc("250101000000z")},
    "without_z": {"begins": utc("250101000000")},
    "letters": {"begins": utc("2501010000xxZ")},
    "empty": {"begins": utc("")},
    "zero_offset": {"begins": utc("250101000000+0000")},
    "no_date": {"begins": der.octets(b"250101000000Z")},
    "with_a_zero_byte": {"begins": utc("250101000000Z\0")},
    "end_in_2096_leap": {"ends": generalized("20960229000000Z")},
    "end_no_leap_2100": {"ends": generalized("21000229000000Z")},
    "end_second_59_9999": {"ends": generalized("99991231235959Z")},
    "end_with_fraction": {"ends": generalized("20990101000000.0Z")},
    "end_without_seconds": {"ends": generalized("209901010000Z")},
    "end_second_60": {"ends": generalized("20990101235960Z")},
    "end_in_2262": {"ends": generalized("22620412000000Z")},
    "end_in_3000": {"ends": generalized("30000101000000Z")},
    "end_in_two_digits_49": {"ends": utc("491231235959Z")},
    "end_before_the_begin": {"begins": NOW + DAY, "ends": NOW - DAY},
}
define(**{f"date_{name}": others for name, others in DATES.items()})
define_issuers(**{f"issuer_date_{name}": others for name, others in DATES.items()})

define(
    serial_of_100_bytes={"serial": 2**799 + 1},
    serial_of_1000_bytes={"serial": 2**7999 + 1},
    serial_padded={"serial": der.tlv(0x02, b"\0\0\1")},
    serial_empty={"serial": der.tlv(0x02, b"")},
    serial_padded_negative={"serial": der.tlv(0x02, b"\xff\xff")},
    serial_minus_one={"serial": -1},
    serial_first_bit={"serial": 2**159},
    version_0={"version": 0},
    version_4={"version": 4},
    unique_ids={"before_extensions": der.tlv(0x81, b"\0id") + der.tlv(0x82, b"\0id")},
    bytes_after_the_signature={"rest": der.tlv(0x05)},
    signature_with_a_zero_before={"change": lambda signed: b"\0" + bytes(signed)},
    signature_with_a_zero_after={"change": lambda signed: bytes(signed) + b"\0"},
    signature_empty={"change": lambda signed: b""},
    signature_names_null={"named": der.seq(der.oid(der.ECDSA["sha256"]), der.tlv(0x05))},
    signature_of_rsa_without_null={"issuer": WORLD.rsa_issuing,
                                   "named": der.seq(der.oid("1.2.840.113549.1.1.11"))},
    signature_of_rsa_with_octets={"issuer": WORLD.rsa_issuing,
                                  "named": der.seq(der.oid("1.2.840.113549.1.1.11"), der.octets(b"x"))},
    signature_old_sha1_name={"issuer": WORLD.rsa_issuing, "digest": "sha1",
                             "named": der.seq(der.oid("1.3.14.3.2.29"), der.tlv(0x05))},
    signature_unknown={"named": der.seq(der.oid("1.2.3.4.5"))},
    signature_of_sha512_rsa={"issuer": WORLD.rsa_issuing, "digest": "sha512"},
    signature_of_sha384_rsa={"issuer": WORLD.rsa_issuing, "digest": "sha384"},
    signature_of_sha224_rsa={"issuer": WORLD.rsa_issuing, "digest": "sha224"},
    issuer_in_another_string={"issuer_name": der.name(der.tlv(0x13, b"Clients Issuing"))},
    issuer_in_small_letters={"issuer_name": der.name("clients issuing")},
    issuer_with_two_spaces={"issuer_name": der.name("Clients  Issuing")},
    issuer_with_space_after={"issuer_name": der.name("Clients Issuing ")},
    issuer_empty={"issuer_name": der.seq()},
)
define_issuers(
    issuer_serial_of_100_bytes={"serial": 2**799 + 1},
    issuer_serial_padded={"serial": der.tlv(0x02, b"\0\0\1")},
    issuer_version_2={"version": 2},
    issuer_unique_ids={"before_extensions": der.tlv(0x81, b"\0id") + der.tlv(0x82, b"\0id")},
    issuer_of_root_in_another_string={"issuer_name": der.name(der.tlv(0x13, b"Clients Root"))},
    issuer_of_root_in_small_letters={"issuer_name": der.name("clients root")},
    issuer_p384={"key": ec.generate_private_key(ec.SECP384R1())},
    issuer_p192={"key": ec.generate_private_key(ec.SECP192R1())},
    issuer_secp256k1={"key": ec.generate_private_key(ec.SECP256K1())},
    issuer_brainpool={"key": ec.generate_private_key(ec.BrainpoolP256R1())},
    issuer_rsa_exponent_3={"key": rsa_key(2048, 3)},
    issuer_rsa_4096={"key": rsa_key(4096)},
    issuer_rsa_2040={"key": rsa_key(2040)},
    issuer_signed_with_sha512={"digest": "sha512"},
    issuer_signed_with_sha224={"digest": "sha224"},
    issuer_signature_spoilt={"spoil": True},
)



def signed_by_rsa(case, digest):
    return below(case, authority(WORLD.rsa_root, f"Clients {case}", digest=digest))


for digest in ("md5", "sha1", "sha224", "sha384", "sha512", "pss"):
    case = f"issuer-signed-with-rsa-{digest}"
    CASES[case] = functools.partial(signed_by_rsa, case, digest)


def define_keys(name, key, public):
    """A leaf and an intermediate whose key is written so."""
    CASES[f"key-{name}"] = lambda: usual(f"key-{name}", key=key, public=public)
    CASES[f"issuer-key-{name}"] = lambda: below(f"issuer-key-{name}", authority(
        WORLD.root, f"Clients key {name}", key=key, public=public))


def curve_key(key, point):
    return der.seq(der.seq(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7")), der.bits(point))


CURVE = p256()
X, Y = (number.to_bytes(32, "big") for number in
        (CURVE.public_key().public_numbers().x, CURVE.public_key().public_numbers().y))
define_keys("point-compressed", CURVE, curve_key(CURVE, bytes([2 + (Y[-1] & 1)]) + X))
define_keys("point-hybrid", CURVE, curve_key(CURVE, bytes([6 + (Y[-1] & 1)]) + X + Y))

PSS, NULL = der.oid("1.2.840.113549.1.1.10"), der.tlv(0x05)
RSA = der.seq(der.oid("1.2.840.113549.1.1.1"), NULL)
MODULUS = rsa_key().public_key().public_numbers().n.to_bytes(256, "big")


def rsa_public(algorithm=RSA, modulus=b"\0" + MODULUS, exponent=65537):
    return der.seq(algorithm, der.bits(der.seq(der.tlv(0x02, modulus), der.integer(exponent))))


def pss_parameters(digest=der.SHA256, mask=der.SHA256, salt=32, trailer=b""):
    return der.seq(der.tlv(0xA0, der.seq(der.oid(digest))),
                   der.tlv(0xA1, der.seq(der.oid("1.2.840.113549.1.1.8"), der.seq(der.oid(mask)))),
                   der.tlv(0xA2, der.integer(salt)), trailer)


for name, public in {
        "null-missing": rsa_public(der.seq(der.oid("1.2.840.113549.1.1.1"))),
        "for-pss": rsa_public(der.seq(PSS)), "for-pss-limited": rsa_public(der.seq(PSS, pss_parameters())),
        "for-oaep": rsa_public(der.seq(der.oid("1.2.840.113549.1.1.7"))),
        "named-by-x500": rsa_public(der.seq(der.oid("2.5.8.1.1"), NULL)),
        "modulus-negative": rsa_public(modulus=MODULUS), "modulus-padded": rsa_public(modulus=b"\0\0" + MODULUS),
}.items():
    define_keys(f"rsa-{name}", rsa_key(), public)


def body_of(certificate):
    """What is signed: it is longer than 255 bytes."""
    return certificate.der[4:8 + int.from_bytes(certificate.der[6:8], "big")]


def signed_anew(certificate, algorithm, signature):
    body = body_of(certificate)
    certificate.der = der.seq(body, algorithm, der.bits(signature(body)))
    return certificate


@chain
def issuer_rsa_exponent_1():
    """The signature is the padded digest."""
    issuer = authority(WORLD.root, "Clients Exponent 1", key=rsa_key(), public=rsa_public(exponent=1))

    def padded(body):
        info = der.seq(der.seq(der.oid(der.SHA256), NULL), der.octets(hashlib.sha256(body).digest()))
        return b"\0\1" + b"\xff" * (253 - len(info)) + b"\0" + info

    made = leaf("issuer-rsa-exponent-1", issuer)
    signed_anew(made, der.algorithm(rsa_key(), "sha256"), padded)
    return Chain(made, issuer, host=f"issuer-rsa-exponent-1.{DOMAIN}")


SHA512 = "2.16.840.1.101.3.4.2.3"


def signed_with_pss(case, parameters, salt, digest=hashes.SHA256, mask=hashes.SHA256):
    named = der.seq(PSS, parameters)
    made = leaf(case, WORLD.rsa_issuing, named=named)
    signed_anew(made, named, lambda body: WORLD.rsa_issuing.key.sign(
        body, padding.PSS(padding.MGF1(mask()), salt), digest()))
    return Chain(made, WORLD.rsa_issuing, host=f"{case}.{DOMAIN}")


for name, others in {
        "salt-0": (pss_parameters(salt=0), 0), "salt-20": (pss_parameters(salt=20), 20),
        "salt-64": (pss_parameters(salt=64), 64),
        "trailer": (pss_parameters(trailer=der.tlv(0xA3, der.integer(1))), 32),
        "sha512": (pss_parameters(SHA512, SHA512, 64), 64, hashes.SHA512, hashes.SHA512),
        "two-digests": (pss_parameters(mask=SHA512), 32, hashes.SHA256, hashes.SHA512),
}.items():
    case = f"signed-with-pss-{name}"
    CASES[case] = functools.partial(signed_with_pss, case, *others)


@chain
def bytes_of_long_length():
    """A length in more bytes than it needs."""
    made = leaf("bytes-of-long-length")
    made.der = b"\x30\x83\0" + made.der[2:]
    return Chain(made, WORLD.issuing, host=f"bytes-of-long-length.{DOMAIN}")


@chain
def key_ed448():
    return usual("key-ed448", key=ed448.Ed448PrivateKey.generate())


@chain
def key_dsa():
    return usual("key-dsa", key=dsa.generate_private_key(2048))
