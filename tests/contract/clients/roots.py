# SPDX-License-Identifier: Apache-2.0
"""Roots of every kind, good and bad, which clients trust."""

import functools

import der
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from kinds import CA, CASES, DAY, DOMAIN, NOW, UNKNOWN, WORLD, authority, below, rsa_key

SIGN = der.key_usage(5, 6)
KINDS = {
    "plain": {},
    "signed-with-sha1": {"key": rsa_key(), "digest": "sha1"},
    "signed-with-md5": {"key": rsa_key(), "digest": "md5"},
    "rsa-1024": {"key": rsa_key(1024)},
    "rsa-512": {"key": rsa_key(512)},
    "rsa-4096": {"key": rsa_key(4096)},
    "rsa-exponent-3": {"key": rsa_key(2048, 3)},
    "p521": {"key": ec.generate_private_key(ec.SECP521R1())},
    "p224": {"key": ec.generate_private_key(ec.SECP224R1())},
    "ed25519": {"key": ed25519.Ed25519PrivateKey.generate()},
    "version-1": {"version": 1},
    "without-basic": {"extensions": (SIGN,)},
    "without-extensions": {"extensions": ()},
    "without-usage": {"extensions": CA[:1]},
    "usage-of-a-leaf": {"extensions": (CA[0], der.key_usage(0))},
    "purpose-client": {"extensions": (*CA, der.usages(der.CLIENT))},
    "purpose-server": {"extensions": (*CA, der.usages(der.SERVER))},
    "length-0": {"extensions": (der.basic(True, 0), SIGN)},
    "unknown-critical": {"extensions": (*CA, der.extension(UNKNOWN, der.octets(b"x"), True))},
    "excludes": {"extensions": (*CA, der.constraints(excluded=[der.dns(DOMAIN)]))},
    "permits-another": {"extensions": (*CA, der.constraints(permitted=[der.dns("example.net")]))},
    "serial-negative": {"serial": -9},
    "serial-0": {"serial": 0},
    "signature-spoilt": {"spoil": True},
    "requires-policies": {"extensions": (*CA, der.extension("2.5.29.36", der.seq(der.tlv(0x80, b"\0"))))},
    "expired": {"begins": NOW - 9 * DAY, "ends": NOW - DAY},
    "ends-before-the-leaf": {"ends": NOW + 9 * DAY},
    "in-9999": {"ends": der.tlv(0x18, b"99991231235959Z")},
}


def root_of(name, others):
    root = authority(None, f"Clients root {name}", **{"ends": NOW + 3000 * DAY, **others})
    WORLD.special_roots.append(root)
    return root


def below_root(case, root, is_shown):
    issuing = authority(root, f"Clients issuing of {case}", digest="sha256")
    return below(case, issuing, *([root] if is_shown else []))


for name, others in KINDS.items():
    root = root_of(name, others)
    CASES[f"root-{name}"] = functools.partial(below_root, f"root-{name}", root, True)
    CASES[f"root-{name}-not-shown"] = functools.partial(below_root, f"root-{name}-not-shown", root, False)
    CASES[f"root-{name}-above-the-leaf"] = functools.partial(below, f"root-{name}-above-the-leaf", root)
