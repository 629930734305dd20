# SPDX-License-Identifier: Apache-2.0
"""Help, manual and completion."""

import re
import shutil
import subprocess

import ccmctl
import pytest
from lab import place

TOP = {"status", "list", "show", "history", "renew", "rollback", "events", "orders", "forget", "import", "agent", "export", "issue",
       "push", "deploy", "revoke", "certificates", "csr",
       "ca", "private-certificates", "apig", "account", "doctor", "policy", "api", "generate"}


def generated(form):
    ended = ccmctl.run("generate", form)
    assert ended.status == 0
    return ended.out


def test_the_manual_has_every_command():
    text = generated("man")
    for word in TOP - {"orders", "certificates", "csr", "ca", "private-certificates", "apig", "account", "api"}:
        assert f".SS ccmctl {word}\n" in text
    assert ".SS ccmctl ca create\n" in text


@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not here")
def test_the_manual_is_well_formed(tmp_path):
    page = tmp_path / "ccmctl.1"
    page.write_text(generated("man"))
    made = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(page)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    # It has no date, so that the same source makes the same page.
    complaints = [line for line in made.stdout.decode().splitlines() if "missing date" not in line]
    assert complaints == []
    if shutil.which("man"):
        made = subprocess.run(["man", "--warnings", "--local-file", str(page)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                              timeout=60, check=True)
        assert made.stderr == b"" and b"ccmctl" in made.stdout


def test_every_command_explains_itself():
    for words in (["--help"], ["ca", "--help"], ["ca", "create", "--help"], ["api", "call", "--help"]):
        ended = ccmctl.run(*words)
        assert ended.status == 0 and "Usage" in ended.out
        assert ended.out.rstrip().splitlines()[-1].startswith("  ccmctl "), "it ends with an example"
    ended = ccmctl.run("statsu")
    assert ended.status == 2 and "did you mean status?" in ended.err
    ended = ccmctl.run("export", "www", "--fromat", "pem")
    assert ended.status == 2 and "did you mean --format?" in ended.err
    assert ccmctl.run("show").err == "ccmctl: `ccmctl show`: NAME is required; see `ccmctl show --help`\n"
    assert ccmctl.run("--version").out.startswith("ccmctl ")
    assert ccmctl.run().status == 2
    assert re.search(r"^  generate  +Prints the manual page", ccmctl.run("--help").out, re.MULTILINE)
    for code in range(7):
        assert f"  {code}  " in ccmctl.run("--help").out


def test_help_names_the_global_options_that_count():
    def counting(*words):
        text = ccmctl.run(*words, "--help").out
        return text.split("count here")[1].split(":\n")[1].split("\n\n")[0].split()
    assert counting("status") == ["--state-dir", "--server", "--json"]
    assert "--dry-run" in counting("renew") and "--region" in counting("ca", "create")
    assert "count here" not in ccmctl.run("agent", "--help").out
    for word in ("--dry-run", "--region"):
        assert ccmctl.run("status", word, *(["x"] if word == "--region" else [])).status == 2


def test_the_documentation_has_every_command_and_status():
    text = (place.ROOT / "docs/ccmctl.md").read_text(encoding="utf-8")
    for word in TOP:
        assert f"`ccmctl {word}" in text, word
    listed = ccmctl.run("--help").out.split("Exit status:\n")[1].split("\n\n")[0]
    for line in filter(None, listed.splitlines()):
        code, meaning = line.split(maxsplit=1)
        assert f"| {code} | {meaning} |" in text
