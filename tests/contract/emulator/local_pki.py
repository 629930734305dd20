# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates of the tests' own, for everything that is uploaded to the cloud."""

import datetime

from cloud_client import key_pem, new_key
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

DAY = datetime.timedelta(days=1)


def subject(name):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def certificate(names, public_key, issuer=None, *, ca=False, start=-1, end=90):
    """A certificate for `names`, the first as common name; `issuer` is (name, key). Days from now."""
    issuer_name, issuer_key = issuer
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder()
               .subject_name(names if isinstance(names, x509.Name) else subject(names[0]))
               .issuer_name(issuer_name).public_key(public_key)
               .serial_number(x509.random_serial_number())
               .not_valid_before(now + start * DAY).not_valid_after(now + end * DAY)
               .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
    if not ca:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(made):
    return made.public_bytes(serialization.Encoding.PEM).decode()


class Authority:
    def __init__(self, name="Local Test CA"):
        self.key = new_key()
        self.name = subject(name)
        self.certificate = certificate(self.name, self.key.public_key(), (self.name, self.key), ca=True)
        self.pem = pem(self.certificate)

    def leaf(self, *names, **more):
        """(certificate, private key) as PEM."""
        key = new_key()
        return pem(certificate(names, key.public_key(), (self.name, self.key), **more)), key_pem(key)

    def sign_ca(self, csr, **more):
        """A CA certificate for a request's key and subject, as PEM."""
        request = x509.load_pem_x509_csr(csr.encode())
        return pem(certificate(request.subject, request.public_key(), (self.name, self.key), ca=True,
                               **more))
