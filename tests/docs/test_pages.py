# SPDX-License-Identifier: Apache-2.0
"""Every page of the documentation does what it says: its commands and files, from top to bottom."""

import contextlib
import re
import subprocess
import time

import page
import pytest
from exceptions import NOT_RUN
from lab import place
from setups import SETUPS

PAGES = page.pages()
WAIT_SECONDS = 60


def steps_of(name):
    """What is done on the page's host."""
    excepted = [script for where, script, _ in NOT_RUN if where == name]
    return [step for step in page.load(name).steps
            if not (isinstance(step, page.Command)
                    and (step.here is not None or step.script.strip() in excepted))]


def commands_of_the_checkout():
    found = []
    for name in PAGES:
        with contextlib.suppress(page.Malformed):
            found += [pytest.param(name, step, id=f"{name}:{step.line}") for step in page.load(name).steps
                      if isinstance(step, page.Command) and step.here is not None]
    return found


def runnable():
    """The pages with something to do, and those that are malformed, whose test then says so."""
    names = []
    for name in PAGES:
        with contextlib.suppress(page.Malformed):
            if not steps_of(name):
                continue
        names.append(name)
    return names


def take(host, command):
    status, output = host.block(command.script, apart=command.fails or command.waits)
    deadline = time.monotonic() + WAIT_SECONDS
    while command.waits and not is_as_expected(command, status, output) and time.monotonic() < deadline:
        time.sleep(0.2)
        status, output = host.block(command.script, apart=True)
    return status, output


def is_as_expected(command, status, output):
    if (status != 0) != command.fails:
        return False
    return all(re.search(pattern, output, re.MULTILINE) for pattern in command.expected)


def prepare(host, name):
    for setup, arguments in page.load(name).setups:
        SETUPS[setup](host, *arguments)


def walk(host, name):
    """Takes the page's steps and yields after each of them."""
    for step in steps_of(name):
        if isinstance(step, page.File):
            host.write(step.path, step.text)
        elif isinstance(step, page.Event):
            SETUPS[step.name](host, *step.arguments)
        else:
            judge(name, step, *take(host, step), host.logs)
        yield step


def judge(name, command, status, output, logs):
    if not is_as_expected(command, status, output):
        wanted = "a failure" if command.fails else "success"
        pytest.fail(
            f"{name}:{command.line}: wanted {wanted} and {command.expected}, got status {status}\n"
            f"{command.script}--- output\n{output}--- logs\n{logs()}", pytrace=False)


@pytest.mark.parametrize("name", runnable())
def test_page(host, name):
    prepare(host, name)
    for _ in walk(host, name):
        pass


@pytest.mark.parametrize("name, command", commands_of_the_checkout())
def test_command_of_the_checkout(name, command):
    """They build build/release, which takes long unless that is the build under test."""
    if place.build_directory().resolve() != page.ROOT / "build/release":
        pytest.skip("this command builds build/release, and another build is under test")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{command.script.strip()} {command.here}"], cwd=page.ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    judge(name, command, done.returncode, done.stdout, str)


def test_exceptions_are_there():
    """An exception that no page needs must be removed."""
    for name, script, reason in NOT_RUN:
        commands = [step.script.strip() for step in page.load(name).steps if isinstance(step, page.Command)]
        assert script in commands, f"{name} has no block {script!r}"
        assert reason


def test_links_lead_somewhere():
    for name in PAGES:
        text = re.sub(r"^( *)```.*?^\1```$", "", (page.ROOT / name).read_text(), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
            assert ((page.ROOT / name).parent / target).exists(), f"{name}: {target} is not there"


class TestParser:
    def test_blocks_become_steps(self):
        parsed = page.parse("README.md", (
            "<!-- setup: certbot a.example -->\n```sh\nls\n```\n<!-- expect: x -->\n"
            "<!-- wait -->\n```sh\nsleep 1\n```\n```sh fails\nfalse\n```\n"
            "<!-- here: --once -->\n```sh\nscripts/x\n```\n"
            "1. Do\n   ```nginx\n   # /etc/x\n   y;\n   ```\n```apache\nZ\n```\n```text\n# /etc/no\n```\n"
            "<!-- file: /etc/j -->\n```json\n{}\n```\n"))
        assert parsed.setups == [("certbot", ["a.example"])]
        assert parsed.steps == [
            page.Command(2, "ls\n", expected=["x"]), page.Command(7, "sleep 1\n", waits=True),
            page.Command(10, "false\n", fails=True), page.Command(14, "scripts/x\n", here="--once"),
            page.File(18, "/etc/x", "# /etc/x\ny;\n"), page.File(29, "/etc/j", "{}\n")]

    @pytest.mark.parametrize("text", ["```\nls\n```\n", "```sh\nls\n", "<!-- expect: x -->\n",
                                      "```bash\nls\n```\n", "<!-- wait -->\n", "<!-- here: x -->\n"])
    def test_what_is_no_page(self, text):
        with pytest.raises(page.Malformed):
            page.parse("README.md", text)


class TestRunner:
    """The oracle itself: what a page promises and does not hold is noticed."""

    def test_the_shell_keeps_its_state_and_ends_at_a_failure(self, host):
        assert host.block("cd /etc\nx=5\n") == (0, "")
        assert host.block("echo $x\n pwd\nx=6; false", apart=True) == (1, "5\n/etc\n")
        assert host.block("echo $x\nfalse\necho no\n")[0] == 1

    def test_an_expectation_counts(self):
        command = page.Command(1, "", expected=["^b$"])
        assert is_as_expected(command, 0, "a\nb\n") and not is_as_expected(command, 0, "ab\n")
        assert not is_as_expected(command, 1, "b\n")
        assert not is_as_expected(page.Command(1, "", fails=True), 0, "")

    def test_the_host_is_fresh_and_its_changes_stay_inside(self, host):
        host.write("/etc/ccm-docs-test", "x")
        assert host.run("ls /var/lib/ccm /etc/ccm 2>&1 || true; ls /tmp").count("No such file") == 2
        assert not page.pathlib.Path("/etc/ccm-docs-test").exists()
        host.run("curl -sS -o /dev/null https://scm.ap-southeast-1.myhuaweicloud.com")
