# SPDX-License-Identifier: Apache-2.0
"""The status of a running server: what any worker says of all of them, of the agent and of the certificates."""

import http.client
import json
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import urllib.parse

import pytest
from lab import ctl, files, processes, prometheus, tls
from lab.apache import Apache
from lab.net import free_port
from lab.nginx import Nginx
from lab.server import Site
from lab.status import with_status
from lab.waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "packaging/examples"


@pytest.fixture(name="status")
def fixture_status(server, settings, cloud, intranet, public, private):
    cloud.issue(public.names)
    return with_status(server, settings=settings, certificates=[intranet], sites=[public, private])


def wait_for_good(status):
    return wait_until(lambda: (told := status.json())["server"]["level"] == "good" and told,
                      "a status with everything in order")


def settled(status):
    """The counts of handshakes once the server, too, is done with each: a client of TLS 1.3 is done before."""

    def counts():
        told = status.json()["server"]["handshakes"]
        told["good"] = told["full"] + told["resumed"]
        return told if told["started"] == told["good"] + sum(told["failures"].values()) else None

    return wait_until(counts, "the end of every handshake")


def test_it_tells_what_is_served_and_stored_and_counts_handshakes(server, status, cloud, private, public):
    server.start()
    serials = {site.names[0]: server.wait_for_certificate(site, cloud.trust()) for site in (private, public)}
    told = wait_for_good(status)
    assert (told["schema"], told["schema_version"]) == ("ccm-status", 1)
    assert told["agent"]["is_alive"] and told["agent"]["leads"]
    assert told["agent"]["credentials"] == "accepted"
    assert told["agent"]["process"] == server.agents()[0]
    assert told["summary"]["good"] == 2
    for each in told["certificates"]:
        assert each["state"] == "valid"
        assert each["stored"]["serial"] == each["served"]["serial"] == serials[each["names"][0]]
        assert each["served"]["is_what_is_stored"]
    name = told["certificates"][0]["name"]
    seen = wait_until(lambda: [event["type"] for event in status.certificate(name)["events"]], "its events")
    assert set(seen) <= {"renewing", "obtained", "installing", "installed", "served", "staple"} and "served" in seen
    assert re.search(r'events: \w+ <time datetime="', status.ask()[1])
    operations = {call["operation"]: call["outcomes"]["ok"] for call in told["calls"]}
    assert operations["scm.ListCertificates"] > 0

    before = settled(status)
    tls12 = tls.context(version=ssl.TLSVersion.TLSv1_2)
    with pytest.raises(tls.HandshakeFailure):
        server.show(private, tls.context(pathlib.Path(cloud.facts["ca_file"]).read_text()))
    for _ in range(4):
        server.show(private)
        server.show(private, tls12)
    after = settled(status)
    assert after["good"] == before["good"] + 8
    assert after["failures"]["client_unknown_ca"] == before["failures"]["client_unknown_ca"] + 1
    assert after["started"] == before["started"] + 9


def test_forms_methods_and_mistakes(server, status, private, cloud):
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    wait_for_good(status)
    page, text = status.ask()
    assert page.getheader("Content-Type") == "text/html; charset=utf-8"
    assert page.getheader("Cache-Control") == "no-store" and page.getheader("Vary") == "Accept"
    assert "default-src 'none'" in page.getheader("Content-Security-Policy")
    assert "intranet" in text and private.name in text and "http" not in text.split("<body>")[0]
    for tail, accept, expected in (
            ("", "application/json", "application/json"),
            ("/json", "*/*", "application/json"),
            ("?format=json", "text/html", "application/json"),
            ("/metrics", "*/*", "text/plain; version=0.0.4; charset=utf-8"),
            ("/metrics", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3",
             "application/openmetrics-text; version=1.0.0; charset=utf-8"),
            ("", "application/json;q=0.2, text/html;q=0.9", "text/html; charset=utf-8")):
        answer, body = status.ask(tail, Accept=accept)
        assert (answer.status, answer.getheader("Content-Type")) == (200, expected), tail
        assert body.endswith("# EOF\n") == ("openmetrics" in expected)
    head, body = status.ask("?format=html", method="HEAD")
    assert head.status == 200 and not body and int(head.getheader("Content-Length")) > 5000
    refused, sentence = status.ask(method="POST")
    assert (refused.status, refused.getheader("Allow")) == (405, "GET, HEAD")
    assert sentence == "the status can only be read: use GET or HEAD\n"
    for tail, said in (("?format=xml", "format must be html, json, prometheus or openmetrics"),
                       ("?page=0", "page must be a number from 1 to 1000000"),
                       ("?state=fine", "state must be trouble, good, warning, bad or")):
        answer, body = status.ask(tail)
        assert answer.status == 400 and body.startswith(said)
    found = status.json("?format=json&q=INTRA&state=valid&page=9&per_page=1")
    assert [each["name"] for each in found["certificates"]] == ["intranet"] and found["page"] == 1
    assert status.json("?format=json&q=no%20such")["matching"] == 0


def test_nothing_in_it_is_secret(server, status, scratch, private, cloud):
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    wait_for_good(status)
    profile = pathlib.Path(cloud.facts["credentials_file"]).read_text()
    secrets = re.findall(r"^(?:ak|sk|password)\s*=\s*(\S+)", profile, re.M)
    assert secrets
    for path, content in files.contents(scratch / "state"):
        if path.match("*key*.pem"):
            secrets += [line for line in content.decode().splitlines() if len(line) > 40]
    assert len(secrets) > 2
    for form in ("html", "json", "prometheus", "openmetrics"):
        _, text = status.ask(f"?format={form}")
        assert not [each for each in secrets if each in text]
        assert "PRIVATE KEY" not in text


def test_metrics_are_what_prometheus_takes(server, status, private, cloud):
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    told = wait_for_good(status)
    metrics = status.metrics()
    assert metrics["ccm_agent_up"] == 1
    assert metrics['ccm_certificate_state{certificate="intranet",state="valid"}'] == 1
    assert metrics['ccm_certificates{state="valid"}'] == 2
    assert metrics['ccm_certificate_served_is_stored{certificate="intranet"}'] == 1
    assert metrics["ccm_workers"] == len(told["server"]["workers"]) == len(server.workers())
    families = {re.sub("_(bucket|sum|count)$", "", re.split("[{ ]", name)[0]) for name in metrics}
    assert families <= documented(), "a metric that the reference does not have"
    need_promtool()
    _, text = status.ask("?format=prometheus")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def documented():
    """The metrics of the reference."""
    return set(re.findall(r"^\| `(ccm_\w+)[{`]", (ROOT / "docs/reference/status.md").read_text(), re.M))


def need_promtool():
    if shutil.which("promtool") is None:
        pytest.skip("promtool (Debian's package prometheus) is not installed")


def test_reference_alerts_and_dashboard_know_the_same_metrics():
    source = "".join((ROOT / f"common/server/status/{name}_metrics.cpp").read_text() for name in ("status", "fleet"))
    made = {name + {"counter": "_total", "info": "_info"}.get(kind, "")
            for name, kind in re.findall(r'family\(\s*"(ccm_\w+)", "(\w+)"', source)}
    made |= set(re.findall(r'\{"(ccm_certificate_\w+)",', source))
    assert made == documented()
    for name in ("ccm-alerts.yml", "ccm-dashboard.json"):
        used = set(re.findall(r"ccm_\w+", (EXAMPLES / name).read_text()))
        assert used and {re.sub("_bucket$", "", each) for each in used} <= made, name
    alerts, dashboard = (set(re.findall(r"ccm_fleet_\w+", (EXAMPLES / name).read_text()))
                         for name in ("ccm-alerts.yml", "ccm-dashboard.json"))
    assert alerts and alerts <= dashboard, "an alert of a fleet whose metric no panel shows"


def panels(board):
    """All panels of a dashboard, those of folded rows too."""
    return [each for panel in board["panels"] for each in (panel, *panel.get("panels", ()))]


def expressions(instance, interval):
    """(panel, target, expression) of all panels of our dashboard, as Grafana fills in its variables."""
    board = json.loads((EXAMPLES / "ccm-dashboard.json").read_text())
    filled = [(panel, target, target["expr"].replace("$instance", instance).replace("$__rate_interval", interval))
              for panel in panels(board) for target in panel.get("targets", ())]
    assert filled and not [expression for *_, expression in filled if "$" in expression]
    return filled


def test_the_dashboard_is_one_that_prometheus_takes(scratch):
    need_promtool()
    every = panels(json.loads((EXAMPLES / "ccm-dashboard.json").read_text()))
    assert len({each["id"] for each in every}) == len(every)
    rules = [{"record": f"panel{panel['id']}:{target['refId']}", "expr": expression}
             for panel, target, expression in expressions(".*", "2m")]
    (scratch / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", "panels.yml"], cwd=scratch, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_fire_when_they_should_and_not_otherwise(scratch):
    need_promtool()
    shutil.copy(EXAMPLES / "ccm-alerts.yml", scratch)
    shutil.copy(ROOT / "tests/data/ccm-alerts.test.yml", scratch)
    for kind, name in (("check", "ccm-alerts.yml"), ("test", "ccm-alerts.test.yml")):
        done = subprocess.run(["promtool", kind, "rules", name], cwd=scratch, capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_an_agent_that_does_not_move_shows_within_ten_seconds(server, status, private, cloud):
    server.allow("no agent has given a sign of life|has not moved for a while")
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    wait_for_good(status)
    ours = [pid for name in ("ccm-monitor", "ccm-guard", "ccm-agent") for pid in processes.named(name)
            if str(server.directory) in processes.descriptor(pid, 2) or pid in server.agents()]
    for pid in ours:
        processes.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: not status.json()["agent"]["is_alive"], "a silent agent", timeout=10)
        assert status.json()["server"]["level"] == "bad"
        assert status.metrics()["ccm_agent_up"] == 0
        assert "No agent has given a sign of life for" in status.ask()[1]
        said = ctl.run(server.directory.parent / "state", "check", status=None)
        assert not said.startswith("CCM OK")
        assert re.search("its agent has given no sign of life for |has not moved for ", said)
    finally:
        for pid in ours:
            processes.kill(pid, signal.SIGCONT)
    wait_for_good(status)


def test_counts_outlive_reload_and_workers(server, status, private, cloud):
    server.allow(server.killed_worker)
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    wait_for_good(status)
    before = settled(status)["good"]
    server.reload()
    wait_for_good(status)
    assert settled(status)["good"] == before
    worker = server.workers()[0]
    processes.kill(worker)
    wait_until(lambda: worker not in server.workers() and len(server.workers()) >= 2, "another worker")
    server.show(private)
    assert settled(status)["good"] == before + 1
    alive = {each["process"] for each in status.json()["server"]["workers"]}
    assert worker not in alive


@pytest.mark.parametrize("mpm", ["prefork", "worker"])
def test_every_child_of_apache_counts(make_server, settings, cloud, intranet, private, mpm):
    server = make_server(Apache, mpm=mpm)
    status = with_status(server, settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    before = settled(status)["full"]
    for _ in range(6):
        server.show(private)
    assert settled(status)["full"] == before + 6


def test_the_placeholder_is_counted_and_said_once(server, settings):
    server.allow("SCM has no usable certificate for none.example")
    site = Site(free_port(), ("none.example",), ("source=scm",))
    status = with_status(server, settings=settings, sites=[site])
    server.start()
    for _ in range(3):
        server.show(site)
    told = settled(status)
    assert told["placeholder"] == told["good"] == 3
    assert len(re.findall("a client was shown the placeholder", server.log_text())) == 1
    wait_until(lambda: status.certificate("none.example")["state"] in ("failing", "missing", "waiting"),
               "what is wrong")
    worst = status.certificate("none.example")
    assert worst["level"] in ("bad", "warning") and not worst["served"]["is_what_is_stored"]


def test_apaches_own_status_page_has_a_section(make_server, settings, cloud, intranet, private):
    server = make_server(Apache)
    status = with_status(server, settings=settings, certificates=[intranet], sites=[private],
                         modules=("ssl", "ccm", "status"),
                         main="<Location /server-status>\n    SetHandler server-status\n</Location>\n")
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    wait_for_good(status)

    def ask(path):
        connection = http.client.HTTPConnection("127.0.0.1", status.port, timeout=20)
        connection.request("GET", path)
        return connection.getresponse().read().decode()

    assert "<h2>CCM TLS</h2>" in ask("/server-status") and "intranet: valid" in ask("/server-status")
    assert "CCMAgentUp: 1\nCCMCertificates: 1\n" in ask("/server-status?auto")


# What panels show only while something is wrong.
TROUBLE = {"Not in order", "Failed handshakes per second", "Renewals that failed in a row"}


def panels_without_values(scraper, instance):
    """Titles of the panels of the dashboard for which Prometheus has no value, but for those of fleets."""
    empty = set()
    for panel, _, expression in expressions(instance, "30s"):
        answer = scraper.ask("query?query=" + urllib.parse.quote(expression))
        assert answer is not None, f"{panel['title']}: Prometheus refuses {expression}"
        values = [each["value"][1] for each in answer["result"]]
        if "ccm_fleet" not in expression and (not values or set(values) == {"NaN"}):
            empty.add(panel["title"])
    return empty


@pytest.mark.skipif(prometheus.PROGRAM is None, reason="prometheus is not installed")
def test_a_real_prometheus_scrapes_both_servers(make_server, settings, cloud, intranet, scratch):
    statuses = []
    for kind in (Nginx, Apache):
        site = Site(free_port(), ("app.intra.example",), ("intranet",))
        server = make_server(kind, kind.__name__.lower())
        statuses.append(with_status(server, settings=settings, certificates=[intranet], sites=[site]))
        server.start()
        server.wait_for_certificate(site, cloud.trust())
    with prometheus.Prometheus(scratch, statuses, EXAMPLES / "ccm-alerts.yml") as scraper:
        all_say_one = dict.fromkeys(scraper.targets, 1.0)
        wait_until(lambda: scraper.values("ccm_agent_up") == all_say_one, "what both servers say", interval=0.5)
        wait_until(lambda: scraper.values('sum by (instance) (ccm_certificates{state="valid"})') == all_say_one,
                   "a certificate in order at each", interval=0.5)
        groups = scraper.ask("rules")["groups"]
        assert groups and all(rule["health"] in ("ok", "unknown") for group in groups for rule in group["rules"])
        alerts = scraper.ask("alerts")["alerts"]
        assert not [alert for alert in alerts if alert["labels"]["alertname"] == "CcmAgentDead"]
        # Debian has no Grafana, so nobody draws the panels here.
        for instance in (".*", scraper.targets[0]):
            wait_until(lambda chosen=instance: panels_without_values(scraper, chosen) <= TROUBLE,
                       "a value of each panel", interval=0.5)
        listed = scraper.ask("series?match[]=ccm_agent_up")
        assert {each["instance"] for each in listed} == set(scraper.targets), "what the dashboard's variable offers"
