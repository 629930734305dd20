# SPDX-License-Identifier: Apache-2.0
"""ccmctl doctor: whether modules fit the servers, and whether what runs is what is installed."""

import pathlib
import shutil

import agent_place
import ccmctl
import pytest
from examination import doctor, found, start
from lab import place as lab_place

NGINX = pathlib.Path("/usr/sbin/nginx")
APACHE = pathlib.Path("/usr/sbin/apache2")


def patched(source, target, old, new):
    """A copy with other bytes of the same length."""
    content = pathlib.Path(source).read_bytes()
    assert len(old) == len(new) and old in content
    target.write_bytes(content.replace(old, new))
    return target


def fit(here, module, program):
    return found(here("--module", module, "--program", program), f"module {module}")


@pytest.mark.skipif(not NGINX.exists(), reason="there is no nginx")
def test_a_module_of_nginx_fits_or_not(here, tmp_path):
    module = shutil.copy(lab_place.module("ngx_ccm_module.so"), tmp_path)
    finding = fit(here, module, NGINX)
    assert finding["verdict"] == "ok" and "fits /usr/sbin/nginx" in finding["finding"]
    version = int.from_bytes(record_of_nginx(pathlib.Path(module).read_bytes()), "little")
    newer = patched(module, tmp_path / "newer.so", version.to_bytes(8, "little"),
                    (1099007).to_bytes(8, "little"))
    finding = fit(here, newer, NGINX)
    assert finding["verdict"] == "bad" and "1.99.7" in finding["finding"] and finding["remedy"]
    other = patched(module, tmp_path / "other.so", b"\0008,4,8,", b"\0004,4,8,")
    assert "4,4,8," in fit(here, other, NGINX)["finding"]


def record_of_nginx(content):
    at = content.index(bytes([255] * 16 + [0] * 24))
    return content[at + 40:at + 48]


@pytest.mark.skipif(not APACHE.exists(), reason="there is no Apache")
def test_a_module_of_apache_fits_or_not(here, tmp_path):
    module = shutil.copy(lab_place.module("mod_ccm.so"), tmp_path)
    assert fit(here, module, APACHE)["verdict"] == "ok"
    number = (20120211).to_bytes(4, "little")
    other = patched(module, tmp_path / "other.so", number, (20300101).to_bytes(4, "little"))
    finding = fit(here, other, APACHE)
    assert finding["verdict"] == "bad" and "20300101" in finding["finding"]
    assert "built for httpd" in fit(here, module, NGINX)["finding"]


def test_what_is_no_module(here):
    assert fit(here, "/bin/sh", NGINX)["verdict"] == "bad"
    assert fit(here, "/nonexistent", NGINX)["verdict"] == "bad"
    assert here("--program", NGINX).status == 2


def with_module(settings, path, version):
    """The settings that an agent left, as of a server with this module (common/config/input/wire.cpp)."""
    content = settings.read_bytes()
    at = 24
    for _ in range(2):
        at += 4 + int.from_bytes(content[at:at + 4], "little")
    end = at
    for _ in range(2):
        end += 4 + int.from_bytes(content[end:end + 4], "little")
    texts = b"".join(len(text).to_bytes(4, "little") + text for text in (path.encode(), version.encode()))
    settings.write_bytes(content[:at] + texts + content[end:])


def test_what_runs_and_what_is_installed(place, tmp_path):
    # A copy: doctor looks at whatever server of this machine has the module loaded.
    module = shutil.copy(lab_place.module("ngx_ccm_module.so"), tmp_path)
    start(place)
    release = ccmctl.run("--version").out.split()[-1]
    settings = place.settings_file()
    with_module(settings, module, release)
    ended = doctor(place, "--offline")
    assert found(ended, "agent of nginx")["verdict"] == "ok"
    assert found(ended, "module of nginx")["verdict"] == "ok"
    with_module(settings, module, "0.0.1")
    finding = found(doctor(place, "--offline"), "module of nginx", "loaded")
    assert finding["verdict"] == "look" and f"0.0.1 was loaded, but {release}" in finding["finding"]
    assert "systemctl restart nginx" in finding["remedy"]
    with_module(settings, "/nonexistent/ngx_ccm_module.so", release)
    assert found(doctor(place, "--offline"), "module of nginx")["verdict"] == "bad"


def test_an_agent_that_was_replaced(cloud, tmp_path, monkeypatch):
    agent = tmp_path / "ccm-agent"
    shutil.copy(lab_place.program("ccm-agent"), agent)
    place = agent_place.Place(tmp_path, cloud.facts)
    place.add_certificate("app", "names app.intra", f"source pca issuer={cloud.facts['issuer_id']}")
    programs = lab_place.program
    monkeypatch.setattr(lab_place, "program", lambda name: str(agent) if name == "ccm-agent" else programs(name))
    tmp_path.chmod(0o755)
    try:
        place.start().wait_for_certificate("app")
        monkeypatch.undo()
        with_module(place.settings_file(), "/nonexistent", "0.0.1")
        assert found(doctor(place, "--offline"), "agent of nginx")["verdict"] == "ok"
        agent.unlink()
        assert found(doctor(place, "--offline"), "agent of nginx")["verdict"] == "bad"
    finally:
        place.stop()
