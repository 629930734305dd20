"""What only nginx has: its process modes, binary upgrade, stream, rejected handshakes, log rotation."""

import os
import shutil
import signal
import ssl
import subprocess

import pytest
from conftest import PRIVATE
from lab import processes, tls
from lab.load import Load
from lab.net import free_port
from lab.nginx import Nginx, workers_of
from lab.server import Site
from lab.waiting import wait_until


def test_a_binary_upgrade_loses_no_handshake_and_leaves_one_agent(
        make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.start()
    serial = nginx.wait_for_certificate(private, cloud.trust())
    old = nginx.master_pid()
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.01) as load:
        nginx.send(signal.SIGUSR2)
        wait_until(lambda: nginx.master_pid() not in (None, old) and nginx.workers(), "a new master")
        wait_until(lambda: len(nginx.agents()) == 2, "an agent of each")
        os.kill(old, signal.SIGWINCH)
        wait_until(lambda: not workers_of(old), "the end of the old workers")
        os.kill(old, signal.SIGQUIT)
        wait_until(lambda: not processes.is_alive(old), "the end of the old master")
        wait_until(lambda: len(nginx.agents()) == 1, "one agent")
        # The one that remains has the lead.
        [certificate] = cloud.admin("GET", "/pca/certificates")["certificates"]
        cloud.admin("POST", f"/pca/certificates/{certificate['certificate_id']}/revoke")
        nginx.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    assert not load.failures, load.failures[:3]


MODES = {"daemon_off": {"daemon": False}, "single_process": {"daemon": False, "master": False},
         "single_process_daemon": {"master": False}}


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())
def test_every_process_mode(make_server, settings, cloud, intranet, private, mode):
    nginx = make_server(Nginx, **mode)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.start()
    serial = nginx.wait_for_certificate(private, cloud.trust())
    agent = nginx.wait_for_agent()
    [certificate] = cloud.admin("GET", "/pca/certificates")["certificates"]
    cloud.admin("POST", f"/pca/certificates/{certificate['certificate_id']}/revoke")
    serial = nginx.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    nginx.send(signal.SIGHUP)
    nginx.wait_for_agent(but_not=[agent])
    if nginx.master:
        # A single process loses its TLS listeners at a reload, with static certificates as well.
        assert nginx.wait_for_certificate(private, cloud.trust()) == serial
    nginx.stop(signal.SIGQUIT)
    wait_until(lambda: not nginx.monitors(), "the end of the monitor", timeout=1)


def test_a_master_without_privileges_as_in_a_container(
        make_server, settings, cloud, intranet, private, scratch):
    if os.geteuid() != 0:
        pytest.skip("the whole suite runs without privileges")
    user = "www-data"
    nginx = make_server(Nginx, user=user)
    home = scratch / "home"
    home.mkdir()
    credentials = home / "credentials"
    shutil.copy(cloud.facts["credentials_file"], credentials)
    trusted = home / "ca.pem"
    shutil.copy(cloud.facts["ca_file"], trusted)
    trusted.chmod(0o644)
    for path in (home, credentials):
        shutil.chown(path, user, user)
    settings.update(state_path=home / "state", credentials=f"file={credentials}",
                    ssl_trusted_certificate=trusted)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.start()
    nginx.wait_for_certificate(private, cloud.trust())
    owner = (home / "state").stat().st_uid
    assert owner == credentials.stat().st_uid == processes.user_id(nginx.wait_for_agent())
    for path in (home / "state").rglob("*"):
        assert path.lstat().st_uid == owner


def test_a_graceful_stop_ends_the_agent_and_finishes_the_connection(
        make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.start()
    nginx.wait_for_certificate(private, cloud.trust())
    agent, master = nginx.wait_for_agent(), nginx.master_pid()
    with subprocess.Popen(
            ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{private.port}",
             "-servername", PRIVATE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL) as client:
        client.stdin.write(b"GET /worker HTTP/1.1\r\n")
        client.stdin.flush()
        nginx.wait_for_log("start worker process")
        wait_until(lambda: is_connected(client.pid), "the connection")
        os.kill(master, signal.SIGQUIT)
        client.stdin.write(b"Host: x\r\nConnection: close\r\n\r\n")
        client.stdin.flush()
        answer = client.stdout.read()
    assert b" 200 " in answer or not answer
    wait_until(lambda: not processes.is_alive(master), "the end of nginx")
    wait_until(lambda: not processes.is_alive(agent), "the end of the agent", timeout=1)


def is_connected(pid):
    return any("socket:" in processes.descriptor(pid, number) for number in range(3, 8))


def test_stream_servers(make_server, settings, cloud, intranet):
    nginx = make_server(Nginx, load_stream=True)
    site = Site(free_port(), (PRIVATE,), ("intranet",), stream=True)
    nginx.configure(settings=settings, certificates=[intranet], sites=[site])
    nginx.start()
    serial = nginx.wait_for_certificate(site, cloud.trust())
    [certificate] = cloud.admin("GET", "/pca/certificates")["certificates"]
    cloud.admin("POST", f"/pca/certificates/{certificate['certificate_id']}/revoke")
    nginx.wait_for_certificate(site, cloud.trust(), but_not=[serial])


def test_rejected_handshakes_stay_rejected(make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx)
    stranger = Site(private.port, ("_",), (), default=True, extra="ssl_reject_handshake on;")
    nginx.configure(settings=settings, certificates=[intranet], sites=[private, stranger])
    nginx.start()
    nginx.wait_for_certificate(private, cloud.trust())
    with pytest.raises(tls.HandshakeFailure, match="(?i)unrecognized.name"):
        nginx.show(private, name="stranger.example.org")


def test_a_certificate_for_all_servers_and_an_own_one_for_one(
        make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx)
    own = cloud.issue(["www.example.com"])
    other = Site(free_port(), ("www.example.com",), ("source=scm",))
    private.certificates = ()
    nginx.configure(settings=settings, certificates=[intranet], sites=[private, other],
                    http="ccm_certificate intranet;\n")
    nginx.start()
    nginx.wait_for_certificate(private, cloud.trust())
    assert nginx.wait_for_certificate(other, cloud.trust()) == own["serial"]


def test_a_static_certificate_beside_a_live_one(make_server, settings, cloud, intranet, private,
                                                scratch):
    nginx = make_server(Nginx)
    pem, key = scratch / "static.pem", scratch / "static.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", pem, "-subj", "/CN=static.example"],
                   check=True, capture_output=True)
    static = Site(free_port(), ("static.example",), (),
                  extra=f"ssl_certificate {pem}; ssl_certificate_key {key};")
    nginx.configure(settings=settings, certificates=[intranet], sites=[private, static])
    nginx.start()
    nginx.wait_for_certificate(private, cloud.trust())
    assert nginx.show(static).der == ssl.PEM_cert_to_DER_cert(pem.read_text())


def test_the_agent_follows_the_log_when_it_is_rotated(make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.start()
    serial = nginx.wait_for_certificate(private, cloud.trust())
    rotated = nginx.directory / "error.log.1"
    nginx.error_log.rename(rotated)
    nginx.send(signal.SIGUSR1)
    wait_until(nginx.error_log.exists, "the new log")
    [certificate] = cloud.admin("GET", "/pca/certificates")["certificates"]
    cloud.admin("POST", f"/pca/certificates/{certificate['certificate_id']}/revoke")
    new = nginx.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    nginx.wait_for_log(rf"ccm: certificate \"intranet\": version 2 is now served \(serial {new}")
    assert new not in rotated.read_text()
    processes.kill(nginx.wait_for_agent())
    nginx.wait_for_log("was killed by signal 9; starting it again")
