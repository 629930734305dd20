# SPDX-License-Identifier: Apache-2.0
"""A certificate that may change at certain hours only: what waits, until when, and what does not wait."""

import datetime
import json
import os
import re
import signal
import subprocess

import pytest
from lab import place
from lab.hours import window
from lab.status import with_status
from lab.waiting import wait_until

CLOSED, OPEN = window(5, 7), window(-2, 2)


@pytest.fixture(name="status")
def fixture_status(server, settings, cloud, public):
    cloud.issue(public.names, days=100)
    return configured(server, settings, public, CLOSED)


def configured(server, settings, public, hours):
    """A server whose status and certificate have the same addresses each time."""
    return with_status(server, settings={**settings, "activate": hours}, sites=[public])


def ctl(settings, *words):
    return subprocess.run([place.program("ccmctl"), "--state-dir", settings["state_path"], *map(str, words)],
                          capture_output=True, text=True, timeout=60, check=False)


def staged(status, version=2):
    """What is said of the certificate once that version waits."""

    def waits():
        told = status.json()["certificates"][0]
        return told if told["staged"] and told["staged"]["version"] == version else None

    return wait_until(waits, f"version {version} waiting")


def newest(cloud):
    return max(cloud.admin("GET", "/scm/certificates")["certificates"], key=lambda each: each["id"])["id"]


def first_and_successor(server, status, cloud, public):
    """The serial that is shown, once a successor waits."""
    server.start()
    serial = server.wait_for_certificate(public, cloud.trust())
    wait_until(lambda: status.json()["certificates"][0]["state"] == "valid", "a status of it")
    cloud.renew(newest(cloud), days=300)
    staged(status)
    return serial


def test_it_is_fetched_at_once_and_shown_in_its_window(server, status, settings, cloud, public):
    serial = first_and_successor(server, status, cloud, public)
    told = staged(status)
    assert told["stored"]["version"] == 1
    begin = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=5)
    assert told["staged"]["shown_from"] == begin.strftime("%Y-%m-%dT%H:00:00Z")
    name = told["name"]
    at = datetime.datetime.fromisoformat(told["staged"]["shown_from"].replace("Z", "+00:00")).timestamp()
    assert status.metrics()[f'ccm_certificate_activation_timestamp_seconds{{certificate="{name}"}}'] == at
    assert "version 2 is stored, and shown" in status.ask("?format=html")[1]
    assert "version 2 in " in ctl(settings, "status").stdout
    shown = json.loads(ctl(settings, "--json", "show", name).stdout)
    assert shown["staged"] == {"version": 2, "shown_from": told["staged"]["shown_from"]}
    assert "staged" in ctl(settings, "history", name).stdout

    # It waits across a kill and a load of the configuration, and is not fetched again.
    exports = cloud.count("ExportCertificate")
    agents = server.agents()
    os.kill(agents[0], signal.SIGKILL)
    server.wait_for_agent(but_not=agents)
    server.reload()
    assert staged(status)["staged"] == told["staged"]
    assert server.show(public).serial == serial
    assert cloud.count("ExportCertificate") == exports

    configuration = server.conf.read_text()
    server.conf.write_text(configuration.replace(CLOSED, OPEN))
    server.reload()
    server.wait_for_certificate(public, cloud.trust(), but_not=[serial])
    after = wait_until(lambda: (now := status.json()["certificates"][0])["stored"]["version"] == 2 and now,
                       "version 2 as the current one")
    assert after["staged"] is None
    assert cloud.count("ExportCertificate") == exports
    assert "version 2 is current" in server.log_text()


def test_an_operator_need_not_wait(server, status, settings, cloud, public):
    serial = first_and_successor(server, status, cloud, public)
    name = staged(status)["name"]
    exports = cloud.count("ExportCertificate")
    renewed = ctl(settings, "renew", name)
    assert renewed.returncode == 0 and f"{name}: version 2 is installed" in renewed.stdout + renewed.stderr
    server.wait_for_certificate(public, cloud.trust(), but_not=[serial])
    assert cloud.count("ExportCertificate") == exports
    cloud.renew(newest(cloud), days=400)
    staged(status, 3)
    rolled = ctl(settings, "rollback", name)
    assert rolled.returncode == 0, rolled.stderr
    wait_until(lambda: server.show(public).serial == serial, "the first one again")
    wait_until(lambda: status.json()["certificates"][0]["staged"] is None, "nothing that waits")


@pytest.mark.parametrize(("hours", "sentence"), [
    ('"Mon-Fry 02:00-05:00"', r'"Mon-Fry" are no days of the week; write Mon-Fri, or Sat,Sun'),
    ('"02:00-05:00 Mars/Base"', r'"Mars/Base" (is no time zone of this system|is one; install)'),
    ("night", r"is no window; write days, hours and a time zone"),
])
def test_a_bad_window_is_one_sentence(server, settings, public, hours, sentence):
    configured(server, settings, public, hours)
    works, said = server.test()
    lines = [line for line in (said + server.log_text()).splitlines() if "window" in line or "activate" in line.lower()]
    assert not works
    assert any(re.search(sentence, line) for line in lines), said
