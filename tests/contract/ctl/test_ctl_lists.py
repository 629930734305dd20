# SPDX-License-Identifier: Apache-2.0
"""Lists of the cloud: all of their pages, as one answer."""

import pytest


@pytest.fixture(scope="module")
def many(running):
    """More certificates than a page holds."""
    return {running.issue([f"n{number}.example.com"])["id"] for number in range(53)}


def test_a_list_has_every_page(ctl, cloud, many):
    answer = ctl.json("certificates", "list")
    listed = [each["id"] for each in answer["certificates"]]
    assert many <= set(listed) and len(set(listed)) == len(listed) == answer["total_count"]
    assert cloud.count("ListCertificates") == 2
    ended = ctl.ok("certificates", "list")
    assert len(ended.out.splitlines()) == len(listed) + 1
    assert ended.err == "", "no progress where nobody looks"


def test_at_most_so_many(ctl, cloud, many):
    assert len(many) > 12
    assert len(ctl.json("certificates", "list", "--limit", "12")["certificates"]) == 12
    assert cloud.count("ListCertificates") == 1
    shown = ctl.ok("--dry-run", "certificates", "list", "--limit", "12").out
    assert "limit=20" in shown.splitlines()[0], "the smallest page that will do"
    assert ctl.ok("certificates", "list", "--limit", "12").err.startswith("12 of ")
    assert ctl("certificates", "list", "--limit", "0").status == 2


def test_what_one_order_does_not_show(ctl, cloud, many):
    """A service that skips no further than 100: here everything fits, and nothing is refused."""
    cloud.admin("POST", "/options", {"strict_paging": True})
    assert many <= {each["id"] for each in ctl.json("certificates", "list")["certificates"]}


def test_operations_by_name_in_one_page_or_all(ctl, many):
    page = ctl.json("api", "call", "ListCertificates", "-p", "limit=10")
    assert len(page["certificates"]) == 10
    answer = ctl.json("api", "call", "ListCertificates", "-p", "limit=20", "--all")
    assert many <= {each["id"] for each in answer["certificates"]}
    found = ctl.json("api", "call", "ListCertificatesByTag", "-p", "action=count", "--all")
    assert "resources" not in found


def test_a_dry_run_shows_the_first_page(ctl, cloud):
    ended = ctl.ok("--dry-run", "private-certificates", "list")
    assert ended.out.splitlines()[0].endswith("/v1/private-certificates?limit=1000")
    assert not cloud.requests()


def test_the_other_lists(ctl, cloud):
    assert ctl.json("ca", "list")["certificate_authorities"]
    assert ctl.json("csr", "list")["csr_list"] == []
    assert ctl.ok("private-certificates", "list", "--status", "REVOKED").out == "none\n"
