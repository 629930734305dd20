# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of the tests' own: where imported certificates are bought."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, pkcs12)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def name_of(text):
    return x509.Name([] if text is None else [x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Issued:
    """A certificate with its key and the authorities above it, the root last."""

    def __init__(self, certificate, key, above=()):
        self.certificate = certificate
        self.key = key
        self.above = list(above)

    @property
    def serial(self):
        digits = f"{self.certificate.serial_number:X}"
        return digits.zfill(len(digits) + len(digits) % 2)  # whole bytes, as in tls.serial_of()

    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM)

    def chain_pem(self):
        """The intermediates, in order."""
        return b"".join(each.public_bytes(Encoding.PEM) for each in self.above[:-1])

    def key_pem(self, password=None):
        lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)

    def pkcs12(self, password):
        lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return pkcs12.serialize_key_and_certificates(
            b"www", self.key, self.certificate, self.above[:-1], lock)


def sign(issuer, subject, *extensions, begins=-DAY, lasts=90 * DAY):
    """`issuer` None: by itself. `begins` is counted from now, `lasts` from then."""
    key = new_key()
    begin = datetime.datetime.now(datetime.timezone.utc) + begins
    builder = (x509.CertificateBuilder().subject_name(name_of(subject))
               .issuer_name(issuer.certificate.subject if issuer else name_of(subject))
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(begin).not_valid_after(begin + lasts))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Issued(certificate, key, [issuer.certificate, *issuer.above] if issuer else [])


class Authority:
    def __init__(self):
        self.root = self._authority(None, "Root")
        self.issuing = self._authority(self.root, "Issuing CA")

    def trust(self):
        """PEM text of the root."""
        return self.root.pem().decode()

    @staticmethod
    def _authority(issuer, subject):
        return sign(issuer, subject, (x509.BasicConstraints(ca=True, path_length=None), True),
                    begins=-1000 * DAY, lasts=5000 * DAY)

    def issue_for_etcd(self):
        """For the members of an etcd on this machine, and for who is let in. Without a common name, because etcd
        would take that for a user's."""
        return sign(self.issuing, None,
                    (x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), True),
                    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH,
                                            ExtendedKeyUsageOID.CLIENT_AUTH]), False))

    def issue(self, *names, **dates):
        return sign(self.issuing, names[0],
                    (x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False),
                    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False), **dates)
