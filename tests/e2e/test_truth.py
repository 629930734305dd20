# SPDX-License-Identifier: Apache-2.0
"""Things are starved and broken while only the page, the metrics and `ccmctl check` are looked at: one of them shows the
truth within ten seconds. Agents that are killed or stopped are in test_status.py and test_check.py."""

import os
import pathlib
import subprocess

import pytest
from lab import place
from lab.status import with_status
from lab.waiting import wait_until

SOON = 10.0


@pytest.fixture(name="status")
def fixture_status(server, settings, cloud, public):
    cloud.issue(public.names, days=100)
    made = with_status(server, settings=settings, sites=[public])
    server.start()
    server.wait_for_certificate(public, cloud.trust())
    wait_until(lambda: made.json()["certificates"][0]["level"] == "good", "a good status")
    return made


def ctl(settings, *words):
    """(exit status, standard output)"""
    done = subprocess.run([place.program("ccmctl"), "--state-dir", settings["state_path"], *words],
                          env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def seconds_since(status, metric):
    metrics = status.metrics()
    return metrics["ccm_clock_timestamp_seconds"] - metrics[metric]


def test_a_cloud_that_hangs_answers_no_more(server, status, cloud):
    assert seconds_since(status, "ccm_cloud_last_answer_timestamp_seconds") <= 5
    cloud.fault({"hang": True})
    wait_until(lambda: seconds_since(status, "ccm_cloud_last_answer_timestamp_seconds") >= 7,
               "the age of the last answer", timeout=SOON)
    answer = status.json()["agent"]["cloud_seen"]
    assert f'datetime="{answer}"' in status.ask("?format=html")[1]
    server.allow("SCM")  # what the agent says of it when its patience ends


def test_a_key_that_is_gone_is_critical(server, status, settings):
    assert ctl(settings, "check")[0] == 0
    server.allow("is damaged|cannot be read|privkey")
    keys = list(pathlib.Path(settings["state_path"]).rglob("versions/*/privkey.pem"))
    assert len(keys) == 1 and status.json()["certificates"][0]["state"] == "valid"
    keys[0].unlink()
    said = wait_until(lambda: (checked := ctl(settings, "check"))[0] == 2 and checked, "a critical check", timeout=SOON)
    assert said[1].startswith("CCM CRITICAL - www.example.com: ")


def test_an_end_that_comes_near_is_told(server, status, settings, cloud, public):
    cloud.renew(max(cloud.admin("GET", "/scm/certificates")["certificates"], key=lambda each: each["id"])["id"], days=101)
    left = wait_until(
        lambda: (metrics := status.metrics())['ccm_certificate_installed_version{certificate="www.example.com"}'] == 2
        and metrics['ccm_certificate_not_after_timestamp_seconds{certificate="www.example.com"}']
        - metrics["ccm_clock_timestamp_seconds"], "the successor in the metrics", timeout=SOON)
    assert 100 * 86400 < left < 102 * 86400
    wait_until(lambda: ctl(settings, "check", "--warning", "100d", "--critical", "99d")[0] == 0, "a check of it", timeout=SOON)
    assert ctl(settings, "check", "--warning", "102d", "--critical", "99d")[0] == 1
    assert ctl(settings, "check", "--warning", "103d", "--critical", "102d")[0] == 2
