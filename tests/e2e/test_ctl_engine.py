# SPDX-License-Identifier: Apache-2.0
"""The engine as ccmctl moves it: certificates from files, and an agent without a web server."""

import os
import signal
import subprocess

import pytest
from conftest import PRIVATE
from lab import place, processes
from lab.authority import DAY, Authority
from lab.waiting import wait_until


def ctl(state, *words):
    """ccmctl on a configured host; what it said."""
    done = subprocess.run([place.program("ccmctl"), "--state-dir", state, *map(str, words)],
                          env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    assert done.returncode == 0, done.stdout.decode()
    return done.stdout.decode()


def test_an_imported_certificate_is_shown_without_a_reload(
        server, settings, cloud, intranet, private, scratch):
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    first = server.wait_for_certificate(private, cloud.trust())
    workers = server.workers()
    elsewhere = Authority()
    # It ends no sooner than the first one, and what comes after it ends no sooner either.
    bought = elsewhere.issue(PRIVATE, begins=-DAY, lasts=91 * DAY)
    files = {"cert": bought.pem(), "chain": bought.chain_pem(), "privkey": bought.key_pem()}
    (scratch / "live").mkdir()
    for name, content in files.items():
        (scratch / "live" / f"{name}.pem").write_bytes(content)
    ctl(settings["state_path"], "import", "intranet", "--directory", scratch / "live")
    shown = server.wait_for_certificate(private, elsewhere.trust())
    assert shown == bought.serial
    assert server.workers() == workers
    # It is looked at every second, and stays until somebody wants another one.
    ctl(settings["state_path"], "renew", "intranet")
    server.wait_for_certificate(private, cloud.trust(), but_not=[first])
    assert server.workers() == workers


def test_a_renewal_that_is_interrupted_is_begun_again(
        server, settings, cloud, intranet, private):
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    first, agent = server.wait_for_certificate(private, cloud.trust()), server.wait_for_agent()
    cloud.fault({"hang": True}, service="pca")
    asked = subprocess.Popen([place.program("ccmctl"), "--state-dir", settings["state_path"],
                              "renew", "intranet"], env={"PATH": os.environ["PATH"]},
                             stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_until(cloud.faulty, "a call that hangs")
        processes.kill(agent)
        cloud.clear_faults()
        said, _ = asked.communicate(timeout=60)
        assert asked.returncode == 0, said.decode()
    finally:
        asked.kill()
    server.wait_for_certificate(private, cloud.trust(), but_not=[first])


@pytest.fixture(name="alone")
def fixture_alone(settings, cloud, scratch):
    """A `ccmctl agent` with one certificate in the state directory of the servers."""
    file, log = scratch / "agent.toml", scratch / "agent.log"
    lines = [f'{key} = "{value}"' for key, value in settings.items()]
    lines += ["[certificate.mail]", f'source = "pca issuer={cloud.facts["issuer_id"]}"',
              'names = ["mail.intra.example"]']
    file.write_text("\n".join(lines) + "\n")
    with open(log, "wb") as output:
        process = subprocess.Popen([place.program("ccmctl"), "agent", "--config", file],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=output)
    process.log = log
    yield process
    if process.poll() is None:
        process.kill()
        process.wait(timeout=20)


def test_an_agent_without_a_server_is_a_neighbour_of_those_of_servers(
        alone, server, settings, cloud, intranet, private):
    state = settings["state_path"]
    wait_until(lambda: '"mail": installed version 1' in alone.log.read_text(), "a certificate for mail")
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    first = server.wait_for_certificate(private, cloud.trust())
    # Whoever of the two leads by now looks after both.
    assert "version 2 is installed" in ctl(state, "renew", "mail")
    ctl(state, "renew", "intranet")
    second = server.wait_for_certificate(private, cloud.trust(), but_not=[first])
    ours = processes.children(alone.pid)
    ours += [child for monitor in ours for child in processes.children(monitor)]
    assert len(ours) == 3
    alone.send_signal(signal.SIGTERM)
    assert alone.wait(timeout=20) == 0
    assert not any(map(processes.is_alive, ours))
    # The server's own agent goes on.
    cloud.revoke_issued()
    server.wait_for_certificate(private, cloud.trust(), but_not=[first, second])
