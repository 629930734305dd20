# SPDX-License-Identifier: Apache-2.0
"""The status page in a real browser: what people see, that it refreshes, and that everybody can use it."""

import json
import re
import shutil
import subprocess
import urllib.parse

import pytest
from lab import npm
from lab.status import with_status

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
    return status


@pytest.mark.parametrize("kind", ["nginx"], indirect=True)
def test_people_can_read_and_use_it(status, browse, scratch):
    url = f"http://127.0.0.1:{status.port}/ccm-status"
    # Long enough for the page to fetch itself once.
    document = browse(url, "--virtual-time-budget=7000", "--dump-dom")
    assert re.search(r'<p id="lost"[^>]*></p>', document), "the page could not refresh itself"
    names = re.findall(r'<th scope="row">([\w.]+)<br', document)
    assert names == ["www.example.com", "intranet"], "the worst first"

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
