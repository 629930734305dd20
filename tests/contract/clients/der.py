# SPDX-License-Identifier: Apache-2.0
"""Certificates byte by byte, so that nothing keeps a test from making a bad one."""

import datetime
import hashlib
import itertools

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

SERIALS = itertools.count(0x1000)
HASHES = {"md5": (hashes.MD5, 4), "sha1": (hashes.SHA1, 5), "sha224": (hashes.SHA224, 14),
          "sha256": (hashes.SHA256, 11), "sha384": (hashes.SHA384, 12), "sha512": (hashes.SHA512, 13)}
ECDSA = {"sha1": "1.2.840.10045.4.1", "sha224": "1.2.840.10045.4.3.1", "sha256": "1.2.840.10045.4.3.2",
         "sha384": "1.2.840.10045.4.3.3", "sha512": "1.2.840.10045.4.3.4"}
SHA256 = "2.16.840.1.101.3.4.2.1"
SERVER, CLIENT, CODE, ANY = ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3", "2.5.29.37.0")


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def seq(*parts):
    return tlv(0x30, *parts)


def octets(*parts):
    return tlv(0x04, *parts)


def bits(data, unused=0):
    return tlv(0x03, bytes([unused]), data)


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytearray()
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | (arc & 0x7F))
        out += bytes(reversed(septets))
    return tlv(0x06, bytes(out))


def utf8(text):
    return tlv(0x0C, text.encode())


class WholeName(bytes):
    """The bytes of a subject."""


def name(common_name):
    """A subject with this common name, which may be of ready bytes; None: an empty one."""
    if common_name is None:
        return seq()
    if isinstance(common_name, WholeName):
        return bytes(common_name)
    value = common_name if isinstance(common_name, bytes) else utf8(common_name)
    return seq(tlv(0x31, seq(oid("2.5.4.3"), value)))


def utc(when):
    return tlv(0x17, when.strftime("%y%m%d%H%M%SZ").encode())


def generalized(when):
    return tlv(0x18, f"{when.year:04d}{when:%m%d%H%M%SZ}".encode())


def date(when):
    if isinstance(when, bytes):
        return when
    return utc(when) if 1950 <= when.year < 2050 else generalized(when)


def extension(identifier, value, critical=False, true=b"\xff"):
    flag = tlv(0x01, true) if critical else b""
    return seq(oid(identifier), flag, octets(value))


def basic(is_ca, length=None, critical=True):
    parts = [tlv(0x01, b"\xff")] if is_ca else []
    if length is not None:
        parts.append(integer(length))
    return extension("2.5.29.19", seq(*parts), critical)


def key_usage(*positions, critical=True):
    """0 digitalSignature, 2 keyEncipherment, 3 dataEncipherment, 4 keyAgreement, 5 keyCertSign, 6 cRLSign."""
    value = sum(0x80 >> position for position in positions)
    unused = (value & -value).bit_length() - 1 if value else 0
    return extension("2.5.29.15", bits(bytes([value]), unused), critical)


def usages(*identifiers, critical=False):
    return extension("2.5.29.37", seq(*map(oid, identifiers)), critical)


def dns(text):
    return tlv(0x82, text if isinstance(text, bytes) else text.encode())


def address(*octet):
    return tlv(0x87, bytes(octet))


def mail(text):
    return tlv(0x81, text.encode())


def link(text):
    return tlv(0x86, text.encode())


def alternative(*names, critical=False):
    return extension("2.5.29.17", seq(*names), critical)


def constraints(permitted=(), excluded=(), critical=True):
    parts = [tlv(tag, *(seq(each) for each in trees)) for tag, trees in ((0xA0, permitted), (0xA1, excluded))
             if trees]
    return extension("2.5.29.30", seq(*parts), critical)


def policies(*identifiers, critical=False):
    return extension("2.5.29.32", seq(*(seq(oid(each)) for each in identifiers)), critical)


def public_bytes(key):
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def explicit_p256(key):
    """The public key with its curve spelt out."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    g = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
    curve = seq(octets((p - 3).to_bytes(32, "big")), octets(b.to_bytes(32, "big")))
    parameters = seq(integer(1), seq(oid("1.2.840.10045.1.1"), integer(p)), curve, octets(g),
                     integer(n), integer(1))
    point = key.public_key().public_bytes(serialization.Encoding.X962,
                                          serialization.PublicFormat.UncompressedPoint)
    return seq(seq(oid("1.2.840.10045.2.1"), parameters), bits(point))


def algorithm(key, digest):
    if isinstance(key, rsa.RSAPrivateKey):
        if digest == "pss":
            mask = seq(oid("1.2.840.113549.1.1.8"), seq(oid(SHA256)))
            return seq(oid("1.2.840.113549.1.1.10"),
                       seq(tlv(0xA0, seq(oid(SHA256))), tlv(0xA1, mask), tlv(0xA2, integer(32))))
        return seq(oid(f"1.2.840.113549.1.1.{HASHES[digest][1]}"), tlv(0x05))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return seq(oid(ECDSA[digest]))
    return seq(oid("1.3.101.112"))


def signature(key, digest, text):
    if isinstance(key, rsa.RSAPrivateKey):
        if digest == "pss":
            return key.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return key.sign(text, padding.PKCS1v15(), HASHES[digest][0]())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(text, ec.ECDSA(HASHES[digest][0]()))
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return key.sign(text)


class Certificate:
    """What it says, and the key it is about, which may issue others."""

    def __init__(self, der, subject, key):
        self.der = der
        self.subject = subject
        self.key = key
        self.key_id = hashlib.sha1(public_bytes(key)).digest()

    def pem(self):
        return pem("CERTIFICATE", self.der)


def pem(label, der):
    import base64  # pylint: disable=import-outside-toplevel
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def certificate(issuer, subject, key, extensions, *, begins=None, ends=None, serial=None, version=3,
                digest="sha256", public=None, issuer_name=None, signer=None, spoil=False, inside=None,
                named=None, before_extensions=b"", rest=b"", change=bytes):
    """`issuer` None: self-signed. `extensions` are bytes; `subject` is a common name or None. `named` are
    the bytes of the signature algorithm, `rest` follows everything, and `change` changes the signature."""
    now = datetime.datetime.utcnow().replace(microsecond=0)
    signer = signer or (issuer.key if issuer else key)
    subject = name(subject)
    issued_by = issuer_name or (issuer.subject if issuer else subject)
    parts = [] if version == 1 else [tlv(0xA0, integer(version - 1))]
    serial = next(SERIALS) if serial is None else serial
    parts += [serial if isinstance(serial, bytes) else integer(serial),
              named or algorithm(signer, inside or digest), issued_by,
              seq(date(begins or now - datetime.timedelta(days=2)),
                  date(ends or now + datetime.timedelta(days=60))),
              subject, public or public_bytes(key)]
    parts.append(before_extensions)
    if version == 3 and extensions:
        parts.append(tlv(0xA3, seq(*extensions)))
    body = seq(*parts)
    signed = bytearray(signature(signer, digest, body))
    if spoil:
        signed[-1] ^= 1
    outside = named or algorithm(signer, digest)
    return Certificate(seq(body, outside, bits(change(signed)), rest), subject, key)
