# SPDX-License-Identifier: Apache-2.0
"""Commands that change who is in a fleet, and its keys. None of these tests has an agent or a cloud."""

import base64
import concurrent.futures
import contextlib
import http.server
import json
import threading
import urllib.request

import pytest
from lab import ctl
from lab.etcd import PROGRAM, Etcd
from lab.fleet import Fleet

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="there is no /usr/bin/etcd")


def test_the_status_marks_whoever_lacks_the_newest_key(scratch):
    with Etcd(scratch / "etcd", members=1) as etcd:
        fleet = Fleet(scratch, None, etcd, None)
        first = fleet.let_in("one")
        for number in range(12):
            fleet.let_in(f"late-{number}")
        before = etcd.values()

        def marked():
            status = json.loads(ctl.run(scratch, "fleet", "status", "--json", *fleet.place(first)))
            return {host["name"] for host in status["hosts"] if not host["has_newest_key"]}

        fleet.ctl(first, "rotate")
        assert not marked()
        assert "newest key" not in ctl.run(scratch, "fleet", "status", *fleet.place(first))
        # As a change leaves it that was cut short behind its first host.
        own = next(host["id"] for host in json.loads(
            ctl.run(scratch, "fleet", "status", "--json", *fleet.place(first)))["hosts"] if host["is_this_host"])
        for key, value in before.items():
            if key.startswith("/cl/web/hosts/") and not key.endswith(own):
                etcd.put(key, value)
        etcd.delete("/cl/web/~complete")
        late = {f"late-{number}" for number in range(12)}
        assert marked() == late
        said = ctl.run(scratch, "fleet", "status", *fleet.place(first))
        assert said.count("lacks the newest key") == 12
        [line] = [line for line in said.splitlines() if line.startswith("without the fleet's newest key: ")]
        assert all(name in line for name in late)
        refused = ctl.run(scratch, "fleet", "rotate", *fleet.place(first), status=4)
        assert "and 2 more" in refused and "`ccmctl fleet status` marks all of them" in refused
        fleet.ctl(first, "rotate", "--yes")
        assert not marked()


@contextlib.contextmanager
def cut_after(url, key, requests):
    """A way to etcd that passes on so many requests about a key, and then nothing any more. Its URL."""
    left, is_cut = [requests], threading.Event()
    text = base64.b64encode(key.encode())

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if text in body:
                left[0] -= 1
                if left[0] < 0:
                    is_cut.set()
            if is_cut.is_set():
                return
            with urllib.request.urlopen(urllib.request.Request(url + self.path, data=body), timeout=10) as answer:
                said = answer.read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_leave_that_was_cut_short_is_done_again(scratch):
    with Etcd(scratch / "etcd", members=1) as etcd:
        fleet = Fleet(scratch, None, etcd, None)
        first = fleet.let_in("one")
        # More than get the key in one transaction.
        for name in [*(f"h-{number}" for number in range(54)), "gone"]:
            fleet.let_in(name)
        place = fleet.place(first)
        with cut_after(etcd.endpoints[0], "/cl/web/~rotation", 3) as url:
            cut = [url if word == etcd.endpoints[0] else word for word in place]
            said = ctl.run(scratch, "fleet", "leave", "gone", "--yes", *cut, status=None)
        assert "is no member any more" not in said
        etcd.delete("/cl/web/~rotation")  # as it goes away by itself

        def hosts():
            status = json.loads(ctl.run(scratch, "fleet", "status", "--json", *place))
            return {host["name"]: host["has_newest_key"] for host in status["hosts"]}

        before = hosts()
        assert "gone" not in before and len(before) == 55
        assert before["one"] and 0 < list(before.values()).count(False) < 55
        said = ctl.run(scratch, "fleet", "leave", "gone", "--yes", *place)
        assert "gone: is no member any more" in said and "did not get the new key" not in said
        assert all(hosts().values())
        assert "has no host" in ctl.run(scratch, "fleet", "leave", "gone", "--yes", *place, status=2)


def test_commands_that_meet_all_get_their_way(scratch):
    with Etcd(scratch / "etcd") as etcd:
        fleet = Fleet(scratch, None, etcd, None)
        first = fleet.let_in("one")
        gone = fleet.let_in("gone")
        keys = {name: scratch / f"{name}.key" for name in ("two", "three")}
        requests = [fleet.ctl(key, "join", "--name", name, "--fleet-key", fleet.key_id) for name, key in keys.items()]
        changes = [["rotate"]] * 4 + [["admit", request] for request in requests] + [["leave", "gone", "--yes"]]
        with concurrent.futures.ThreadPoolExecutor(len(changes)) as pool:
            said = list(pool.map(lambda words: fleet.ctl(first, *words), changes))
        assert len(set(said[:4])) == 4, "each rotation has made a key"
        status = json.loads(ctl.run(scratch, "fleet", "status", "--json", *fleet.place(first)))
        assert {host["name"] for host in status["hosts"]} == {"one", "two", "three"}
        # Whoever was let in in the middle believes what the member printed, and has the newest key. The one who has
        # left has not.
        for (name, key), trusted in zip(keys.items(), said[4:6]):
            fleet.ctl(key, "join", "--name", name, "--fleet-key", trusted)
        [seals] = {json.loads(ctl.run(scratch, "fleet", "keys", "--json", *fleet.place(key)))["seals"]
                   for key in (first, *keys.values())}
        assert seals in said
        assert "no member of the fleet any more" in ctl.run(scratch, "fleet", "keys", *fleet.place(gone), status=4)
