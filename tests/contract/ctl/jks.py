# SPDX-License-Identifier: Apache-2.0
"""A reader of Java's JKS key stores, written from its description and not from ours."""

import hashlib
import struct


def open_store(data, password):
    """[(alias, PKCS #8 key, [DER certificate])]; ValueError when something in it is not right."""
    secret = password.encode("utf-16-be")
    body, seal = data[:-20], data[-20:]
    if hashlib.sha1(secret + b"Mighty Aphrodite" + body).digest() != seal:
        raise ValueError("the password or the file is wrong")
    position = 0

    def take(count):
        nonlocal position
        position += count
        return body[position - count:position]

    def number(form):
        return struct.unpack(">" + form, take(struct.calcsize(form)))[0]

    def text():
        return take(number("H")).decode()

    if (number("I"), number("I")) != (0xFEEDFEED, 2):
        raise ValueError("not a JKS file")
    entries = []
    for _ in range(number("I")):
        if number("I") != 1:
            raise ValueError("not a private key entry")
        alias, _created = text(), number("Q")
        key = unprotect(take(number("I")), secret)
        chain = []
        for _ in range(number("I")):
            assert text() == "X.509"
            chain.append(take(number("I")))
        entries.append((alias, key, chain))
    if position != len(body):
        raise ValueError("more than the entries")
    return entries


def element(data):
    """The tag, content and rest of the DER element in front."""
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    return data[0], data[start:start + length], data[start + length:]


def unprotect(info, secret):
    _, inner, _ = element(info)
    _, _, rest = element(inner)
    _, data, _ = element(rest)
    salt, hidden, check = data[:20], data[20:-20], data[-20:]
    key, stream = b"", salt
    for at in range(0, len(hidden), 20):
        stream = hashlib.sha1(secret + stream).digest()
        key += bytes(a ^ b for a, b in zip(hidden[at:at + 20], stream))
    if hashlib.sha1(secret + key).digest() != check:
        raise ValueError("the key's check is wrong")
    return key
