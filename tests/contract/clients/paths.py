# SPDX-License-Identifier: Apache-2.0
"""Ways to a root, good and bad, of good certificates."""

import der
from kinds import CA, DAY, DOMAIN, NOW, WORLD, Chain, authority, below, chain, leaf, p256, UNKNOWN

SIGN = der.key_usage(5, 6)


@chain
def path_incomplete():
    return Chain(leaf("path-incomplete"), host=f"path-incomplete.{DOMAIN}")


@chain
def path_right_below_a_root():
    made = leaf("path-right-below-a-root", WORLD.root)
    return Chain(made, WORLD.root, host=f"path-right-below-a-root.{DOMAIN}")


@chain
def path_with_root():
    return below("path-with-root", WORLD.issuing, WORLD.root)


@chain
def path_in_disorder():
    upper = authority(WORLD.root, "Clients Disorder Upper")
    lower = authority(upper, "Clients Disorder Lower")
    made = leaf("path-in-disorder", lower)
    return Chain(made, WORLD.root, upper, lower, host=f"path-in-disorder.{DOMAIN}")


@chain
def path_with_a_stranger():
    return below("path-with-a-stranger", WORLD.issuing, WORLD.rsa_issuing)


@chain
def path_with_an_expired_stranger():
    return below("path-with-an-expired-stranger", WORLD.issuing, WORLD.old_root)


@chain
def path_twice():
    return below("path-twice", WORLD.issuing, WORLD.issuing)


@chain
def path_of_another_key():
    """An intermediate of the right name."""
    false = authority(WORLD.root, "Clients Issuing")
    return Chain(leaf("path-of-another-key"), false, host=f"path-of-another-key.{DOMAIN}")


@chain
def path_of_both_keys():
    false = authority(WORLD.root, "Clients Issuing")
    return Chain(leaf("path-of-both-keys"), false, WORLD.issuing, host=f"path-of-both-keys.{DOMAIN}")


@chain
def path_of_a_stranger():
    root = authority(None, "Nobody's Root")
    issuing = authority(root, "Nobody's Issuing")
    return below("path-of-a-stranger", issuing, root)


def crossed(case, **cross):
    """A root that clients have, and a cross of it below another one."""
    cross = authority(cross.pop("issuer", WORLD.other_root), "Clients Root", key=WORLD.root.key, **cross)
    return below(case, WORLD.issuing, cross)


@chain
def cross():
    return crossed("cross")


@chain
def cross_expired():
    return crossed("cross-expired", begins=NOW - 90 * DAY, ends=NOW - DAY)


@chain
def cross_of_an_expired_root():
    return crossed("cross-of-an-expired-root", issuer=WORLD.old_root)


@chain
def cross_signed_with_sha1():
    return crossed("cross-signed-with-sha1", digest="sha1")


@chain
def cross_with_another_purpose():
    return crossed("cross-with-another-purpose", extensions=(*CA, der.usages(der.CODE)))


@chain
def cross_too_short():
    return crossed("cross-too-short", extensions=(der.basic(True, 0), SIGN))


@chain
def cross_that_excludes():
    return crossed("cross-that-excludes", extensions=(*CA, der.constraints(excluded=[der.dns(DOMAIN)])))


def two_ways(case, first, second):
    """Two certificates of one intermediate, below two roots."""
    key = p256()
    made = [authority(root, "Clients Two Ways", key=key, **others)
            for root, others in ((WORLD.root, first), (WORLD.other_root, second))]
    return Chain(leaf(case, made[0]), *made, host=f"{case}.{DOMAIN}")


@chain
def two_ways_both_good():
    return two_ways("two-ways-both-good", {}, {})


@chain
def two_ways_first_expired():
    return two_ways("two-ways-first-expired", {"begins": NOW - 9 * DAY, "ends": NOW - DAY}, {})


@chain
def two_ways_second_expired():
    return two_ways("two-ways-second-expired", {}, {"begins": NOW - 9 * DAY, "ends": NOW - DAY})


@chain
def two_ways_first_client_only():
    return two_ways("two-ways-first-client-only", {"extensions": (*CA, der.usages(der.CLIENT))}, {})


@chain
def two_ways_first_excludes():
    return two_ways("two-ways-first-excludes",
                    {"extensions": (*CA, der.constraints(excluded=[der.dns(DOMAIN)]))}, {})


def deep(case, count):
    """A leaf below so many intermediates."""
    made = [authority(WORLD.root, f"Clients {case} 0")]
    for number in range(1, count):
        made.insert(0, authority(made[0], f"Clients {case} {number}"))
    return Chain(leaf(case, made[0]), *made, host=f"{case}.{DOMAIN}")


@chain
def deep_5():
    return deep("deep-5", 5)


@chain
def deep_9():
    return deep("deep-9", 9)


@chain
def deep_12():
    return deep("deep-12", 12)


@chain
def large():
    """Of intermediates of 20 KiB each."""
    stuffing = (*CA, der.extension(UNKNOWN, der.octets(b"x" * 20480)))
    upper = authority(WORLD.root, "Clients Large Upper", stuffing)
    lower = authority(upper, "Clients Large Lower", stuffing)
    return below("large", lower, upper)
