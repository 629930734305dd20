# SPDX-License-Identifier: Apache-2.0
"""A stored certificate that fits is served under any name; an unsuitable state path is refused."""

import dataclasses
import os

import pytest
from lab import tls

OTHER = "shop.example.com"


def moved(how, public):
    """The site after an edit that gives its certificate another name in the store."""
    if how == "swapped":
        return dataclasses.replace(public, names=tuple(reversed(public.names)))
    if how == "another first":
        return dataclasses.replace(public, names=public.names[1:])
    return dataclasses.replace(public, certificates=("source=scm key=ecdsa:256",))


@pytest.mark.parametrize("how", ["swapped", "another first", "with a key"])
def test_an_edit_while_the_cloud_is_away_keeps_the_certificate(server, settings, cloud, public, how):
    site = dataclasses.replace(public, names=(*public.names, OTHER))
    cloud.issue(site.names)
    server.allow("SCM|IAM|connect|cloud")
    server.configure(settings=settings, sites=[site])
    server.start()
    serial = server.wait_for_certificate(site, cloud.trust())
    cloud.stop()
    edited = moved(how, site)
    server.configure(settings=settings, sites=[edited])
    server.reload()
    server.wait_for_log(r"so what is stored for \"[^\"]+\" is shown")
    assert server.show(edited, tls.context(cloud.trust())).serial == serial
    # The agent knows it as its own from then on, so a start finds it there.
    server.wait_for_log(r"it has version 1 from what was stored for")
    server.stop()
    mark = server.log_size()
    server.start()
    assert server.show(edited, tls.context(cloud.trust())).serial == serial
    assert "so what is stored for" not in server.log_text(since=mark)
    server.stop()


def test_a_directory_with_other_files_stays_as_it_is(server, settings, cloud, public, scratch):
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    cloud.issue(public.names)
    precious = scratch / "etc"
    (precious / "ssl").mkdir(parents=True)
    for file in (precious / "shadow", precious / "ssl" / "key.pem"):
        file.write_text("x")
        file.chmod(0o600)
    server.allow("state directory")
    server.configure(settings={**settings, "state_path": precious}, sites=[public])
    server.start()
    server.wait_for_log(r'the state directory .* holds "shadow" and was not made by this program')
    # The server serves all the same: its placeholder.
    assert server.show(public).serial
    server.stop()
    assert {path.stat().st_uid for path in (precious, *precious.rglob("*"))} == {0}
    assert sorted(path.name for path in precious.rglob("*")) == ["key.pem", "shadow", "ssl"]
