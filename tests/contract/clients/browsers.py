# SPDX-License-Identifier: Apache-2.0
"""Chromium without a window, told what to do through its debugging pipe, with authorities of our own."""

import json
import os
import subprocess


class Chromium:
    """A browser with a profile in `home`, which trusts the certificates in the files `roots`."""

    def __init__(self, program, home, roots):
        database = home / ".pki/nssdb"
        database.mkdir(parents=True)
        certutil = ["certutil", "-d", f"sql:{database}"]
        subprocess.run([*certutil, "-N", "--empty-password"], check=True)
        for root in roots:
            subprocess.run([*certutil, "-A", "-t", "C,,", "-n", root.name, "-i", root], check=True)
        to_browser, self._requests = os.pipe()
        self._answers, from_browser = os.pipe()
        # The browser wants the pipes as its descriptors 3 and 4.
        words = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--remote-debugging-pipe", f"--user-data-dir={home}/profile", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update",
                 "--host-resolver-rules=MAP * 127.0.0.1", "about:blank"]
        shell = f'exec "$@" 3<&{to_browser} 4>&{from_browser} {to_browser}<&- {from_browser}>&-'
        # pylint: disable=consider-using-with
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "sh", *words], env={**os.environ, "HOME": str(home)},
            pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._number = 0
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._requests)
        os.close(self._answers)

    def _call(self, method, session=None, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._requests, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._buffer:
                more = os.read(self._answers, 65536)
                assert more, "the browser has ended"
                self._buffer += more
            text, self._buffer = self._buffer.split(b"\0", 1)
            answer = json.loads(text)
            if answer.get("id") == self._number:
                assert "result" in answer, answer
                return answer["result"]

    def visit(self, url):
        """ "ok", or why there is nothing to see."""
        return self._call("Page.navigate", self._session, url=url).get("errorText") or "ok"

    def fetch(self, urls):
        """What visit() would say of each, but without the reason, which is much faster."""
        script = """(urls) => Promise.all(urls.map(
            url => fetch(url, {mode: "no-cors"}).then(() => "ok", error => String(error))))"""
        answer = self._call("Runtime.evaluate", self._session, awaitPromise=True, returnByValue=True,
                            expression=f"({script})({json.dumps(urls)})")
        return answer["result"]["value"]
