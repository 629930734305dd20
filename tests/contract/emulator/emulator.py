"""Starts ccm-emulator and speaks to it, for the contract tests."""

import configparser
import http.client
import json
import os
import pathlib
import ssl
import subprocess
from urllib.parse import urlsplit

import signer

ROOT = pathlib.Path(__file__).resolve().parents[3]


def find_program():
    folder = os.environ.get("CCM_BIN_DIR")
    places = [pathlib.Path(folder)] if folder else sorted(
        ROOT.glob("build/*/bin"), key=lambda place: place.stat().st_mtime, reverse=True)
    for place in places:
        if (place / "ccm-emulator").exists():
            return str(place / "ccm-emulator")
    raise FileNotFoundError("ccm-emulator is not built; run scripts/build or set CCM_BIN_DIR")


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


class Emulator:
    """One process with its data directory; `start` may be called again after `kill`."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.process = None
        self.info = None

    def start(self, listen="127.0.0.1:0"):
        self.process = subprocess.Popen(
            [find_program(), "--listen", listen, "--data", self.directory, "--parent-lifeline"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.info = json.loads(self.process.stdout.readline())
        self.authority = urlsplit(self.info["admin"]).netloc
        return self

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=10)

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=10)

    def credentials(self):
        profile = configparser.ConfigParser()
        profile.read(self.info["credentials_file"])
        return profile["global"]["ak"], profile["global"]["sk"]

    def connect(self, secure=True, timeout=20):
        if not secure:
            return http.client.HTTPConnection(self.authority, timeout=timeout)
        context = ssl.create_default_context(cafile=self.info["ca_file"])
        return http.client.HTTPSConnection(self.authority, timeout=timeout, context=context)

    def send(self, request, secure=True, timeout=20):
        """Sends a request as it is, headers and all, and reads the whole answer."""
        connection = self.connect(secure, timeout)
        try:
            query = signer.query_text(request["query"])
            target = request["path"] + ("?" + query if query else "")
            connection.putrequest(request["method"], target, skip_host=True,
                                  skip_accept_encoding=True)
            for name, value in request["headers"].items():
                connection.putheader(name, value.encode() if isinstance(value, str) else value)
            if request["body"] or request["method"] == "POST":
                connection.putheader("Content-Length", str(len(request["body"])))
            connection.endheaders(request["body"] or None)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def request(self, method, path, query=(), body=None, headers=None):
        data = b"" if body is None else (body if isinstance(body, bytes)
                                         else json.dumps(body).encode())
        fields = {"Host": self.authority, "Content-Type": "application/json"}
        fields.update(headers or {})
        return {"method": method, "path": path, "query": list(query), "headers": fields,
                "body": data}

    def call(self, method, path, query=(), body=None, headers=None, key=None, **options):
        """A signed call with the demo account's key, or the given (ak, sk)."""
        request = self.request(method, path, query, body, headers)
        ak, sk = key or self.credentials()
        signer.sign(ak, sk, request)
        return self.send(request, **options)

    def call_with_token(self, token, method, path, body=None, **options):
        request = self.request(method, path, (), body, {"X-Auth-Token": token})
        return self.send(request, **options)

    def plain(self, method, path, body=None, headers=None):
        return self.send(self.request(method, path, (), body, headers), secure=False)

    def admin(self, method, path, body=None):
        path, _, query = path.partition("?")
        pairs = [tuple(part.split("=", 1)) for part in query.split("&") if part]
        answer = self.send(self.request(method, "/admin" + path, pairs, body), secure=False)
        assert answer.status < 300, f"{method} /admin{path}: {answer.status} {answer.body}"
        return answer.json if answer.body else None

    def fault(self, effect, match=None, times=None):
        fault = {"match": match or {}, "effect": effect}
        if times:
            fault["times"] = times
        return self.admin("POST", "/faults", fault)

    def login(self, **scope):
        answer = self.send(self.request("POST", "/v3/auth/tokens", (), self.login_body(**scope)))
        return answer

    def login_body(self, password=None, scope=None):
        user = {"name": self.info["user_name"], "password": password or self.info["password"],
                "domain": {"name": self.info["domain_name"]}}
        scope = scope or {"project": {"name": self.info["project_name"]}}
        return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}},
                         "scope": scope}}
