# SPDX-License-Identifier: Apache-2.0
"""More ways to a root: odd company, renewed and crossed authorities, loops."""

import der
from kinds import CA, DAY, DOMAIN, LEAF, NOW, UNKNOWN, WORLD, Chain, authority, below, chain, leaf, p256

SIGN = der.key_usage(5, 6)


def shown(case, *certificates, key=None):
    return Chain(*certificates, host=f"{case}.{DOMAIN}", key=key)


@chain
def path_reversed():
    upper = authority(WORLD.root, "Clients Reversed Upper")
    lower = authority(upper, "Clients Reversed Lower")
    made = leaf("path-reversed", lower)
    return shown("path-reversed", WORLD.root, upper, lower, made, key=made.key)


@chain
def path_with_20_strangers():
    return below("path-with-20-strangers", WORLD.issuing, *(authority(WORLD.root, f"Stranger {n}") for n in range(20)))


@chain
def path_with_another_leaf():
    made = leaf("path-with-another-leaf")
    return shown("path-with-another-leaf", made, leaf("other-leaf"), WORLD.issuing)


@chain
def path_with_another_leaf_first():
    made = leaf("path-with-another-leaf-first")
    return shown("path-with-another-leaf-first", leaf("other-leaf"), made, WORLD.issuing, key=made.key)


@chain
def path_with_an_older_leaf_of_the_key():
    made = leaf("older-leaf")
    older = leaf("older-leaf", key=made.key, begins=NOW - 90 * DAY, ends=NOW - DAY)
    return shown("older-leaf", older, made, WORLD.issuing)


@chain
def path_with_a_longer_bad_leaf_of_the_key():
    """The one that ends later cannot be used."""
    case = "longer-bad-leaf"
    made = leaf(case)
    later = leaf(case, key=made.key, ends=NOW + 600 * DAY, extensions=(*LEAF[:2], der.usages(der.CLIENT)))
    return shown(case, later, made, WORLD.issuing)


@chain
def path_with_a_longer_leaf_of_another_name():
    case = "longer-other-leaf"
    made = leaf(case)
    later = leaf("another-name", key=made.key, ends=NOW + 600 * DAY)
    return shown(case, later, made, WORLD.issuing)


@chain
def path_with_a_leaf_that_begins_later():
    case = "begins-later-leaf"
    made = leaf(case)
    later = leaf(case, key=made.key, begins=NOW + 20 * DAY, ends=NOW + 90 * DAY)
    return shown(case, later, made, WORLD.issuing)


@chain
def path_with_a_self_signed_leaf_of_the_key():
    case = "self-signed-twin"
    made = leaf(case)
    twin = der.certificate(None, f"{case}.{DOMAIN}", made.key,
                           (*LEAF, der.alternative(der.dns(f"{case}.{DOMAIN}"))), ends=NOW + 600 * DAY)
    return shown(case, twin, made, WORLD.issuing)


@chain
def path_renewed_issuer():
    key = p256()
    first = authority(WORLD.root, "Clients Renewed", key=key, ends=NOW + 20 * DAY)
    second = authority(WORLD.root, "Clients Renewed", key=key, ends=NOW + 900 * DAY)
    return below("path-renewed-issuer", first, second)


@chain
def path_renewed_issuer_first_over():
    key = p256()
    first = authority(WORLD.root, "Clients Renewed 2", key=key, begins=NOW - 90 * DAY, ends=NOW - DAY)
    second = authority(WORLD.root, "Clients Renewed 2", key=key, ends=NOW + 900 * DAY)
    return below("path-renewed-issuer-first-over", first, second)


@chain
def path_length_0_and_self_issued():
    upper = authority(WORLD.root, "Clients Self Issued", (der.basic(True, 0), SIGN))
    lower = authority(upper, "Clients Self Issued")
    return below("path-length-0-and-self-issued", lower, upper)


@chain
def path_loop():
    """Two authorities that certify each other."""
    first_key, second_key = p256(), p256()
    first = authority(WORLD.root, "Clients Loop A", key=first_key)
    second = authority(first, "Clients Loop B", key=second_key)
    back = authority(second, "Clients Loop A", key=first_key)
    return below("path-loop", first, back, second)


@chain
def path_loop_first():
    first_key, second_key = p256(), p256()
    first = authority(WORLD.root, "Clients Loop C", key=first_key)
    second = authority(first, "Clients Loop D", key=second_key)
    back = authority(second, "Clients Loop C", key=first_key)
    return shown("path-loop-first", leaf("path-loop-first", first), back, second, first)


@chain
def path_20_crosses():
    key = p256()
    others = [authority(None, f"Nobody {n}") for n in range(20)]
    crosses = [authority(other, "Clients Crosses", key=key) for other in others]
    mine = authority(WORLD.root, "Clients Crosses", key=key)
    return shown("path-20-crosses", leaf("path-20-crosses", mine), *crosses, mine)


@chain
def path_3_crosses():
    key = p256()
    others = [authority(None, f"Nobody three {n}") for n in range(3)]
    crosses = [authority(other, "Clients Three", key=key) for other in others]
    mine = authority(WORLD.root, "Clients Three", key=key)
    return shown("path-3-crosses", leaf("path-3-crosses", mine), *crosses, mine)


@chain
def path_cross_of_a_strange_root_first():
    """The first way ends at a root that came along and clients do not know."""
    key = p256()
    stranger = authority(None, "Nobody's First")
    first = authority(stranger, "Clients First", key=key)
    second = authority(WORLD.root, "Clients First", key=key)
    return shown("path-strange-first", leaf("path-strange-first", first), first, stranger, second)


def cross(case, top, **others):
    made = authority(top, "Clients Root", key=WORLD.root.key, **others)
    return below(case, WORLD.issuing, made)


@chain
def cross_by_md5_root():
    return cross("cross-by-md5", WORLD.rsa_root, digest="md5")


@chain
def cross_not_yet():
    return cross("cross-not-yet", WORLD.other_root, begins=NOW + DAY)


@chain
def cross_unknown_critical():
    return cross("cross-unknown-critical", WORLD.other_root,
                 extensions=(*CA, der.extension(UNKNOWN, der.octets(b"x"), True)))


@chain
def cross_version_1():
    return cross("cross-version-1", WORLD.other_root, version=1)


@chain
def cross_serial_negative():
    return cross("cross-serial-negative", WORLD.other_root, serial=-4)


@chain
def cross_odd_constraints():
    return cross("cross-odd-constraints", WORLD.other_root,
                 extensions=(*CA, der.constraints(excluded=[der.dns("a b")])))


@chain
def cross_with_root():
    made = authority(WORLD.other_root, "Clients Root", key=WORLD.root.key)
    return below("cross-with-root", WORLD.issuing, made, WORLD.root)


@chain
def cross_spoilt():
    return cross("cross-spoilt", WORLD.other_root, spoil=True)


@chain
def purpose_chain_narrow():
    upper = authority(WORLD.root, "Clients Narrow A", (*CA, der.usages(der.SERVER)))
    lower = authority(upper, "Clients Narrow B", (*CA, der.usages(der.SERVER, der.CLIENT)))
    return below("purpose-chain-narrow", lower, upper)


@chain
def purpose_upper_client():
    upper = authority(WORLD.root, "Clients Narrow C", (*CA, der.usages(der.CLIENT)))
    lower = authority(upper, "Clients Narrow D")
    return below("purpose-upper-client", lower, upper)


@chain
def key_of_leaf_is_its_issuers():
    made = leaf("key-of-issuer", key=WORLD.issuing.key)
    return shown("key-of-issuer", made, WORLD.issuing)


@chain
def subject_of_its_issuer():
    made = leaf("subject-of-issuer", subject="Clients Issuing")
    return shown("subject-of-issuer", made, WORLD.issuing)


@chain
def leaf_of_a_leaf():
    upper = leaf("upper-leaf")
    made = leaf("leaf-of-a-leaf", upper)
    return shown("leaf-of-a-leaf", made, upper, WORLD.issuing)


@chain
def sixteen_kib_leaf():
    made = leaf("sixteen-kib", extensions=(*LEAF, der.extension("1.2.3.4", der.octets(b"x" * 17000))))
    return shown("sixteen-kib", made, WORLD.issuing)
