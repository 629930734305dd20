# SPDX-License-Identifier: Apache-2.0
"""The images of packaging/container as an engine or Kubernetes runs them: no root, no capability, a read-only root,
one volume for the state. Each server gets a certificate, shows it and swaps it (docs/how-to/containers.md)."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import PRIVATE
from lab import place, processes, tls
from lab.container import Container, Image
from lab.net import free_port
from lab.server import line_of
from lab.waiting import wait_until

SITES = {
    "nginx": ("/etc/nginx/site", {
        "main.conf": """ccm {{
    state_path /state/ccm;
    credentials file=/etc/ccm/credentials;
    check_interval 1s;
    {settings}
    certificate intranet {{
        source pca issuer={issuer};
        names {name};
    }}
}}
""",
        "http.conf": """server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ccm_certificate intranet;
}}
"""}, "{} {};"),
    "apache": ("/etc/apache2/site", {
        "site.conf": """Listen 127.0.0.1:{port}
CCMStateDir /state/ccm
CCMCredentials file=/etc/ccm/credentials
CCMCheckInterval 1s
{settings}
<CCMCertificate intranet>
    CCMSource pca issuer={issuer}
    CCMNames {name}
</CCMCertificate>
<VirtualHost 127.0.0.1:{port}>
    ServerName {name}
    SSLEngine on
    CCMCertificate intranet
</VirtualHost>
"""}, "{} {}"),
}
DIRECTIVES = {"nginx": ("scm_endpoint", "pca_endpoint", "iam_endpoint", "ssl_trusted_certificate"),
              "apache": ("CCMScmEndpoint", "CCMPcaEndpoint", "CCMIamEndpoint", "CCMCACertificateFile")}


# The test revokes; this machine's OpenSSL may be another than the one Apache was built with.
ORDINARY = r"says that version \d+ was revoked|AH01882|was shown the placeholder"


@pytest.fixture(name="as_root", autouse=True)
def fixture_as_root():
    if os.geteuid() != 0:
        pytest.skip("only root can do an engine's work")


class Secret:
    """A secret as Kubernetes mounts it: links to what is exchanged as a whole, root's, readable by a group."""

    def __init__(self, directory, group):
        self.directory, self.group, self.turn = directory, group, 0
        directory.mkdir()

    def put(self, files):
        self.turn += 1
        data = self.directory / f"..data-{self.turn}"
        data.mkdir()
        for name, text in files.items():
            (data / name).write_text(text)
            (data / name).chmod(0o440)
            shutil.chown(data / name, 0, self.group)
            if not (self.directory / name).is_symlink():
                (self.directory / name).symlink_to(f"..data/{name}")
        (self.directory / "..new").symlink_to(data.name)
        (self.directory / "..new").rename(self.directory / "..data")


@pytest.fixture(name="secret")
def fixture_secret(image, scratch, cloud):
    secret = Secret(scratch / "secret", image.user)
    secret.put({"credentials": pathlib.Path(cloud.facts["credentials_file"]).read_text(),
                "ca.pem": pathlib.Path(cloud.facts["ca_file"]).read_text()})
    return secret


@pytest.fixture(name="software")
def fixture_software(request):
    return request.param


@pytest.fixture(name="image")
def fixture_image(software, scratch):
    return Image(software, scratch / "image")


@pytest.fixture(name="volume")
def fixture_volume(request, scratch, image):
    """Kubernetes' emptyDir and claim for a group (fsGroup), and a volume that an engine makes from the image."""
    path = scratch / "volume"
    path.mkdir()
    owner, mode = {"emptyDir": (0, 0o2777), "claim": (0, 0o2775), "named": (image.user, 0o700)}[request.param]
    os.chown(path, owner, image.user)
    path.chmod(mode)
    return path


@pytest.fixture(name="container")
def fixture_container(request, software, image, scratch, cloud, secret, volume):
    place_inside, files, form = SITES[software]
    values = (cloud.facts["scm"], cloud.facts["pca"], cloud.facts["iam"], "/etc/ccm/ca.pem")
    settings = "\n".join(form.format(*pair) for pair in zip(DIRECTIVES[software], values))
    port = free_port()
    (scratch / "site").mkdir()
    for name, text in files.items():
        (scratch / "site" / name).write_text(text.format(
            port=port, name=PRIVATE, settings=settings, issuer=cloud.facts["issuer_id"]))
    container = Container(image, scratch, [(scratch / "site", place_inside, "ro"),
                                           (secret.directory, "/etc/ccm", "ro"), (volume, "/state", "rw")])
    container.port = port
    yield container
    if getattr(request.node, "failed", False):
        print(container.said())


def wait_for_certificate(container, cloud, but_not=()):
    context = tls.context(cloud.trust())

    def shown():
        container.main()
        try:
            serial = tls.handshake(container.port, PRIVATE, context).serial
        except tls.HandshakeFailure:
            return None
        return serial if serial not in but_not else None

    return wait_until(shown, "a trusted certificate", timeout=40)


@pytest.mark.parametrize(("software", "volume"), [
    ("nginx", "emptyDir"), ("nginx", "claim"), ("apache", "emptyDir"), ("apache", "named")], indirect=True)
def test_without_root_and_with_a_read_only_root(container, cloud, secret, volume):
    with container:
        serial = wait_for_certificate(container, cloud)
        for pid in container.everyone():
            text = pathlib.Path(f"/proc/{pid}/status").read_text()
            status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
            assert status["Uid"].split() == [str(container.image.user)] * 4
            assert status["CapEff"] == status["CapBnd"] == "0" * 16 and status["NoNewPrivs"] == "1"
        refused = container.run("touch", "/usr/x", "/etc/x", "/x", "/dev/x")
        assert refused.stderr.count("Read-only file system") == 4
        # The swap, with the same workers.
        workers = container.workers()
        cloud.revoke_issued()
        second = wait_for_certificate(container, cloud, but_not=[serial])
        assert set(workers) <= set(container.workers()), "Apache may have made one more"
        # What an operator looks at.
        status = container.run("ccmctl", "--state-dir", "/state/ccm", "status")
        assert status.returncode == 0 and "intranet" in status.stdout, status
        doctor = container.run("ccmctl", "--state-dir", "/state/ccm", "doctor", "--offline")
        assert doctor.returncode == 0 and "\nlook" not in doctor.stdout, doctor.stdout
        # Another key of the cloud, as an orchestrator brings it.
        agents = [pid for pid in container.everyone() if processes.command_line(pid) == "ccm-agent"]
        secret.put({"credentials": pathlib.Path(cloud.facts["credentials_file"]).read_text() + "\n# a new one\n",
                    "ca.pem": pathlib.Path(cloud.facts["ca_file"]).read_text()})
        container.wait_for("/etc/ccm/credentials has changed; the agent starts anew with it")
        assert container.stop() == 0
    assert agents and not [line for line in container.said().splitlines()
                           if re.search(line_of("emerg|alert|crit|error|warn"), line)
                           and not re.search(ORDINARY, line)], container.said()
    assert stat_of(volume / "ccm") == (container.image.user, 0o700)
    # The next one begins with what is stored, with the cloud away.
    cloud.stop()
    with container:
        container.main()
        assert tls_serial(container) == second


def stat_of(path):
    return path.stat().st_uid, path.stat().st_mode & 0o7777


def tls_serial(container):
    def shown():
        try:
            return tls.handshake(container.port, PRIVATE).serial
        except tls.HandshakeFailure:
            return None

    return wait_until(shown, "a handshake")


@pytest.mark.parametrize(("software", "volume"), [("nginx", "claim"), ("apache", "claim")], indirect=True)
def test_a_secret_that_the_account_cannot_read_is_named(container, cloud, secret):
    """Mode 0400 without fsGroup: root's alone."""
    for file in secret.directory.glob("..data/*"):
        file.chmod(0o400)
    with container:
        container.wait_for(r"/etc/ccm/\S*(credentials|ca\.pem): Permission denied; certificates are served")
        tls_serial(container)  # served all the same, with the placeholder


def test_the_recipes_name_packages_that_hold_what_is_linked():
    """packaging/container/runtime-packages, on what was built here."""
    named = subprocess.run([place.ROOT / "packaging" / "container" / "runtime-packages",
                            place.program("ccmctl"), place.program("ccm-agent"), place.module("ngx_ccm_module.so"),
                            place.module("mod_ccm.so")], capture_output=True, text=True, check=True).stdout.split()
    assert {"libc6", "libjansson4", "libssl3"} <= {name.removesuffix("t64") for name in named}
    assert any(name.startswith("libcurl4") for name in named) and any(name.startswith("libfmt") for name in named)
