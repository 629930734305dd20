# SPDX-License-Identifier: Apache-2.0
"""Units that take rights, system calls and file systems away: serving goes on, the agent too where it can,
and one sentence says what is missing and how to give it."""

import os
import pathlib
import subprocess

import pytest
from lab import place, processes, tls, unit
from lab.waiting import wait_until

NEEDLESS = ("inotify_init1", "close_range", "pidfd_open", "openat2", "seccomp", "landlock_create_ruleset")
# What nginx itself says when it may not set up what we do without.
OWN_WORDS = r"prctl\(|eventfd\(\) failed|kill\(\d+, \d+\) failed|AH00045|AH00046|AH00047|could not make child"


@pytest.fixture(name="as_root", autouse=True)
def fixture_as_root():
    if os.geteuid() != 0:
        pytest.skip("only root can take rights away from itself")


def doctor(state):
    return subprocess.run([place.program("ccmctl"), "--state-dir", str(state), "doctor", "--offline"],
                          capture_output=True, text=True, timeout=60).stdout


def without_calls(answer, *calls):
    return [place.program("ccm-deny"), *(f"{call}={answer}" for call in calls), "--"]


def in_own_namespace(script):
    """Runs the server in a mount namespace of its own, once the script has changed it."""
    return ["unshare", "--mount", "--propagation", "private",
            "sh", "-ec", script + '\nexec "$@"', "sh"]


def stored_serial(server, cloud, site):
    """Runs the server once as ever, so that the store holds a certificate."""
    server.start()
    serial = server.wait_for_certificate(site, cloud.trust())
    server.stop()
    return serial


def serves_and_renews(server, cloud, site, serial):
    server.start()
    assert server.show(site).serial == serial, "the stored certificate is not shown at once"
    cloud.revoke_issued()
    assert server.wait_for_certificate(site, cloud.trust(), but_not=[serial]) != serial


@pytest.mark.parametrize("answer", ["EPERM", "KILL"])
def test_the_unit_of_the_page(both, cloud, private, scratch, answer):
    """The drop-in of docs/how-to/hardened-units.md, with systemd's own sets of calls."""
    if not unit.is_there():
        pytest.skip("there is no systemd-analyze, which knows the sets of system calls")
    both.allow(OWN_WORDS)
    serial = stored_serial(both, cloud, private)
    service = "nginx" if both.module_name.startswith("ngx") else "apache2"
    page = (place.ROOT / "docs" / "how-to" / "hardened-units.md").read_text()
    settings = unit.drop_in(page, f"/etc/systemd/system/{service}.service.d/hardening.conf")
    if answer == "EPERM":
        settings.append(("SystemCallErrorNumber", "EPERM"))
    both.launcher = (in_own_namespace(unit.protect_system(scratch, "/run", "/var/log", "/var/lib/nginx"))
                     + unit.launcher(settings))
    good, said = both.test()
    assert good and "memfd" not in said and "read-only" not in said
    serves_and_renews(both, cloud, private, serial)
    assert "refusing needless system calls" not in both.log_text(), "the filter of the agent is missing"


@pytest.mark.parametrize("answer", ["EPERM", "KILL"])
def test_without_memfd_and_what_else_has_a_substitute(both, cloud, private, answer):
    serial = stored_serial(both, cloud, private)
    both.launcher = without_calls(answer, "memfd_create", *NEEDLESS)
    good, said = both.test()
    assert good and "memfd_create" in said and "SystemCallFilter=memfd_create" in said
    mark = both.log_size()
    serves_and_renews(both, cloud, private, serial)
    agent = both.wait_for_agent()
    assert processes.descriptor(agent, 3).startswith("/dev/shm/"), "the publication is somewhere else"
    both.wait_for_log(r"inotify.*every second", since=mark)
    said = doctor(both.directory.parent / "state")
    assert "memfd_create is refused" in said and "inotify is refused" in said
    # A reload goes on with the same publication.
    shown = both.show(private).serial
    both.reload()
    assert both.show(private).serial == shown
    no_file_stays_in_shared_memory()


def no_file_stays_in_shared_memory():
    """A server of a test beside this one may have one for a moment, before it takes the name away."""
    wait_until(lambda: not list(pathlib.Path("/dev/shm").glob(".ccm-*")), "no file of ours with a name")


def test_with_every_optional_call_refused(both, cloud, private):
    both.allow(OWN_WORDS)
    serial = stored_serial(both, cloud, private)
    both.launcher = without_calls("EPERM", "memfd_create", "madvise", "prctl", "eventfd2", "fallocate", "renameat2",
                                  "sync_file_range", *NEEDLESS)
    mark = both.log_size()
    serves_and_renews(both, cloud, private, serial)
    # In the server's own form, with a level.
    line = both.wait_for_log(r".*giving up new privileges \(prctl\).*", since=mark).group()
    assert "[warn]" in line or "[ccm:warn]" in line


@pytest.mark.parametrize("answer, call", [
    *(("EPERM", call) for call in ("memfd_create", "madvise", "prctl", "fallocate", "renameat2", "setfsuid", *NEEDLESS)),
    *(("KILL", call) for call in ("memfd_create", *NEEDLESS))])
def test_with_a_single_call_refused(both, cloud, private, answer, call):
    both.allow(OWN_WORDS)
    serial = stored_serial(both, cloud, private)
    both.launcher = without_calls(answer, call)
    serves_and_renews(both, cloud, private, serial)


def test_on_a_kernel_of_2018(both, cloud, private):
    """RHEL 8's number, 4.18: no pidfd_open, close_range, openat2, Landlock; and nothing to say about it."""
    both.launcher = without_calls("ENOSYS", "after-4.18")
    good, said = both.test()
    assert good and "Function not implemented" not in said
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    workers = both.workers()
    cloud.revoke_issued()
    assert both.wait_for_certificate(private, cloud.trust(), but_not=[serial]) != serial
    assert both.workers() == workers
    both.wait_for_log(r"\(Landlock\): Function not implemented; the agent goes on without it")
    both.reload()
    agent = both.wait_for_agent()
    processes.kill(agent)
    both.wait_for_agent(but_not=[agent])


def test_without_proc(both, cloud, private):
    serial = stored_serial(both, cloud, private)
    both.launcher = in_own_namespace("mount -t tmpfs none /proc")
    good, said = both.test()
    assert good and "there is no /proc" in said
    serves_and_renews(both, cloud, private, serial)
    shown = both.show(private).serial
    both.reload()
    assert both.show(private).serial == shown
    no_file_stays_in_shared_memory()


def test_root_that_may_not_pass_by_permissions(both, cloud, private):
    both.allow(OWN_WORDS)
    serial = stored_serial(both, cloud, private)
    state = both.directory.parent / "state"
    assert state.stat().st_uid != 0
    both.launcher = ["setpriv", "--bounding-set", "-all,+net_bind_service,+setuid,+setgid,+kill,+chown",
                     "--inh-caps", "-all", "--"]
    good, said = both.test()
    assert good and "nothing can be stored" not in said
    serves_and_renews(both, cloud, private, serial)


def test_a_read_only_state_directory_is_named(both, cloud, private):
    both.allow(r"read-only for this service|Read-only file system")
    serial = stored_serial(both, cloud, private)
    state = both.directory.parent / "state"
    both.launcher = in_own_namespace(f"mount --bind {state} {state}; mount -o remount,ro,bind {state}")
    good, said = both.test()
    assert good and f"ReadWritePaths={state}" in said
    mark = both.log_size()
    both.start()
    assert both.show(private).serial == serial
    both.wait_for_log(rf"the state directory {state} is read-only for this service.*ReadWritePaths={state}",
                      since=mark)
    assert "is read-only for it" in doctor(state)


def test_without_an_account_there_is_no_agent(both, cloud, private, scratch):
    both.allow(r'no account "ccm"')
    serial = stored_serial(both, cloud, private)
    both.launcher = in_own_namespace(
        f"grep -v ^ccm: /etc/passwd >{scratch}/passwd; mount --bind {scratch}/passwd /etc/passwd")
    good, said = both.test()
    assert good and 'no account "ccm"' in said and "useradd" in said
    mark = both.log_size()
    both.start()
    assert both.show(private).serial == serial
    both.wait_for_log(r'the agent cannot go on: there is no account "ccm".*useradd', since=mark)
    # Not every second, and never as root.
    both.wait_for_log(r"ended with status 78; starting it again in 5\.0 s", since=mark)
    assert both.agents() == []


def test_a_refused_change_of_user_is_said_with_its_remedy(both, cloud, private):
    both.allow(r'becoming user "ccm"')
    serial = stored_serial(both, cloud, private)
    both.launcher = without_calls("EPERM", "setresuid")
    mark = both.log_size()
    both.start()
    assert both.show(private).serial == serial
    both.wait_for_log(r'becoming user "ccm": Operation not permitted; leave .*CAP_SETUID', since=mark)
    both.wait_for_log(r"ended with status 78; starting it again in 5\.0 s", since=mark)


def test_the_agent_has_given_up_what_it_does_not_need(both, cloud, private):
    both.start()
    both.wait_for_certificate(private, cloud.trust())
    text = pathlib.Path(f"/proc/{both.wait_for_agent()}/status").read_text()
    status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    limits = pathlib.Path(f"/proc/{both.wait_for_agent()}/limits").read_text()
    assert "Max data size             unlimited" not in limits


def test_responders_on_this_host_are_asked_only_for_a_cloud_on_this_host(
        server, cloud, intranet, private, scratch, settings):
    """A certificate must not make the agent ask what only this host can reach."""
    cloud.stop()
    cloud.names = ("cloud.example",)
    cloud.start()
    for key in ("scm_endpoint", "pca_endpoint", "iam_endpoint"):
        settings[key] = settings[key].replace("127.0.0.1", "cloud.example")
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.launcher = in_own_namespace(
        f"(cat /etc/hosts; echo 127.0.0.1 cloud.example) >{scratch}/hosts; "
        f"mount --bind {scratch}/hosts /etc/hosts")
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    server.wait_for_log(r'"intranet": ask http://\S+ for its status: 127\.0\.0\.1 is an address of this host')
    assert tls.staple(private.port, private.name) is None
