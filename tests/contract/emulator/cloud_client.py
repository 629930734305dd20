# SPDX-License-Identifier: Apache-2.0
"""A client of the emulator for the contract tests: its own signer, every byte under control."""

import configparser
import http.client
import json
import ssl
from urllib.parse import urlsplit

import request_signer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lab import emulator

KEY_PEM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
           serialization.NoEncryption())


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error_code"]

    def __repr__(self):
        return f"{self.status} {self.body[:400]!r}"


class Cloud(emulator.Emulator):
    """The emulator's process with everything a client does with it."""

    @property
    def authority(self):
        return urlsplit(self.facts["scm"]).netloc

    def credentials(self):
        profile = configparser.ConfigParser()
        profile.read(self.facts["credentials_file"])
        return profile["global"]["ak"], profile["global"]["sk"]

    def connect(self, secure=True, timeout=20):
        if not secure:
            return http.client.HTTPConnection(self.authority, timeout=timeout)
        context = ssl.create_default_context(cafile=self.facts["ca_file"])
        return http.client.HTTPSConnection(self.authority, timeout=timeout, context=context)

    def send(self, request, secure=True, timeout=20):
        """Sends a request as it is, headers and all, and reads the whole answer."""
        connection = self.connect(secure, timeout)
        try:
            query = request_signer.query_text(request["query"])
            target = request["path"] + ("?" + query if query else "")
            connection.putrequest(request["method"], target, skip_host=True,
                                  skip_accept_encoding=True)
            for name, value in request["headers"].items():
                connection.putheader(name, value.encode())
            if request["body"] or request["method"] == "POST":
                connection.putheader("Content-Length", str(len(request["body"])))
            connection.endheaders(request["body"] or None)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def request(self, method, path, query=(), body=None, headers=None):
        data = b"" if body is None else (
            body if isinstance(body, bytes) else json.dumps(body).encode())
        fields = {"Host": self.authority, "Content-Type": "application/json"}
        fields.update(headers or {})
        return {"method": method, "path": path, "query": list(query), "headers": fields,
                "body": data}

    def call(self, method, path, body=None, *, query=(), headers=None, key=None, timeout=20):
        """A signed call with the demo account's key, or the given (ak, sk)."""
        request = self.request(method, path, query, body, headers)
        ak, sk = key or self.credentials()
        request_signer.sign(ak, sk, request)
        return self.send(request, timeout=timeout)

    def call_with_token(self, token, method, path, body=None):
        return self.send(self.request(method, path, (), body, {"X-Auth-Token": token}))

    def plain(self, method, path, headers=None):
        return self.send(self.request(method, path, (), None, headers), secure=False)

    def fault(self, effect, times=None, **match):
        fault = {"match": match, "effect": effect}
        if times:
            fault["times"] = times
        return self.admin("POST", "/faults", fault)

    def option(self, **values):
        return self.admin("POST", "/options", values)

    def login(self, password=None, scope=None, user=None):
        user = {"name": user or self.facts["user_name"],
                "password": password or self.facts["password"],
                "domain": {"name": self.facts["domain_name"]}}
        body = {"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": scope or {"project": {"name": self.facts["project_name"]}}}}
        return self.send(self.request("POST", "/v3/auth/tokens", (), body))

    # -- what several tests need -------------------------------------------------------------------

    def scm_certificate(self, *names, **fields):
        return self.admin("POST", "/scm/certificates",
                          {"names": list(names) or ["www.example.com"], "key": "EC256", **fields})

    def issue_by_csr(self, csr, **fields):
        body = {"issuer_id": self.facts["issuer_id"], "csr": csr,
                "validity": {"type": "DAY", "value": 90}, **fields}
        return self.call("POST", "/v1/private-certificates/csr", body)

    def issue(self, **fields):
        body = {"issuer_id": self.facts["issuer_id"], "key_algorithm": "EC256",
                "signature_algorithm": "SHA256", "distinguished_name": {"common_name": "app.intra"},
                "validity": {"type": "DAY", "value": 30},
                "subject_alternative_names": [{"type": "DNS", "value": "app.intra"}],
                "extended_key_usage": {"server_auth": True}, **fields}
        return self.call("POST", "/v1/private-certificates", body)

    def export(self, certificate_id, kind="NGINX", compressed="false", **fields):
        return self.call("POST", f"/v1/private-certificates/{certificate_id}/export",
                         {"is_compressed": compressed, "type": kind, **fields})


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key):
    return key.private_bytes(*KEY_PEM).decode()


def make_csr(key, *names, common_name=None):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name or names[0])])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def parse_chain(pem):
    end = "-----END CERTIFICATE-----"
    return [x509.load_pem_x509_certificate((part + end).encode())
            for part in pem.split(end) if "BEGIN CERTIFICATE" in part]


def parse_leaf(pem):
    return parse_chain(pem)[0]


def public_bytes(holder):
    return holder.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def dns_names(certificate):
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)
