# SPDX-License-Identifier: Apache-2.0
"""SDK-HMAC-SHA256 from the client's side, written from the vendor's signature guide."""

import hashlib
import hmac
import time
from urllib.parse import quote, unquote


EMPTY_HASH = hashlib.sha256(b"").hexdigest()


def encode(text):
    return quote(str(text), safe="-._~")


def query_text(query):
    pairs = sorted((str(key), str(value)) for key, value in query)
    return "&".join(f"{encode(key)}={encode(value)}" for key, value in pairs)


def canonical_path(path):
    text = "/".join(encode(part) for part in unquote(path).split("/"))
    return text if text.endswith("/") else text + "/"


def canonical_request(method, path, query, headers, body, payload=None):
    signed = {name.lower(): str(value).strip() for name, value in headers.items() if "_" not in name}
    names = sorted(signed)
    given = next((value for name, value in headers.items()
                  if name.lower() == "x-sdk-content-sha256"), None)
    if payload is None:
        payload = hashlib.sha256(body).hexdigest() if not body or given is None else given
    lines = [method.upper(), canonical_path(path), query_text(query)]
    lines.append("".join(f"{name}:{signed[name]}\n" for name in names))
    lines += [";".join(names), payload]
    return "\n".join(lines), ";".join(names)


def sign(ak, sk, request, payload=None):
    """Adds X-Sdk-Date (unless given) and Authorization to request's headers.

    `request` has method, path, query (list of pairs), headers (with Host) and body (bytes). Returns the
    canonical request. `payload` takes the place of the body's hash.
    """
    headers = request["headers"]
    if not any(name.lower() == "x-sdk-date" for name in headers):
        headers["X-Sdk-Date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    date = next(value for name, value in headers.items() if name.lower() == "x-sdk-date")
    canonical, names = canonical_request(request["method"], request["path"], request["query"],
                                         headers, request["body"], payload)
    to_sign = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(sk.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (
        f"SDK-HMAC-SHA256 Access={ak}, SignedHeaders={names}, Signature={signature}")
    return canonical
