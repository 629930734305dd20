# SPDX-License-Identifier: Apache-2.0
"""The services' documents as data, and the honest exceptions from covering them."""

import json

from lab import place

DATA = place.ROOT / "tests" / "data" / "ccm-api"
OPERATIONS = {f"{entry['service']}.{entry['id']}": entry for entry in
              json.loads((DATA / "operations.json").read_text())["operations"]}
ERRORS = json.loads((DATA / "errors.json").read_text())
# {"codes": {code: reason}, "parameters": {"service.Operation.name": reason}, "fields": {…}, …}
EXCEPTIONS = json.loads((place.ROOT / "tests/contract/emulator/exceptions.json").read_text())


def error_codes():
    """Every documented code with its status and message (None: the documents give no text)."""
    entries = [*ERRORS["scm"], *ERRORS["pca"], *ERRORS["not_in_the_tables"], *ERRORS["apig_seed_003"],
               *ERRORS["gateway"]["codes"]]
    codes = {}
    for entry in entries:
        codes.setdefault(entry["code"], (entry["status"], entry.get("message")))
    return codes


def body_parameters(operation):
    body = operation["body"] or {}
    more = [entry for entry in operation.get("sdk_differences", {}).get("body", [])
            if entry.get("only_in") == "sdk" and entry.get("where") == "."]
    return body.get("params", []) + [entry for entry in more if "name" in entry]


def query_parameters(operation):
    more = [entry for entry in operation.get("sdk_differences", {}).get("query", [])
            if entry.get("only_in") == "sdk"]
    return operation["query_params"] + [entry for entry in more if "name" in entry]


def kind_of(parameter):
    """text, number, flag, list or object: the JSON type behind the documents' many names."""
    kind = parameter["type"]
    if kind.startswith("array"):
        return "list"
    return {"string": "text", "integer": "number", "long": "number", "boolean": "flag"}.get(kind, "object")
