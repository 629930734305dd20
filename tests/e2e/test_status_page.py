# SPDX-License-Identifier: Apache-2.0
"""The status page in a real browser: what people see, that it refreshes, and that everybody can use it."""

import datetime
import json
import re
import shutil
import subprocess
import urllib.parse

import pytest
from lab import npm
from lab.status import with_status
from lab.waiting import wait_until

# What axe counts as a fault of ours: the rules of WCAG 2.2, levels A and AA, and what it calls best practice.
RUN_AXE = """
<script>
axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
  .then(function (found) {
    var text = JSON.stringify(found.violations.map(function (each) {
      return each.id + ": " + each.nodes.map(function (node) { return node.html; }).join(" | ");
    }));
    document.body.innerHTML = '<pre id="axe">' + encodeURIComponent(text) + '</pre>';
  });
</script>
"""
# Where the parts of each bar of life are drawn, from 0 (its left end) to 1.
MEASURE_BARS = """
<script>
  var bars = Array.prototype.map.call(document.querySelectorAll("tr"), function (row) {
    var bar = row.querySelector(".bar:not(.none)"), found = {};
    if (!bar) return null;
    var whole = bar.getBoundingClientRect();
    ["window", "spent"].forEach(function (part) {
      var box = bar.querySelector("." + part).getBoundingClientRect();
      found[part] = [(box.left - whole.left) / whole.width, (box.right - whole.left) / whole.width];
    });
    return [row.querySelector("th").firstChild.textContent, found];
  });
  var text = JSON.stringify(bars.filter(Boolean));
  document.body.innerHTML = '<pre id="bars">' + encodeURIComponent(text) + '</pre>';
</script>
"""
LOOKS = {"wide": ["--window-size=1300,900"], "narrow": ["--window-size=500,900"],
         "dark": ["--window-size=1300,900", "--force-dark-mode", "--blink-settings=preferredColorScheme=0"]}


@pytest.fixture(scope="module", name="chromium")
def fixture_chromium():
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium (Debian's package of that name) is not installed")
    return found


@pytest.fixture(name="browse")
def fixture_browse(chromium, scratch):
    """What the browser prints when it is done with a page."""

    def browse(url, *options):
        done = subprocess.run(
            [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
             f"--user-data-dir={scratch}/browser", *options, url],
            capture_output=True, text=True, timeout=120, check=False,
            env={"HOME": str(scratch), "PATH": "/usr/bin:/bin"})
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return browse


@pytest.fixture(name="status")
def fixture_status(server, settings, cloud, intranet, public, private):
    """One certificate that is in order and one that SCM does not have."""
    status = with_status(server, settings=settings, certificates=[intranet], sites=[public, private])
    server.allow("SCM has no usable certificate")
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    wait_until(lambda: status.certificate("intranet")["state"] == "valid"
               and status.certificate("www.example.com")["state"] != "unknown", "the agent's word about both")
    return status


@pytest.mark.parametrize("kind", ["nginx"], indirect=True)
def test_people_can_read_and_use_it(status, browse, scratch):
    url = f"http://127.0.0.1:{status.port}/ccm-status"
    # Long enough for the page to fetch itself once.
    document = browse(url, "--virtual-time-budget=7000", "--dump-dom")
    assert re.search(r'<p id="lost"[^>]*></p>', document), "the page could not refresh itself"
    names = re.findall(r'<th scope="row">([\w.]+)<br', document)
    assert names == ["www.example.com", "intranet"], "the worst first"
    assert "served: what is stored" in document

    axe = (npm.install("axe") / "node_modules/axe-core/axe.min.js").read_text()
    page = status.ask()[1]
    for look, options in LOOKS.items():
        copy = scratch / f"{look}.html"
        # Without the page's own script, which would go on fetching.
        bare = re.sub(r"<script>.*</script>", "", page, flags=re.S)
        copy.write_text(bare.replace("</body>", f"<script>{axe}</script>{RUN_AXE}</body>"))
        done = browse(f"file://{copy}", *options, "--virtual-time-budget=20000", "--dump-dom")
        found = re.search(r'<pre id="axe">(.*?)</pre>', done)
        assert found, "axe did not come to an end"
        assert json.loads(urllib.parse.unquote(found[1])) == [], look


@pytest.mark.parametrize("kind", ["nginx"], indirect=True)
def test_the_bar_shows_the_life_that_has_passed_and_the_time_of_the_renewal(status, browse, scratch):
    def told():
        known = {each["name"]: each for each in status.json()["certificates"]}["intranet"]
        is_complete = known["stored"] and known["served"]["staple_until"] and known["renew_at"]
        return {**known["stored"], "renew_at": known["renew_at"]} if is_complete else None

    known = wait_until(told, "the staple and the time of the renewal")
    page = status.ask()[1]
    row = re.search(r'<tr[^>]*>(?:(?!</tr>).)*<th scope="row">intranet<br.*?</tr>', page, re.S)[0]
    assert "an OCSP response is stapled; it ends <time" in row
    assert re.search(rf">\d+d \d+h left of \d+d[^,<]*, until {known['not_after'][:10]}</time>; renewal in \d+d", row), row
    copy = scratch / "bars.html"
    bare = re.sub(r"<script>.*</script>", "", page, flags=re.S)
    copy.write_text(bare.replace("</body>", MEASURE_BARS + "</body>"))
    done = browse(f"file://{copy}", *LOOKS["wide"], "--virtual-time-budget=5000", "--dump-dom")
    bars = json.loads(urllib.parse.unquote(re.search(r'<pre id="bars">(.*?)</pre>', done)[1]))
    assert [name for name, _ in bars] == ["intranet"], "the other one has no certificate"
    times = {key: datetime.datetime.fromisoformat(known[key].replace("Z", "+00:00"))
             for key in ("not_before", "not_after", "renew_at")}
    whole = times["not_after"] - times["not_before"]
    begin = (times["renew_at"] - times["not_before"]) / whole
    passed = (datetime.datetime.now(datetime.timezone.utc) - times["not_before"]) / whole
    assert bars[0][1]["window"] == pytest.approx([begin, 1], abs=0.01), "the window is at the end of the life"
    assert bars[0][1]["spent"] == pytest.approx([0, passed], abs=0.01), "what has passed is at its beginning"
