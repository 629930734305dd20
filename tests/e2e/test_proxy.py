# SPDX-License-Identifier: Apache-2.0
"""A way to the cloud that leads through a proxy with a password."""

import pathlib

import pytest
from lab import files
from lab.proxy import Proxy

LOGIN = "carrier:open sesame"


@pytest.fixture(name="proxy")
def fixture_proxy():
    with Proxy(LOGIN) as proxy:
        yield proxy


@pytest.fixture(name="login_file")
def fixture_login_file(scratch):
    path = scratch / "proxy-login"
    path.write_text(LOGIN + "\n")
    path.chmod(0o600)
    return path


def test_a_certificate_comes_through_a_proxy_with_a_password(
        server, settings, cloud, public, proxy, login_file):
    record = cloud.issue([public.names[0]])
    server.configure(settings={**settings, "proxy": f"{proxy.url} file={login_file}"}, sites=[public])
    server.start()
    assert server.wait_for_certificate(public, cloud.trust()) == record["serial"]
    assert proxy.tunnels > 0 and proxy.refused == 0
    # In no log, no argument, no environment, no setting that was written down.
    seen = server.log_text()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        for part in ("cmdline", "environ"):
            try:
                seen += (process / part).read_text(errors="replace")
            except OSError:
                continue
    for _, content in files.contents(settings["state_path"]):
        seen += content.decode(errors="replace")
    assert "sesame" not in seen


def test_a_proxy_that_wants_a_password_says_so(server, settings, cloud, public, proxy):
    cloud.issue([public.names[0]])
    server.configure(settings={**settings, "proxy": proxy.url}, sites=[public])
    server.start()
    server.allow(r"\(407\)")
    server.wait_for_log(r"wants a user and a password \(407\)")
    assert proxy.tunnels == 0


def test_a_wrong_password_is_said(server, settings, cloud, public, proxy, login_file):
    login_file.write_text("carrier:wrong sesame\n")
    cloud.issue([public.names[0]])
    server.configure(settings={**settings, "proxy": f"{proxy.url} file={login_file}"}, sites=[public])
    server.start()
    server.allow(r"\(407\)")
    server.wait_for_log(r"refuses the user and the password \(407\)")
    assert "sesame" not in server.log_text()
    # The right one is taken as soon as it is there.
    login_file.with_suffix(".new").write_text(LOGIN + "\n")
    login_file.with_suffix(".new").chmod(0o600)
    login_file.with_suffix(".new").rename(login_file)
    server.wait_for_log(rf"{login_file} has changed; the agent starts anew with it")
    server.wait_for_certificate(public, cloud.trust())
    assert proxy.tunnels > 0
