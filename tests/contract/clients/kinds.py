# SPDX-License-Identifier: Apache-2.0
"""How the chains of the other files are made, below authorities that clients trust.

A case is a function that makes a Chain, in CASES by its name.
"""

import datetime
import functools

import der
from cryptography.hazmat.primitives.asymmetric import ec, rsa

DOMAIN = "clients.example"
CASES = {}
UNKNOWN = "1.3.6.1.4.1.99999.1"  # an extension
DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.utcnow().replace(microsecond=0)


class Chain:
    """What a server has: certificates, leaf first, and the leaf's key."""

    def __init__(self, *certificates, host, key=None):
        self.certificates = [each for each in certificates if each]
        self.host = host
        self.key = key or self.certificates[0].key


def chain(make):
    CASES[make.__name__.replace("_", "-")] = make
    return make


def p256():
    return ec.generate_private_key(ec.SECP256R1())


@functools.lru_cache(maxsize=None)
def rsa_key(bits=2048, exponent=65537):
    return rsa.generate_private_key(exponent, bits)


CA = (der.basic(True), der.key_usage(5, 6))


def authority(issuer, name, extensions=CA, key=None, **others):
    return der.certificate(issuer, name, key or p256(), extensions, **others)


class World:
    """The authorities that clients trust, and one that they trust no longer."""

    def __init__(self):
        self.root = authority(None, "Clients Root", ends=NOW + 3000 * DAY)
        self.other_root = authority(None, "Clients Other Root", ends=NOW + 3000 * DAY)
        self.rsa_root = authority(None, "Clients RSA Root", key=rsa_key(), ends=NOW + 3000 * DAY)
        self.old_root = authority(None, "Clients Old Root", begins=NOW - 900 * DAY, ends=NOW - 9 * DAY)
        self.issuing = authority(self.root, "Clients Issuing", ends=NOW + 900 * DAY)
        self.rsa_issuing = authority(self.rsa_root, "Clients RSA Issuing", key=rsa_key(), ends=NOW + 900 * DAY)
        self.special_roots = []

    def roots(self):
        return [self.root, self.other_root, self.rsa_root, self.old_root, *self.special_roots]


WORLD = World()
LEAF = (der.basic(False), der.key_usage(0), der.usages(der.SERVER, der.CLIENT))


def leaf(case, issuer=None, extensions=None, names=None, key=None, subject="", **others):
    """A usual one but for what is said."""
    host = f"{case}.{DOMAIN}"
    names = der.alternative(*(names if names is not None else [der.dns(host)]))
    return der.certificate(issuer or WORLD.issuing, host if subject == "" else subject, key or p256(),
                           [*(LEAF if extensions is None else extensions), names], **others)


def usual(case, issuer=None, host=None, **others):
    made = leaf(case, issuer, **others)
    return Chain(made, issuer or WORLD.issuing, host=host or f"{case}.{DOMAIN}")


def below(case, intermediate, *others, **leafs):
    return Chain(leaf(case, intermediate, **leafs), intermediate, *others, host=f"{case}.{DOMAIN}")


def define(**kinds):
    """Cases that differ from the usual one in what leaf() takes."""
    for name, others in kinds.items():
        case = name.replace("_", "-")
        CASES[case] = functools.partial(lambda case, others: usual(case, **others), case, others)


def define_names(**kinds):
    """Cases of (names, host)."""
    for name, (names, host) in kinds.items():
        case = name.replace("_", "-")
        CASES[case] = functools.partial(
            lambda case, names, host: usual(case, names=names, host=host), case, names, host)


def define_issuers(**kinds):
    """Cases that differ from the usual one in what authority() takes for the intermediate."""
    for name, others in kinds.items():
        case = name.replace("_", "-")
        CASES[case] = functools.partial(
            lambda case, others: below(case, authority(WORLD.root, f"Clients {case}", **others)), case, others)
