# SPDX-License-Identifier: Apache-2.0
"""Ways to authenticate, and that a wrong key is never tried until the cloud locks it."""

import configparser
import os
import re

from lab import ctl, processes, tls
from lab.net import free_port
from lab.server import Certificate, Site
from lab.status import with_status
from lab.waiting import wait_until


def write_profile(path, section, **fields):
    """Replaces a credentials file at once, as an editor or an orchestrator does."""
    new = path.with_suffix(".new")
    new.write_text(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items()))
    new.chmod(0o600)
    os.replace(new, path)


def access_key(cloud):
    profile = configparser.ConfigParser(interpolation=None)
    profile.read(cloud.facts["credentials_file"])
    return dict(profile["global"])


def refusals(cloud):
    return [entry for entry in cloud.requests() if entry["status"] == 401]


def test_a_wrong_secret_is_tried_twice_at_most_whatever_happens(
        server, settings, cloud, scratch):
    good = access_key(cloud)
    profile = scratch / "profile"
    write_profile(profile, "global", **{**good, "sk": "wrong" + good["sk"]})
    settings["credentials"] = f"file={profile}"
    source = f"pca issuer={cloud.facts['issuer_id']}"
    names = [f"host{number}.intra.example" for number in range(5)]
    blocks = [Certificate(name.split(".", maxsplit=1)[0], source, (name,)) for name in names]
    sites = [Site(free_port(), (name,), (block.name,)) for name, block in zip(names, blocks)]
    cloud.issue(["www.example.com"])
    sites.append(Site(free_port(), ("www.example.com",), ("source=scm",)))
    server.configure(settings=settings, certificates=blocks, sites=sites)
    server.allow('certificate "|credentials')
    server.start()
    server.wait_for_log(r"the credentials were refused 2 times in a row")
    for _ in range(3):
        server.reload()
        agent = server.wait_for_agent()
        mark = server.log_size()
        processes.kill(agent)
        server.wait_for_agent(but_not=[agent])
        server.wait_for_log("are not tried", since=mark)
    assert 1 <= len(refusals(cloud)) <= 2
    # New content is taken up without a reload.
    write_profile(profile, "global", **good)
    for site in sites:
        server.wait_for_certificate(site, cloud.trust())
    assert len(refusals(cloud)) <= 2


def test_a_file_that_is_missing_after_the_start_is_waited_for(
        server, settings, cloud, intranet, private, scratch):
    profile = scratch / "profile"
    write_profile(profile, "global", ak="x", nothing="y")
    settings["credentials"] = f"file={profile}"
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.allow("credentials")
    server.start()
    server.wait_for_log(r"credentials.*profile.*sk is missing")
    write_profile(profile, "basic", **access_key(cloud))
    server.wait_for_certificate(private, cloud.trust())


def test_a_working_agent_survives_a_bad_credentials_file(
        server, settings, cloud, intranet, private, scratch):
    profile = scratch / "profile"
    write_profile(profile, "global", **access_key(cloud))
    settings["credentials"] = f"file={profile}"
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.allow(r"profile has changed and cannot be used")
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    agent = server.wait_for_agent()
    # Half of it is there: somebody writes it in place, or something went wrong on the way.
    profile.write_text(f"[global]\nak = {access_key(cloud)['ak']}\n")
    server.wait_for_log(r"profile has changed and cannot be used: .*sk is missing")
    cloud.revoke_issued()
    serial = server.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    assert server.wait_for_agent() == agent
    # It is taken as soon as it is good.
    write_profile(profile, "global", **access_key(cloud))
    server.wait_for_log(r"profile has changed; the agent starts anew with it")
    server.wait_for_agent(but_not=[agent])
    cloud.revoke_issued()
    server.wait_for_certificate(private, cloud.trust(), but_not=[serial])


def wait_for_staples(site, count):
    """Until so many OCSP responses were seen, one after the other."""
    ends = set()

    def seen():
        said = tls.staple(site.port, site.name)
        ends.update(said[1:] if said else ())
        return len(ends) >= count

    wait_until(seen, f"{count} OCSP responses of {site.name}")


def test_an_agent_that_starts_anew_with_a_bad_file_does_all_that_needs_no_call(
        server, settings, cloud, intranet, private, scratch):
    cloud.admin("POST", "/options", {"ocsp_lifetime_s": 8})
    profile, state = scratch / "profile", settings["state_path"]
    write_profile(profile, "global", **access_key(cloud))
    settings["credentials"] = f"file={profile}"
    status = with_status(server, settings=settings, certificates=[intranet], sites=[private])
    server.start()
    first = server.wait_for_certificate(private, cloud.trust())
    ctl.run(state, "renew", "intranet")
    serial = server.wait_for_certificate(private, cloud.trust(), but_not=[first])
    agent = server.wait_for_agent()
    server.allow(r"credentials file|has changed and cannot be used")
    # Whoever writes it has died, and so does the agent.
    profile.write_text("[global]\nak\n")
    server.wait_for_log(r"has changed and cannot be used: .*line 2")
    mark = server.log_size()
    processes.kill(agent)
    server.wait_for_log(r"credentials file \S+: line 2: .*served but not renewed", since=mark)
    wait_until(lambda: {"leads": True, "credentials": "unreadable"}.items() <= status.json()["agent"].items(),
               "an agent that leads without credentials")
    said = " ".join(ctl.run(state, "doctor", status=1).split())
    assert re.search(r"credentials file \S+: line 2: is not", said), said
    wait_for_staples(private, 3)
    assert "line 2" in ctl.run(state, "renew", "intranet", status=None)
    assert server.show(private).serial == serial
    ctl.run(state, "rollback", "intranet")
    assert server.wait_for_certificate(private, cloud.trust()) == first
    write_profile(profile, "global", **access_key(cloud))
    wait_until(lambda: {"leads": True, "credentials": "unknown"}.items() <= status.json()["agent"].items(),
               "an agent that leads with credentials")
    ctl.run(state, "renew", "intranet")
    server.wait_for_certificate(private, cloud.trust(), but_not=[first, serial])


def test_a_named_profile(server, settings, cloud, intranet, private, scratch):
    profile = scratch / "profile"
    write_profile(profile, "production", **access_key(cloud))
    settings["credentials"] = f"file={profile} profile=production"
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_certificate(private, cloud.trust())


def test_a_rotated_key_is_taken_up(both, cloud, private):
    both.allow("certificate|credentials")
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    cloud.admin("POST", "/accounts/demo/rotate")
    cloud.revoke_issued()
    both.wait_for_certificate(private, cloud.trust(), but_not=[serial])


def test_token_login(server, settings, cloud, intranet, private, scratch):
    facts, profile = cloud.facts, scratch / "profile"
    write_profile(profile, "global", username=facts["user_name"], password=facts["password"],
                  domain_name=facts["domain_name"], project_name=facts["project_name"])
    settings["credentials"] = f"file={profile}"
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    assert tokens(cloud) == 1
    # A token that expires early is replaced without anybody noticing.
    cloud.admin("POST", "/tokens/expire")
    cloud.revoke_issued()
    server.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    assert tokens(cloud) == 2


def tokens(cloud):
    return sum(entry["service"] == "iam" and entry["status"] == 201 for entry in cloud.requests())


def test_keys_of_the_ecs_agency_are_refreshed_in_time(server, settings, cloud, intranet, private):
    cloud.admin("POST", "/options", {"metadata_key_lifetime_s": 8, "metadata_token": "required"})
    settings["credentials"] = "ecs"
    settings["metadata_endpoint"] = cloud.facts["metadata"]
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    first = used_keys(cloud)
    wait_until(lambda: len(used_keys(cloud)) >= len(first) + 2, "calls with two more keys", timeout=60)
    assert not [entry for entry in refusals(cloud) if entry["service"] in ("pca", "scm")]


def used_keys(cloud):
    return {entry["access_key"] for entry in cloud.requests() if entry["service"] == "pca"}
