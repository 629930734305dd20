# SPDX-License-Identifier: Apache-2.0
"""The vendor's own signer and ours agree on requests made at random.

Avoided, because the vendor's Node signer differs there from its Python signer and from the gateway:
paths that need escaping, header values with spaces at the ends, header names with an underscore or of
which one begins another, and content types other than JSON.
"""

import json
import pathlib
import random
import string
import subprocess

import pytest
from lab import place, vendor_sdk

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS = 2000
SEED = 20260510

PLAIN = string.ascii_letters + string.digits
PATH = PLAIN + "-._~:@+*=,!()"
# Code points below the surrogates: there JavaScript's order is the order of code points.
WILD = string.printable.strip() + " " + "äßéλЖ证书한"


def text(rng, alphabet, shortest, longest):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(shortest, longest)))


def value(rng):
    return rng.choice([
        lambda: text(rng, WILD, 0, 24),
        lambda: rng.randint(-10, 10**12),
        lambda: rng.random() < 0.5,
        lambda: [text(rng, WILD, 0, 8) for _ in range(rng.randint(1, 4))],
    ])()


def body(rng, depth=0):
    kinds = [
        lambda: text(rng, WILD + "😀", 0, 30),
        lambda: rng.randint(-(10**9), 10**9),
        lambda: rng.choice([True, False, None]),
    ]
    if depth < 3:
        kinds.append(lambda: [body(rng, depth + 1) for _ in range(rng.randint(0, 3))])
        kinds.append(lambda: members(rng, depth + 1))
    return rng.choice(kinds)()


def members(rng, depth=0):
    return {text(rng, WILD, 1, 10): body(rng, depth) for _ in range(rng.randint(0, 4))}


def headers(rng):
    # Four letters each: no name begins another, so every collation sorts them alike.
    chosen = {"X-" + text(rng, string.ascii_lowercase, 4, 4).capitalize()
              for _ in range(rng.randint(0, 3))}
    out = {name: text(rng, PLAIN + "+/=", 0, 40) for name in sorted(chosen)}
    out["X-Sdk-Date"] = f"2026{rng.randint(1, 12):02}{rng.randint(1, 28):02}T{rng.randint(0, 23):02}3000Z"
    if rng.random() < 0.7:
        out["Content-Type"] = "application/json"
    if rng.random() < 0.3:
        out["X-Security-Token"] = text(rng, PLAIN + "+/=", 1, 200)
    if rng.random() < 0.3:
        out["X-Domain-Id"] = text(rng, string.hexdigits.lower(), 32, 32)
    return out


def request(rng):
    port = rng.choice(["", f":{rng.randint(1, 65535)}"])
    method = rng.choice(["GET", "POST", "PUT", "DELETE"])
    return {
        "ak": text(rng, PLAIN, 1, 24),
        "sk": text(rng, PLAIN + string.punctuation, 1, 48),
        "method": method,
        "endpoint": f"https://{text(rng, string.ascii_lowercase, 1, 12)}.example.com{port}",
        "path": "/" + "/".join(text(rng, PATH, 1, 12) for _ in range(rng.randint(1, 5))),
        "query": {text(rng, WILD, 1, 10): value(rng) for _ in range(rng.randint(0, 5))},
        "headers": headers(rng),
        "data": members(rng) if method in ("POST", "PUT") else None,
    }


def ask(command, wishes):
    lines = "".join(json.dumps(wish) + "\n" for wish in wishes)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == len(wishes)
    return answers


def pairs(query):
    """The query as the probe wants it: one pair per value, as text."""
    def as_text(single):
        return str(single).lower() if isinstance(single, bool) else str(single)

    for key, values in query.items():
        for single in values if isinstance(values, list) else [values]:
            yield [key, as_text(single)]


@pytest.fixture(scope="module")
def sdk():
    return vendor_sdk.install()


def test_vendor_signer_agrees_on_random_requests(sdk):
    rng = random.Random(SEED)
    wishes = [request(rng) for _ in range(ROUNDS)]
    theirs = [json.loads(answer) for answer in
              ask(["node", str(HERE / "vendor_signer.js"), str(sdk)], wishes)]
    ours = ask([place.program("ccm-sign-probe")], [
        {
            "ak": wish["ak"], "sk": wish["sk"], "method": wish["method"], "path": wish["path"],
            "host": wish["endpoint"].removeprefix("https://"),
            "query": list(pairs(wish["query"])),
            "headers": list(wish["headers"].items()),
            "body": their["body"],
        }
        for wish, their in zip(wishes, theirs)
    ])
    for wish, their, our in zip(wishes, theirs, ours):
        assert our == their["authorization"], json.dumps(wish)
