# SPDX-License-Identifier: Apache-2.0
"""The emulator against the documents: every operation, parameter and error code, and what is left out."""

import json
import re
import subprocess

import pytest
from documents import EXCEPTIONS, OPERATIONS, body_parameters, error_codes, kind_of, query_parameters
from lab import place
from story import Story
from vendor_client import VendorClient

# One worker tells the story once for all of them.
pytestmark = pytest.mark.xdist_group("emulator_operations")


@pytest.fixture(scope="module")
def described():
    command = [place.program("ccm-emulator"), "--describe"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def table(described):
    """What the emulator says about itself; STS is a part of IAM to the documents."""
    return {f"{entry['service'].replace('sts', 'iam')}.{entry['id']}": entry
            for entry in described["operations"]}


def signed_sender(cloud):
    def send(wish):
        path = re.sub(r"\{(\w+)\}", lambda part: wish["pathParams"][part[1]], wish["path"])
        headers = dict(wish["headers"])
        if "Authorization" in headers:
            answer = cloud.send(cloud.request(wish["method"], path, (), wish["data"], headers))
        else:
            answer = cloud.call(wish["method"], path, wish["data"], query=list(wish["query"].items()),
                                headers=headers)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.status, answer.json if is_json and answer.body else None
    return send


@pytest.fixture(scope="module")
def told(running):
    """The story, told by our own signer."""
    story = Story(running, signed_sender(running))
    story.tell()
    return story


def test_our_signer_calls_every_operation(told):
    assert sorted(told.wishes) == sorted(OPERATIONS)


def test_the_vendors_signer_calls_every_operation(running):
    with VendorClient(running) as vendor:
        own = signed_sender(running)
        story = Story(running, lambda wish: own(wish) if wish["operation"] in EXCEPTIONS["vendor_sdk"]
                      else vendor.send(wish))
        story.tell()
    assert sorted(story.wishes) == sorted(OPERATIONS)


# -- operations and parameters ---------------------------------------------------------------------

@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_described(table, name):
    documented, emulated = OPERATIONS[name], table[name]
    assert emulated["method"] == documented["method"]
    assert emulated["path"] == documented["path"]


def compare(documented, emulated, where):
    """(parameter, what speaks against it) for every difference between the documents and the emulator."""
    known = {entry["name"]: entry for entry in emulated}
    for entry in documented:
        name, mine = f"{where}.{entry['name']}", known.get(entry["name"])
        if mine is None:
            yield name, "is missing"
            continue
        if kind_of(entry) != mine["type"]:
            yield name, f"is {mine['type']}, documented {entry['type']}"
        if entry.get("mandatory") is True and not mine["required"]:
            yield name, "is not required"
        for problem in compare_limits(entry, mine):
            yield name, problem
        yield from compare(entry.get("fields", []), mine.get("fields", []), name)


def compare_limits(entry, mine):
    prefix = "element_" if kind_of(entry) == "list" else ""
    bounds = {f"{prefix}minimum": entry.get("min"), f"{prefix}maximum": entry.get("max")}
    if "array_len" in entry:
        bounds["minimum"], bounds["maximum"] = entry["array_len"]
    values = [str(value).upper() for value in mine.get("values", [])]
    for bound, documented in bounds.items():
        # An enumeration is the tighter limit; a minimum of nothing needs no entry.
        if documented is not None and not values and mine.get(bound, 0) != documented:
            yield f"{bound} is {mine.get(bound)}, documented {documented}"
    lacking = [value for value in entry.get("enum", []) if str(value).upper() not in values]
    if lacking:
        yield f"does not take {lacking}"


def differences(table, name):
    operation, mine = OPERATIONS[name], table[name]["parameters"]
    yield from compare(query_parameters(operation), [e for e in mine if e["in"] == "query"], name)
    yield from compare(body_parameters(operation), [e for e in mine if e["in"] == "body"], name)


@pytest.mark.parametrize("name", OPERATIONS)
def test_parameters_have_the_documented_limits(table, name):
    excepted = EXCEPTIONS["parameters"]
    assert [found for found in differences(table, name) if found[0] not in excepted] == []


def test_no_parameter_is_excepted_in_vain(table):
    found = {parameter for name in OPERATIONS for parameter, _ in differences(table, name)}
    assert found == set(EXCEPTIONS["parameters"])


WRONG_TYPES = {"text": [1], "number": "many", "flag": "perhaps", "list": "none", "object": "none"}


def beyond(entry, bound):
    """A value whose length, size or number is `bound`."""
    if entry["type"] == "number":
        return bound
    return "x" * bound if entry["type"] == "text" else ["x"] * bound


def wrong_values(entry):
    """Values that the table of the emulator rules out, with what is wrong about them."""
    yield "type", WRONG_TYPES[entry["type"]]
    if "values" in entry:
        yield "value", ["no such"] if entry["type"] == "list" else "no such"
    elif "maximum" in entry:
        yield "maximum", beyond(entry, entry["maximum"] + 1)
    if entry.get("minimum", 0) > 0 and "values" not in entry:
        yield "minimum", beyond(entry, entry["minimum"] - 1)


def spoilt(data, path, value):
    """A copy of `data` with another value at the path (None: without it); None: there is no such place."""
    copy = json.loads(json.dumps(data))
    at = copy[0] if isinstance(copy, list) and copy else copy
    for step in path[:-1]:
        at = at.get(step) if isinstance(at, dict) else None
        at = at[0] if isinstance(at, list) and at else at
    if not isinstance(at, dict):
        return None
    at.pop(path[-1], None)
    if value is not None:
        at[path[-1]] = value
    return copy


def attempts(entries, path=(), code=None):
    """(path, what is wrong, value, code) for every parameter, members of objects included."""
    for entry in entries:
        here, own = (*path, entry["name"]), entry.get("code", code)
        if entry["required"]:
            yield here, "missing", None, own
        for problem, value in wrong_values(entry):
            yield here, problem, value, own
        yield from attempts(entry.get("fields", []), here, own)


# What a service answers to a wrong parameter that has no code of its own.
GENERAL = {"scm": "SCM.0005", "pca": "PCA.00020001", "apig": "APIG.3325", "iam": "400"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_wrong_parameters_are_refused(running, told, table, name):
    wish, mine = told.wishes[name], table[name]["parameters"]
    send = signed_sender(running)
    for part, member in (("query", "query"), ("body", "data")):
        for path, problem, value, code in attempts([entry for entry in mine if entry["in"] == part]):
            if part == "query" and isinstance(value, list):
                continue  # every query value is a text
            wrong = spoilt(wish[member], path, value)
            if wrong is None or path[-1] == "methods":
                continue  # another variant of the example; the methods choose the operation
            status, body = send({**wish, member: wrong})
            found = str(body["error"]["code"]) if name.startswith("iam.") else body["error_code"]
            assert (status, found) == (400, code or GENERAL[name.split(".")[0]]), (path, problem, body)


# -- error codes -----------------------------------------------------------------------------------

def test_every_documented_code_has_its_text(described):
    mine = {entry["code"]: entry for entry in described["errors"]}
    for code, (status, message) in error_codes().items():
        if code in EXCEPTIONS["texts"]:
            continue
        assert code in mine, code
        assert mine[code]["status"] == status, code
        assert message is None or mine[code]["message"] == message, code


def test_exceptions_are_about_something_and_have_a_reason():
    assert set(EXCEPTIONS["texts"]) <= set(error_codes())
    assert set(EXCEPTIONS["vendor_sdk"]) <= set(OPERATIONS)
    for name in EXCEPTIONS["fields"]:
        assert ".".join(name.split(".")[:2]) in OPERATIONS, name
    reasons = [reason for part in EXCEPTIONS.values() for reason in part.values()]
    assert all(len(reason) > 10 for reason in reasons)
