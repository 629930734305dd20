# SPDX-License-Identifier: Apache-2.0
"""Intermediates of every kind, good and bad, above good leaves."""

import der
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from kinds import (CA, CASES, DAY, DOMAIN, NOW, WORLD, Chain,
                   authority, below, chain, define_issuers, leaf, rsa_key, UNKNOWN)

SIGN = der.key_usage(5, 6)
define_issuers(
    issuer_good={},
    issuer_rsa={"key": rsa_key()},
    issuer_p521={"key": ec.generate_private_key(ec.SECP521R1())},
    issuer_p224={"key": ec.generate_private_key(ec.SECP224R1())},
    issuer_rsa_1024={"key": rsa_key(1024)},
    issuer_ed25519={"key": ed25519.Ed25519PrivateKey.generate()},
    issuer_version_1={"version": 1},
    issuer_without_basic={"extensions": (SIGN,)},
    issuer_basic_not_critical={"extensions": (der.basic(True, critical=False), SIGN)},
    issuer_basic_false={"extensions": (der.basic(False), SIGN)},
    issuer_without_usage={"extensions": CA[:1]},
    issuer_usage_of_a_leaf={"extensions": (CA[0], der.key_usage(0))},
    issuer_usage_not_critical={"extensions": (CA[0], der.key_usage(5, 6, critical=False))},
    issuer_length_0={"extensions": (der.basic(True, 0), SIGN)},
    issuer_length_negative={"extensions": (der.basic(True, -1), SIGN)},
    issuer_purpose_server={"extensions": (*CA, der.usages(der.SERVER))},
    issuer_purpose_client={"extensions": (*CA, der.usages(der.CLIENT))},
    issuer_purpose_code={"extensions": (*CA, der.usages(der.CODE))},
    issuer_purpose_any={"extensions": (*CA, der.usages(der.ANY))},
    issuer_purpose_old_netscape={"extensions": (*CA, der.usages("2.16.840.1.113730.4.1"))},
    issuer_expired={"begins": NOW - 9 * DAY, "ends": NOW - DAY},
    issuer_begins_tomorrow={"begins": NOW + DAY},
    issuer_ends_before_the_leaf={"ends": NOW + 5 * DAY},
    issuer_signed_with_ecdsa_sha1={"digest": "sha1"},
    issuer_unknown_critical={"extensions": (*CA, der.extension(UNKNOWN, der.octets(b"x"), critical=True))},
    issuer_extension_twice={"extensions": (*CA, CA[1])},
    issuer_serial_negative={"serial": -7},
    issuer_serial_zero={"serial": 0},
    issuer_subject_teletex={},
    issuer_policies={"extensions": (*CA, der.policies("2.23.140.1.2.1"))},
    issuer_policies_critical={"extensions": (*CA, der.policies("2.23.140.1.2.1", critical=True))},
    issuer_policy_constraints={"extensions": (
        *CA, der.extension("2.5.29.36", der.seq(der.tlv(0x80, b"\0")), critical=True))},
    issuer_policy_constraints_not_critical={"extensions": (
        *CA, der.extension("2.5.29.36", der.seq(der.tlv(0x80, b"\0"))))},
    issuer_inhibits_any_policy={"extensions": (*CA, der.extension("2.5.29.54", der.integer(0), critical=True))},
    issuer_inhibits_any_policy_not_critical={"extensions": (*CA, der.extension("2.5.29.54", der.integer(0)))},
    constraints_permit={"extensions": (*CA, der.constraints(permitted=[der.dns(DOMAIN)]))},
    constraints_permit_not_critical={"extensions": (
        *CA, der.constraints(permitted=[der.dns(DOMAIN)], critical=False))},
    constraints_permit_with_dot={"extensions": (*CA, der.constraints(permitted=[der.dns(f".{DOMAIN}")]))},
    constraints_permit_another={"extensions": (*CA, der.constraints(permitted=[der.dns("example.net")]))},
    constraints_permit_another_not_critical={"extensions": (
        *CA, der.constraints(permitted=[der.dns("example.net")], critical=False))},
    constraints_exclude={"extensions": (*CA, der.constraints(excluded=[der.dns(DOMAIN)]))},
    constraints_exclude_another={"extensions": (*CA, der.constraints(excluded=[der.dns("example.net")]))},
    constraints_exclude_address={"extensions": (*CA, der.constraints(excluded=[der.address(*[0] * 8)]))},
    constraints_exclude_mail={"extensions": (*CA, der.constraints(excluded=[der.mail("example.net")]))},
    constraints_exclude_link={"extensions": (*CA, der.constraints(excluded=[der.link("example.net")]))},
    constraints_permit_address={"extensions": (
        *CA, der.constraints(permitted=[der.address(10, 0, 0, 0, 255, 0, 0, 0)]))},
    constraints_of_a_subject={"extensions": (*CA, der.constraints(permitted=[der.tlv(0xA4, der.name("x"))]))},
    constraints_empty={"extensions": (*CA, der.constraints())},
    constraints_odd_address={"extensions": (*CA, der.constraints(excluded=[der.address(10, 0, 0, 0)]))},
    constraints_odd_name={"extensions": (*CA, der.constraints(excluded=[der.dns("a b")]))},
)
CASES["issuer-subject-teletex"] = lambda: below("issuer-subject-teletex", authority(
    WORLD.root, der.tlv(0x14, "Bücher".encode("latin-1"))))


def constrained(case, names, host, **trees):
    issuer = authority(WORLD.root, f"Clients {case}", (*CA, der.constraints(**trees)))
    return Chain(leaf(case, issuer, names=names), issuer, host=host)


@chain
def constraints_exclude_address_of_leaf():
    return constrained("constraints-exclude-address-of-leaf", [der.address(127, 0, 0, 1)], "127.0.0.1",
                       excluded=[der.address(127, 0, 0, 0, 255, 0, 0, 0)])


@chain
def constraints_exclude_address_beside_the_name():
    case = "constraints-exclude-address-beside-the-name"
    return constrained(case, [der.dns(f"{case}.{DOMAIN}"), der.address(127, 0, 0, 1)], f"{case}.{DOMAIN}",
                       excluded=[der.address(127, 0, 0, 0, 255, 0, 0, 0)])


@chain
def constraints_exclude_mail_beside_the_name():
    case = "constraints-exclude-mail-beside-the-name"
    return constrained(case, [der.dns(f"{case}.{DOMAIN}"), der.mail("a@example.net")], f"{case}.{DOMAIN}",
                       excluded=[der.mail("example.net")])


@chain
def constraints_exclude_below_a_wildcard():
    return constrained("constraints-exclude-below-a-wildcard", [der.dns(f"*.{DOMAIN}")], f"x.{DOMAIN}",
                       excluded=[der.dns(f"bad.{DOMAIN}")])


@chain
def path_length_0_and_two():
    upper = authority(WORLD.root, "Clients Upper 0", (der.basic(True, 0), SIGN))
    lower = authority(upper, "Clients Lower 0")
    return below("path-length-0-and-two", lower, upper)


@chain
def path_length_1_and_two():
    upper = authority(WORLD.root, "Clients Upper 1", (der.basic(True, 1), SIGN))
    lower = authority(upper, "Clients Lower 1")
    return below("path-length-1-and-two", lower, upper)


@chain
def purposes_that_exclude_each_other():
    upper = authority(WORLD.root, "Clients Upper EKU", (*CA, der.usages(der.CODE)))
    lower = authority(upper, "Clients Lower EKU", (*CA, der.usages(der.SERVER)))
    return below("purposes-that-exclude-each-other", lower, upper)
