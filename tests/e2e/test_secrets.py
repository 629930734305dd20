# SPDX-License-Identifier: Apache-2.0
"""Credentials are in the agent and nowhere else; private keys in no log and no open file."""

import base64
import configparser
import os
import pathlib
import subprocess

import pytest
from lab import files, processes
from lab.server import ALWAYS_DUE, line_of
from lab.waiting import wait_until


@pytest.fixture(name="needs_root", autouse=True)
def fixture_needs_root():
    if os.geteuid() != 0:
        pytest.skip("only root can look into other users' processes")


def account_of(cloud):
    profile = configparser.ConfigParser(interpolation=None)
    profile.read(cloud.facts["credentials_file"])
    return profile["global"]


def memory_holds(pid, needles):
    """Which of the byte strings are somewhere in the process's memory, across the seams of reading."""
    found, tail, end = set(), b"", None
    longest = max(map(len, needles))
    for address, piece in processes.readable_memory(pid):
        joined = (tail if address == end else b"") + piece
        found |= {needle for needle in needles if needle in joined}
        tail, end = joined[-longest:], address + len(piece)
    return found


def server_pids(server):
    return [server.master_pid(), *server.workers()]


def test_no_process_of_the_server_holds_the_credentials(both, cloud, public, private):
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    account = account_of(cloud)
    secret, access = account["sk"].encode(), account["ak"].encode()
    leaf = both.show(private).der
    # That the scan finds what is there: the key in the agent, the certificate in a worker.
    assert secret in memory_holds(both.wait_for_agent(), [secret])
    seen = set()
    for pid in server_pids(both):
        held = memory_holds(pid, [secret, access, leaf])
        assert not held & {secret, access}, f"a credential in the memory of {processes.command_line(pid)}"
        seen |= held
    assert leaf in seen


def test_password_and_token_stay_out_as_well(server, settings, cloud, intranet, private, scratch):
    facts = cloud.facts
    login = scratch / "login"
    login.write_text(f"[global]\nusername = {facts['user_name']}\npassword = {facts['password']}\n"
                     f"domain_name = {facts['domain_name']}\nproject_name = {facts['project_name']}\n")
    login.chmod(0o600)
    settings["credentials"] = f"file={login}"
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    for pid in server_pids(server):
        assert not memory_holds(pid, [facts["password"].encode(), b"X-Auth-Token"])


def test_no_command_line_and_no_environment_tells_a_secret(both, cloud, private, monkeypatch):
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "a-secret-of-the-environment")
    both.start()
    both.wait_for_certificate(private, cloud.trust())
    secret = account_of(cloud)["sk"].encode()
    ours = both.monitors() + both.agents()
    assert len(ours) == 2
    for pid in server_pids(both) + ours:
        for name in ("cmdline", "environ"):
            text = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
            assert secret not in text
            assert pid not in ours or b"HUAWEICLOUD" not in text


def test_the_agent_is_unprivileged_and_closed_to_its_own_user(both, cloud, private):
    both.start()
    both.wait_for_certificate(private, cloud.trust())
    agent = both.wait_for_agent()
    status = pathlib.Path(f"/proc/{agent}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    uid = fields["Uid"].split()[0]
    assert uid != "0" and set(fields["Uid"].split()) == {uid}
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    for name in ("mem", "environ", "maps", "fd"):
        looked = subprocess.run(
            ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "sh", "-c",
             f"head -c 1 /proc/{agent}/{name} >/dev/null || ls /proc/{agent}/{name}/"],
            capture_output=True, check=False)
        assert looked.returncode != 0, f"another process of its user can look at the agent's {name}"


@pytest.fixture(name="without_dumps")
def fixture_without_dumps(settings):
    """Named before `both`: workers leave no core files and cannot be traced."""
    settings["worker_dumps"] = "off"


def readable_for_its_own_account(pid):
    """What another process of the same user can get at."""
    uid = str(processes.user_id(pid))
    return [name for name in ("mem", "environ", "maps") if subprocess.run(
        ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "head", "-c", "1", f"/proc/{pid}/{name}"],
        capture_output=True, check=False).stderr.count(b"Permission denied") == 0]


def core_limit(pid):
    """The soft and the hard limit of its core files."""
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    return " ".join(line for line in limits.splitlines() if "core file" in line).split()[4:6]


def test_workers_are_closed_to_their_own_user_when_told_so(without_dumps, both, cloud, private):
    good, said = both.test()
    assert good and "worker_dumps" not in said
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    for _ in range(2):
        # A worker that has just been forked is root's until it has given that up.
        wait_until(lambda: all(processes.user_id(worker) != 0 and core_limit(worker) == ["0", "0"]
                               for worker in both.workers()), "workers under their own account, without core files")
        for worker in both.workers():
            assert readable_for_its_own_account(worker) == []
        both.reload()
    cloud.revoke_issued()
    assert both.wait_for_certificate(private, cloud.trust(), but_not=[serial]) != serial


def test_the_agent_inherits_nothing_of_the_server(both, cloud, private):
    both.start()
    both.wait_for_certificate(private, cloud.trust())
    listening = {link for link in processes.descriptors(both.master_pid()).values()
                 if link.startswith("socket:")}
    assert listening
    for pid in both.monitors() + both.agents():
        held = processes.descriptors(pid)
        assert not listening & {link for number, link in held.items() if number != 4}
        if pid in both.agents():
            # What it tells its monitor, and what that answers.
            assert held[0].startswith("pipe:") and held[1].startswith("pipe:") and held[0] != held[1]
        else:
            assert held[0] == held[1] == "/dev/null"
        assert held[3].startswith("/memfd:") and held[5].startswith("/memfd:")
        others = [link for number, link in held.items() if number > 5]
        assert not [link for link in others if str(both.directory) in link and "error.log" not in link]
    # Nobody but the master holds the server's end of the lifeline.
    master_only = set(processes.descriptors(both.master_pid()).values())
    for worker in both.workers():
        master_only -= set(processes.descriptors(worker).values())
    assert any(link.startswith("socket:") for link in master_only)


def test_no_log_at_any_level_tells_a_secret(kind, make_server, settings, cloud, intranet, private,
                                            scratch):
    server = make_server(kind, log_level=kind.most_verbose)
    intranet.settings.update(ALWAYS_DUE, key_origin="cloud")
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.allow('certificate "')
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    server.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    for effect in ({"wrong_key": True}, {"garbage": True}, {"half_body": True}, {"status": 401}):
        mark = server.log_size()
        cloud.fault(effect, operation="ExportCertificate")
        server.wait_for_log(line_of("error|crit") + ".*intranet", since=mark)
        cloud.clear_faults()
    account = account_of(cloud)
    keys = [content.decode() for path, content in files.contents(scratch / "state") if path.name == "privkey.pem"]
    assert keys
    secrets = [account["sk"], "PRIVATE KEY", "HmacSHA256 Access=" + account["ak"]]
    secrets += [line for key in keys for line in key.splitlines() if not line.startswith("-")]
    secrets += [hex_end(key) for key in keys]
    for path in (server.error_log, server.directory / "stderr"):
        text = path.read_text(errors="replace")
        for secret in secrets:
            assert secret not in text, f"{path.name} tells a secret"


def hex_end(pem):
    """The last bytes of a key as a hexadecimal dump would show them."""
    body = "".join(line for line in pem.splitlines() if not line.startswith("-"))
    return base64.b64decode(body)[-32:].hex()


def test_no_worker_can_write_the_publication(both, cloud, private):
    both.start()
    both.wait_for_certificate(private, cloud.trust())
    for worker in both.workers():
        for number, link in processes.descriptors(worker).items():
            if "memfd:ccm-publication" in link:
                flags = pathlib.Path(f"/proc/{worker}/fdinfo/{number}").read_text()
                assert int(flags.split("flags:")[1].split()[0], 8) & os.O_ACCMODE == os.O_RDONLY
        maps = pathlib.Path(f"/proc/{worker}/maps").read_text().splitlines()
        mapped = [line for line in maps if "memfd:ccm-publication" in line]
        assert mapped and all("w" not in line.split()[1] for line in mapped)
