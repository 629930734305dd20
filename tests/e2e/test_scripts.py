# SPDX-License-Identifier: Apache-2.0
"""What the programs in scripts/ say about a command line, and that a wrong one does nothing."""

import os
import re
import shutil
import subprocess

import pytest
from lab import place

SCRIPTS = place.ROOT / "scripts"
NAMES = sorted(path.name for path in SCRIPTS.iterdir() if path.is_file())
WRONG = [
    ("bench", "", "which benchmark? name one of handshake, scale, catalogue and fleet"),
    ("bench", "hanshake", 'there is no benchmark "hanshake"; name one of handshake, scale, catalogue and fleet'),
    ("bench", "handshake --sever nginx", "unrecognized arguments: --sever nginx"),
    ("bench", "scale --only agents", "invalid choice: 'agents'"),
    ("bench", "catalogue --count many", "invalid int value: 'many'"),
    ("bench", "handshake --report /nowhere/figures", "can't open '/nowhere/figures'"),
    ("bench", "fleet 30", "unrecognized arguments: 30"),
    ("bootstrap", "--al", 'there is no option "--al"; use --all, --build-only or --packaging, and --show'),
    ("bootstrap", "--build-only --all", "use either --build-only or --all, not both"),
    ("build", "release", '"release" is too much'),
    ("check-layers", "common", "unrecognized arguments: common"),
    ("check-style", "formatt", 'there is no file "formatt"; write format, tidy, fix or nothing, and then FILEs'),
    ("check-style", "format --quick", 'there is no file "--quick"'),
    ("generate-error-table", "--chekc", "unrecognized arguments: --chekc"),
    ("generate-manual", "nginx", "invalid choice: 'nginx'"),
    ("generate-operation-table", "check", "unrecognized arguments: check"),
    ("generate-reference", "errors", '"errors" is too much'),
    ("nginx-tests", "", "it needs the FOLDER with a checkout of nginx's tests"),
    ("nginx-tests", "--onyl loaded", "unrecognized arguments: --onyl"),
    ("nginx-tests", "scripts", "scripts is no checkout of nginx's tests"),
    ("package", "--rmp", 'there is no option "--rmp"; use --rpm'),
    ("package", "--rpm ccmctl", 'there is no option "ccmctl"; use --rpm'),
    ("quickstart", "--onec", 'there is no option "--onec"; use --once and --report FILE'),
    ("quickstart", "--report", "--report needs the FILE to write the figures to"),
    ("quickstart", "--report --once", "--report needs the FILE to write the figures to"),
    ("quickstart", "--once --report /nowhere/figures", 'the file "/nowhere/figures" cannot be written'),
    ("release", "--outptu x", 'there is no option "--outptu"; use --output FOLDER'),
    ("release", "--output", "--output needs the FOLDER to write to"),
    ("release", "one two", '"two" is too much after "one"; name one COMMIT'),
    ("release", "no-such-commit", 'there is no commit "no-such-commit"'),
    ("test", "unit e2", 'there is no part "e2"; choose from format unit '),
]
# What would install or build something.
ACTS = ("apt-get", "cmake", "dpkg-buildpackage", "ninja", "rpmbuild", "sudo", "tar", "unshare", "useradd")


def run(name, *words, path=None):
    return subprocess.run([SCRIPTS / name, *words], cwd=place.ROOT, env={**os.environ, "PATH": path or os.environ["PATH"]},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(name="harmless")
def fixture_harmless(scratch):
    """A PATH in which every program that acts only leaves a note, and the file with the notes."""
    notes = scratch / "notes"
    notes.touch()
    for name in ACTS:
        stub = scratch / name
        stub.write_text(f'#!/bin/sh\necho "{name} $*" >> {notes}\nexit 99\n')
        stub.chmod(0o755)
    return f"{scratch}:{os.environ['PATH']}", notes


@pytest.mark.parametrize("name, words, said", WRONG)
def test_a_wrong_word_is_named_and_nothing_is_done(harmless, name, words, said):
    path, notes = harmless
    done = run(name, *words.split(), path=path)
    assert (done.returncode, done.stdout, notes.read_text()) == (2, "", ""), done.stderr
    *_, last = done.stderr.splitlines()
    assert last.startswith(f"scripts/{name}") and said in last


def test_every_script_is_among_them():
    assert {name for name, _, _ in WRONG} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_help_says_how_to_use_it(harmless, name):
    path, notes = harmless
    done = run(name, "--help", path=path)
    assert (done.returncode, done.stderr, notes.read_text()) == (0, "", "")
    assert done.stdout.startswith(f"usage: scripts/{name}") and len(done.stdout.splitlines()) > 2
    assert max(map(len, done.stdout.splitlines())) <= 120


@pytest.mark.parametrize("words, program", [("format", "clang-format"), ("fix", "clang-format"), ("tidy", "clang-tidy")])
def test_check_style_says_which_program_is_missing(scratch, words, program):
    for name in ("bash", "cat", "cmake", "dirname", "git", "grep", "nproc", "xargs"):
        (scratch / name).symlink_to(shutil.which(name))
    done = run("check-style", words, "common/base/error.h", path=str(scratch))
    assert done.returncode == 1
    assert done.stdout == f"check-style: {program} is not installed; `scripts/bootstrap` installs it\n"


def test_check_style_does_not_pass_files_that_it_could_not_look_at(harmless, scratch):
    (scratch / "clang-tidy").symlink_to("/bin/true")
    path, _ = harmless
    done = run("check-style", "tidy", "common/base/text.cpp", path=path)
    assert (done.returncode, done.stderr) == (1, "check-style: tidy: failed\n")


def test_check_style_does_not_pass_a_source_that_no_target_compiles(scratch):
    for name in ("cmake", "clang-tidy"):
        (scratch / name).symlink_to("/bin/true")
    source = scratch / "new.cpp"
    source.touch()
    done = run("check-style", "tidy", str(source), path=f"{scratch}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert done.stdout == f"check-style: no target compiles {source}, so clang-tidy cannot look at it\n"


def test_nginx_tests_looks_for_each_test_before_it_starts(scratch):
    (scratch / "lib/Test").mkdir(parents=True)
    (scratch / "lib/Test/Nginx.pm").touch()
    (scratch / "ssl.t").touch()
    done = run("nginx-tests", str(scratch), "ssl.t", "ssl_sni.t")
    assert done.returncode == 2
    assert re.search(r"^scripts/nginx-tests: error: there is no test ssl_sni\.t in ", done.stderr, re.MULTILINE)
