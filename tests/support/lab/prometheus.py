# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus, which scrapes servers of the lab every second."""

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

from .net import free_port

PROGRAM = shutil.which("prometheus")


class Prometheus:
    """Scrapes `statuses` and evaluates the rules of a file. `at_once`: no alert waits as long as its rule says."""

    def __init__(self, scratch, statuses, rules, at_once=False):
        self.targets = [f"127.0.0.1:{status.port}" for status in statuses]
        text = rules.read_text()
        (scratch / "rules.yml").write_text(re.sub(r"^(\s+for:) .*$", r"\1 0s", text, flags=re.M) if at_once else text)
        (scratch / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "ccm", "metrics_path": "/ccm-status/metrics",
                                "static_configs": [{"targets": self.targets}]}]}))
        self.port = free_port()
        with open(scratch / "prometheus.log", "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, f"--config.file={scratch}/prometheus.yml", f"--storage.tsdb.path={scratch}/tsdb",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)

    def ask(self, query):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{query}", timeout=10) as answer:
                return json.loads(answer.read())["data"]
        except OSError:
            return None

    def values(self, expression):
        """By instance."""
        data = self.ask("query?query=" + urllib.parse.quote(expression))
        return {each["metric"]["instance"]: float(each["value"][1]) for each in data["result"]} if data else {}

    def firing(self):
        """Of each alert that fires the instances, empty without one; None when Prometheus does not answer."""
        data = self.ask("alerts")
        if data is None:
            return None
        found = {}
        for each in data["alerts"]:
            if each["state"] == "firing":
                found.setdefault(each["labels"]["alertname"], set()).add(each["labels"].get("instance", ""))
        return found
