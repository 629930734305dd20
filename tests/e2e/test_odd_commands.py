# SPDX-License-Identifier: Apache-2.0
"""Commands that change something, on a store in which one file of a certificate is something else: they end, say so in a
sentence, and lose nothing."""

import shutil
import subprocess

import pytest
from conftest import PRIVATE
from lab import files, place
from lab.authority import DAY, Authority
from lab.waiting import wait_until
from test_odd_files import each_odd, fixture_victim, replace  # pylint: disable=unused-import

FILES = ("current", "versions", "versions/2/privkey.pem", "versions/2/version", "versions/1/fullchain.pem", "records",
         "records/state")


def run(state, *words):
    """Status and last line of what was said; it has to end, and not by a signal."""
    done = subprocess.run([place.program("ccmctl"), "--state-dir", state, *map(str, words)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    assert 0 <= done.returncode < 8, (done.returncode, done.stdout)
    return done.returncode, (done.stdout.splitlines() or [""])[-1]


@pytest.fixture(name="bought")
def fixture_bought(scratch):
    """A directory with a certificate of another authority, to be imported."""
    certificate, directory = Authority().issue(PRIVATE, begins=-DAY, lasts=91 * DAY), scratch / "bought"
    directory.mkdir()
    for name, content in {"cert": certificate.pem(), "chain": certificate.chain_pem(),
                          "privkey": certificate.key_pem()}.items():
        (directory / f"{name}.pem").write_bytes(content)
    return directory


@pytest.fixture(name="stored")
def fixture_stored(server, settings, cloud, intranet, private, scratch):
    """A store without an agent, with two versions of `intranet`, and the same of a name that nobody has configured."""
    state = scratch / "state"
    server.configure(settings={**settings, "check_interval": "12h"}, certificates=[intranet], sites=[private])
    server.start()
    first = server.wait_for_certificate(private, cloud.trust())
    assert run(state, "renew", "intranet")[0] == 0
    server.wait_for_certificate(private, cloud.trust(), but_not=[first])
    wait_until((state / "snapshot").exists, "the snapshot")
    server.stop()
    certificates = state / "certificates"
    files.copy(certificates / "intranet", certificates / "gone")
    return state


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 20}


@each_odd
def test_commands_on_a_certificate_with_an_odd_file(stored, bought, scratch, victim, make):
    good, out = scratch / "good", scratch / "out"
    out.mkdir()
    certificates = stored / "certificates"
    files.copy(certificates, good)
    commands = (("export", "intranet", "-o", out, "--force"), ("rollback", "intranet"), ("renew", "intranet"),
                ("import", "intranet", "--directory", bought), ("forget", "intranet", "--yes"),
                ("forget", "gone", "--yes", "--keep-versions"), ("forget", "gone", "--yes"))
    for file in FILES:
        for words in commands:
            folder = certificates / words[1]
            replace(folder / file, make, victim)
            # Versions that are there beforehand are there afterwards.
            kept = contents(folder / "versions") if (folder / "versions").is_dir() else {}
            code, said = run(stored, *words)
            assert code == 0 or said.startswith("ccmctl: "), (file, words, code, said)
            if words[-1] == "--yes" and words[1] == "gone":
                assert code != 0 or not folder.exists(), (file, said)
            else:
                assert kept.items() <= contents(folder / "versions").items() if kept else True, (file, words, said)
            shutil.rmtree(certificates)
            files.copy(good, certificates)
    assert run(stored, "renew", "intranet")[0] == 0


def test_a_damaged_pointer_is_no_reason_to_say_that_there_is_no_older_version(stored):
    (stored / "certificates/intranet/current").unlink()
    (stored / "certificates/intranet/current").touch()
    code, said = run(stored, "rollback", "intranet")
    assert code == 3 and said == ("ccmctl: intranet has no current version, so name the one to go back to with --to; "
                                  "`ccmctl history intranet` shows all")
    assert run(stored, "rollback", "intranet", "--to", "1")[0] == 0
