# SPDX-License-Identifier: Apache-2.0
"""Completion in the shells themselves: each loads the script it is given and is asked with a Tab."""

import os
import shutil
import subprocess

import ccmctl
import pytest
from lab import place
from typing_at import Conversation

NAMES = {"www", "app"}


def completion_script(shell):
    ended = ccmctl.run("generate", shell)
    assert ended.status == 0
    return ended.out


@pytest.fixture
def home(tmp_path):
    """A directory with ccmctl's completion for each shell, and a state directory with names."""
    for name in NAMES:
        (tmp_path / "state/certificates" / name).mkdir(parents=True, mode=0o700)
    (tmp_path / "state").chmod(0o700)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ccmctl").symlink_to(place.program("ccmctl"))
    for shell in ("bash", "fish"):
        (tmp_path / shell).write_text(completion_script(shell))
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions/_ccmctl").write_text(completion_script("zsh"))
    (tmp_path / "file.pem").write_text("")
    return tmp_path


def run(home, *words):
    environment = {"PATH": f"{home}/bin:{os.environ['PATH']}", "HOME": str(home), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(words, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)
    assert done.returncode == 0 and done.stderr == b"", done
    return done.stdout.decode().splitlines()


def in_bash(home, line, _):
    program = (f"source ./bash; COMP_WORDS=({line}); [[ '{line}' == *' ' ]] && COMP_WORDS+=('')\n"
               "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _ccmctl; printf '%s\\n' \"${COMPREPLY[@]}\"")
    return set(run(home, "bash", "-c", program))


def in_fish(home, line, _):
    return {each.split("\t")[0] for each in
            run(home, "fish", "--no-config", "-c", f"source ./fish; complete -C '{line}'")}


def in_zsh(home, line, wanted):
    """What a person sees after Tab: the completed line, or the list of what there is."""
    def seen():
        return set(zsh.screen.rpartition("readynow")[2].replace("\x07", " ").split())

    environment = {"PATH": f"{home}/bin:{os.environ['PATH']}", "HOME": str(home), "LC_ALL": "C.UTF-8",
                   "TERM": "dumb", "COLUMNS": "300", "LINES": "100"}
    with Conversation(["zsh", "-f", "-i"], environment, home) as zsh:
        zsh.say("stty columns 300 rows 100; PS1='%%'; setopt noautomenu; unsetopt zle_bracketed_paste\n"
                f"fpath=({home}/functions $fpath); autoload -Uz compinit; compinit -u -D\n"
                "zstyle ':completion:*' verbose no; LISTMAX=10000; echo ready''now\n")
        zsh.expect("readynow")
        zsh.say(f"{line}\t\t")
        while not wanted <= seen():
            assert zsh.listen(), zsh.screen
        return seen()


SHELLS = [pytest.param(ask, id=name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"no {name}"))
          for name, ask in (("bash", in_bash), ("fish", in_fish), ("zsh", in_zsh))]


def offers(ask, home, line, *wanted):
    return set(wanted) <= ask(home, line, set(wanted))


@pytest.mark.parametrize("ask", SHELLS)
def test_commands(ask, home):
    assert offers(ask, home, "ccmctl cert", "certificates")
    assert offers(ask, home, "ccmctl --json ca d", "delete", "disable", "disable-crl")
    assert offers(ask, home, "ccmctl gen", "generate")


@pytest.mark.parametrize("ask", SHELLS)
def test_options_and_their_values(ask, home):
    assert offers(ask, home, "ccmctl ca create --key-a", "--key-algorithm")
    assert offers(ask, home, "ccmctl export www --format p", "pem", "pkcs12")
    assert offers(ask, home, "ccmctl certificates list --status REVOK", "REVOKED", "REVOKING")


@pytest.mark.parametrize("ask", SHELLS)
def test_names_of_this_hosts_certificates(ask, home):
    assert offers(ask, home, f"ccmctl --state-dir {home}/state renew ", *NAMES)
    assert offers(ask, home, f"ccmctl --state-dir {home}/state show w", "www")


@pytest.mark.parametrize("ask", SHELLS)
def test_choices_may_have_colons(ask, home):
    """Which divide a word from its description in zsh."""
    assert offers(ask, home, "ccmctl issue --key-type rsa", "rsa:2048", "rsa:3072")


def test_what_the_shells_are_told():
    assert ccmctl.run("__complete", "cert").out == "none\ncertificates\tSSL certificates in the cloud (SCM)\n"
    assert ccmctl.run("__complete", "csr", "upload", "--csr-file", "").out == "files\n"
    assert ccmctl.run("__complete").status == 0
