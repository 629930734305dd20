# SPDX-License-Identifier: Apache-2.0
"""ccmctl policy, and what ccmctl doctor says about permissions."""

import json
import shutil

import agent_place
import ccmctl
import pytest
from examination import doctor, found, start
from lab import place as lab_place
from lab.waiting import wait_until

NO_PERMISSION = {"scm": "SCM.4002", "pca": "PCA.00010004"}


def actions(*words):
    policy = json.loads(ccmctl.run("--state-dir", "/nonexistent", "policy", *words).out)
    assert policy["Version"] == "1.1" and len(policy["Statement"]) == 1
    assert set(policy["Statement"][0]) == {"Effect", "Action"}
    assert policy["Statement"][0]["Effect"] == "Allow"
    return policy["Statement"][0]["Action"]


def operations():
    """Every operation of SCM and PCA with its documented action."""
    path = lab_place.ROOT / "tests/data/ccm-api/operations.json"
    known = json.loads(path.read_text(encoding="utf-8"))["operations"]
    return [each for each in known if each["service"] in NO_PERMISSION]


def deny(cloud, operation):
    service = operation["service"]
    cloud.fault({"status": 401, "code": NO_PERMISSION[service]}, service, operation["id"])


def test_policies():
    assert actions("--source", "scm") == ["scm:cert:download", "scm:cert:get", "scm:cert:list"]
    assert "pca:ca:issueCertThroughCSR" in actions("--source", "pca")
    assert "pca:ca:issueCert" in actions("--source", "pca-cloud-key")
    assert "pca:ca:issueCertThroughCSR" not in actions("--source", "pca-cloud-key")
    assert len(actions("--source", "scm", "--source", "pca")) == 8
    assert ccmctl.run("--state-dir", "/nonexistent", "policy").status == 3
    assert ccmctl.run("policy", "--source", "elsewhere").status == 2
    table = ccmctl.run("policy", "--source", "scm", "--explain").out
    assert "scm.ExportCertificate" in table and "ACTION" in table


def test_the_policy_of_a_host_is_enough_for_its_agent(place, cloud):
    place.start().wait_for_certificate("app")
    place.servers[-1].kill()

    def of_host(*words):
        policy = json.loads(ccmctl.run("--state-dir", place.state, "policy", *words).out)
        return policy["Statement"][0]["Action"]
    assert len(of_host()) == 8
    assert all(each.startswith("scm:") for each in of_host("--certificate", "www"))
    assert ccmctl.run("--state-dir", place.state, "policy", "--certificate", "other").status == 2

    allowed = set(of_host())
    for operation in operations():
        if operation.get("iam_action") not in allowed:
            deny(cloud, operation)
    shutil.rmtree(place.state)
    issued = len(cloud.issued())
    start(place)
    assert len(cloud.issued()) == issued + 1
    assert "all 8 actions" in found(doctor(place), "permissions")["finding"]
    assert cloud.faulty() == 0, "something else was asked for"


@pytest.mark.parametrize("source", ["scm", "pca", "pca-cloud-key"])
def test_every_action_that_is_lacking_is_named(cloud, tmp_path, source):
    place = agent_place.Place(tmp_path, cloud.facts)
    issuer = "" if source == "scm" else f" issuer={cloud.facts['issuer_id']}"
    more = ["key_origin cloud"] if source == "pca-cloud-key" else []
    place.add_certificate("it", "names it.intra", f"source {source.split('-')[0]}{issuer}", *more)
    try:
        place.start()
        wait_until(place.settings_file, "the settings")
        needed = actions("--source", source)
        for operation in operations():
            if operation.get("iam_action") not in needed or operation["id"].startswith("V2"):
                continue
            cloud.clear_faults()
            deny(cloud, operation)
            ended = doctor(place)
            name = f"{operation['service']}.{operation['id']}"
            assert operation["iam_action"] in found(ended, name, "is lacking")["finding"]
            summary = found(ended, "permissions")
            assert summary["verdict"] == "bad" and "one is lacking" in summary["finding"]
            assert summary["finding"].endswith(operation["iam_action"])
            assert "ccmctl policy" in summary["remedy"]
    finally:
        place.stop()


def test_what_could_not_be_told_is_no_lack(ctl, cloud):
    cloud.fault({"status": 503}, "scm", "ListCertificates")
    ended = ctl("--json", "doctor")
    assert found(ended, "scm.ListCertificates")["verdict"] == "look"
    assert "could not be told of scm:cert:list" in found(ended, "permissions")["finding"]
    assert ended.status == 0
