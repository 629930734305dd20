# SPDX-License-Identifier: Apache-2.0
"""A machine that had nothing: what the README says to type there works, on every release that it names."""

import platform
import re
import shutil

import page
import pytest
from conftest import RELEASES
from lab import npm

README = "README.md"
HERE = platform.freedesktop_os_release().get("VERSION_CODENAME")


def typed_after(heading):
    """The first command of a section of the README."""
    text = (page.ROOT / README).read_text()
    begin = text[:text.index(f"\n## {heading}\n")].count("\n") + 2
    return next(step.script.strip() for step in page.load(README).steps
                if isinstance(step, page.Command) and step.line > begin)


def succeeds(system, command, **how):
    status, output = system.type(command, **how)
    assert status == 0, f"`{command}` ended with {status}; {system.log} ends\n{output[-6000:]}"
    return output


def test_quickstart(system):
    command = typed_after("See it work")
    assert "`--once` stops everything" in (page.ROOT / README).read_text()
    output = succeeds(system, f"{command} --once")
    assert output.rstrip().endswith("Verdict: everything worked."), output[-3000:]
    announced, _, _ = output.partition("Building;")
    assert {"g++", "nginx", "apache2"} <= set(announced.split()), announced


def test_installation(system):
    succeeds(system, typed_after("Your own server"))
    succeeds(system, "nginx -t -g 'load_module modules/ngx_ccm_module.so;'")
    succeeds(system, "a2enmod ssl ccm && apachectl configtest")
    assert "ccmctl" in succeeds(system, "ccmctl --version")


@pytest.mark.parametrize("system", [release for release in RELEASES if release != HERE], indirect=True)
def test_tests(system):
    """Without a network: unit and contract tests in C++, and those with real servers. This machine has its own parts."""
    succeeds(system, "scripts/bootstrap")
    # What tests take from npm, from this machine: it may have a registry, or a proxy, that it alone trusts.
    for name in ("axe", "vendor-sdk"):
        packages = npm.install(name)
        shutil.copytree(packages, system.root / packages.relative_to("/"), symlinks=True)
    output = succeeds(system, "scripts/test release e2e", network=False)
    print(output[output.rindex("### summary"):])
    assert re.search(r"^release +ok .* 0 tests failed out of [0-9]{3,}", output, re.M), output[-2000:]
    assert re.search(r"^e2e +ok .* [1-9][0-9]{2,} passed", output, re.M), output[-2000:]
