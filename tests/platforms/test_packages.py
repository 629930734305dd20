# SPDX-License-Identifier: Apache-2.0
"""scripts/package on a bare system, and the life of what it makes on another one that has no compiler."""

import contextlib
import re
import shutil

import bare_system
import pytest

PACKAGES = ["ccm-agent", "ccm-emulator", "ccmctl", "libapache2-mod-ccm", "libnginx-mod-ccm"]
FOLDER = "build/package"
# Besides what the packages ask for: the servers, and what their tests use.
NEEDED = "nginx apache2 curl jq openssl procps bash-completion"
# autopkgtest ends with this when every test that passed is marked as superficial.
ONLY_SUPERFICIAL = 8


def succeeds(system, command, **how):
    status, output = system.type(command, **how)
    assert status == 0, f"`{command}` ended with {status}; {system.log} ends\n{output[-6000:]}"
    return output


@pytest.fixture(scope="module", name="packages")
def fixture_packages(system):
    """The folder with what scripts/package made; outside of the system's root."""
    output = succeeds(system, "DEB_BUILD_OPTIONS=parallel=$(nproc) scripts/package")
    made = re.findall(r"^  build/package/([a-z0-9-]+)_\S+\.deb$", output, re.MULTILINE)
    assert sorted(made) == sorted(PACKAGES + [f"{name}-dbgsym" for name in PACKAGES]), made
    return system.root / bare_system.CHECKOUT.relative_to("/") / FOLDER


def test_lintian_has_nothing_to_say(system, packages):
    assert list(packages.glob("*.changes"))
    said = succeeds(system, f"lintian --allow-root --fail-on error,warning {FOLDER}/*.changes")
    assert not re.search("^[EW]:", said, re.MULTILINE), said


def test_without_symbols_they_are_small(packages):
    sizes = {package.name: package.stat().st_size for package in packages.glob("*.deb")
             if "-dbgsym_" not in package.name}
    assert len(sizes) == len(PACKAGES) and max(sizes.values()) < 3_000_000, sizes


@contextlib.contextmanager
def clean_system(system, packages, log, needed):
    """Another bare system with the packages in FOLDER; what they and `needed` ask for is in apt's archives."""
    log = system.log.with_name(log)
    log.write_text("")
    with bare_system.BareSystem(system.codename, system.address, log) as clean:
        target = clean.root / bare_system.CHECKOUT.relative_to("/") / FOLDER
        target.mkdir(parents=True)
        for file in packages.iterdir():
            shutil.copy(file, target)
        succeeds(clean, "apt-get -q update")
        succeeds(clean, "apt-get -q -y --no-install-recommends --download-only install "
                        f"$(printf './%s ' {FOLDER}/*.deb) {needed}")
        yield clean


# The packages start services: without a network nobody else's ports are in the way.
def test_life_of_the_packages(system, packages):
    with clean_system(system, packages, f"packages-{system.codename}.log", NEEDED) as clean:
        output = succeeds(clean, f"apt-get -q -y --no-download --no-install-recommends install jq openssl procps "
                                 f"bash-completion && tests/platforms/packages.sh $PWD/{FOLDER}", network=False)
        assert "### all is as it should be" in output


def test_their_own_tests_pass_as_debian_runs_them(system, packages):
    """With autopkgtest. It cannot put this system back, so a test's server is stopped before the next test."""
    with clean_system(system, packages, f"autopkgtest-{system.codename}.log", f"{NEEDED} autopkgtest dpkg-dev") as clean:
        succeeds(clean, "apt-get -q -y --no-install-recommends install autopkgtest dpkg-dev")
        for name in ("command-line", "nginx", "apache2"):
            status, output = clean.type(
                f"autopkgtest --ignore-restrictions=breaks-testbed,isolation-container --test-name={name} "
                f"{FOLDER}/*.deb {FOLDER}/*.dsc -- null", network=False)
            assert status in (0, ONLY_SUPERFICIAL), f"{name} ended with {status}; {clean.log} ends\n{output[-6000:]}"
            assert re.search(rf"^{name} +PASS", output, re.MULTILINE), output[-6000:]
            succeeds(clean, f"[ ! -e /etc/init.d/{name} ] || service {name} stop", network=False)


@pytest.mark.parametrize("system", ["bookworm"], indirect=True)
def test_the_rpm_recipe_works_as_far_as_it_can_here(system):
    output = succeeds(system, "scripts/package --rpm")
    made = re.findall(r"^  build/package-rpm/RPMS/\w+/([a-z_-]+)-[0-9]", output, re.MULTILINE)
    assert sorted(made) == ["ccm-agent", "ccm-selinux", "ccmctl", "mod_ccm", "nginx-mod-ccm"], made
