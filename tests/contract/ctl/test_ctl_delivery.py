# SPDX-License-Identifier: Apache-2.0
"""push, deploy and revoke, of what is in the cloud and of what this host has."""

import agent_place
import ccmctl
import pytest
from typing_at import typed


@pytest.fixture
def host(cloud, tmp_path):
    """ccmctl where two certificates have been installed, and the id that one has in SCM."""
    place = agent_place.Place(tmp_path, cloud.facts)
    place.add_certificate("www", "names www.example.com", "source scm")
    place.add_certificate("app", "names app.intra", f"source pca issuer={cloud.facts['issuer_id']}")
    made = cloud.issue(["www.example.com"], days=60)
    server = place.start()
    try:
        server.wait_for_certificate("www")
        server.wait_for_certificate("app")
    finally:
        place.stop()
    options = ["--state-dir", place.state, "--region", cloud.facts["project_name"]]
    return (lambda *words, **more: ccmctl.run(*options, *words, **more)), options, made["id"]


def operations(cloud, since):
    return [each["operation"] for each in cloud.requests()[since:]]


def test_pushes_by_name(cloud, host):
    ctl, _, _ = host
    since = len(cloud.requests())
    region = cloud.facts["project_name"]
    ended = ctl("push", "www", "--to", "elb")
    assert ended.status == 0, ended
    assert ended.out.splitlines()[1].split() == ["ELB", region, "success"]
    ended = ctl("push", "www", "--to", "cdn", "--to", f"WAF={region},ap-southeast-3")
    assert operations(cloud, since) == ["PushCertificate", "PushCertificate", "BatchPushCertificate"]
    cdn, here, there = [line.split(maxsplit=2) for line in ended.out.splitlines()[1:]]
    assert (cdn, here) == (["CDN", region, "success"], ["WAF", region, "success"])
    assert there[:2] == ["WAF", "ap-southeast-3"] and "does not support this region" in there[2]
    assert ended.status == 1, "a part failed, although the service answered 200"
    ended = ctl("push", "app", "--to", "elb")
    assert ended.status == 2 and "only SCM gives certificates to other services" in ended.err
    assert ctl("push", "nothing", "--to", "elb").status == 3
    ended = ctl("push", "www", "--to", "ftp")
    assert ended.status == 2 and "the service is elb, waf or cdn" in ended.err


def test_deploys_by_name_and_by_id(cloud, host):
    ctl, _, made = host
    ended = ctl("--json", "deploy", "www", "--to", "cdn=www.example.com")
    assert ended.json == {"certificate_id": made, "results": [
        {"service": "CDN", "target": "www.example.com", "outcome": "success"}]}
    shown = ctl("--dry-run", "deploy", made, "--to", "waf=ID,type=premium,enterprise_project_id=0")
    assert '"resources":[{"id":"ID","type":"premium","enterprise_project_id":"0"}]' in shown.out
    ended = ctl("deploy", made, "--to", "cdn")
    assert ended.status == 2 and "cdn=DOMAIN" in ended.err


def test_revokes_only_what_is_meant(cloud, host):
    ctl, options, _ = host
    ended = ctl("revoke", "app", "--reason", "superseded")
    assert ended.status == 2 and "give --yes" in ended.err
    assert cloud.count("RevokeCertificate") == 0
    assert "POST" in ctl("--dry-run", "revoke", "app").out
    ended = typed(options + ["revoke", "app"], answers=["n"])
    assert ended.status == 1 and "nothing was revoked" in ended.screen
    assert cloud.count("RevokeCertificate") == 0
    ended = typed(options + ["revoke", "app", "--reason", "superseded"], answers=["yes"])
    assert ended.status == 0 and "revoke app (serial " in ended.screen, ended.screen
    assert "ccmctl renew app" in ended.screen
    assert cloud.count("RevokeCertificate") == 1
    ended = ctl("--json", "revoke", "www", "--yes")
    assert ended.status == 0, ended
    assert cloud.count("V2RevokeCertificate") == 1


@pytest.mark.parametrize("name", ["app", "www"])
def test_revoking_again_changes_nothing_and_succeeds(host, name):
    ctl, _, _ = host
    assert ctl("revoke", name, "--yes").status == 0
    ended = ctl("revoke", name, "--yes")
    assert ended.status == 0 and f"revoked already: {name} (serial " in ended.err, ended
    ended = ctl("--json", "revoke", name, "--yes")
    assert ended.status == 0 and ended.json["was_revoked_already"] is True, ended
    # What is refused for another reason stays an error.
    ended = ctl("revoke", "00000000-0000-0000-0000-000000000000", "--yes")
    assert ended.status != 0 and "already" not in ended.err, ended
