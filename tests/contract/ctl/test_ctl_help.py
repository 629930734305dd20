"""Help, manual and completion."""

import shutil
import subprocess

import ccmctl
import pytest
from lab import place

TOP = {"status", "list", "show", "history", "renew", "rollback", "export", "issue", "certificates", "csr",
       "ca", "private-certificates", "apig", "account", "doctor", "policy", "api"}


def generated(form):
    ended = ccmctl.run("generate", form)
    assert ended.status == 0
    return ended.out


def completed(script, *words):
    """What bash offers after these words."""
    line = " ".join(f"'{word}'" for word in words)
    program = (f"{script}\nccmctl() {{ '{place.program('ccmctl')}' --state-dir /nonexistent \"$@\"; }}\n"
               f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; COMPREPLY=(); _ccmctl\n"
               "printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", program], stdout=subprocess.PIPE, timeout=60, check=True)
    return set(done.stdout.decode().split())


def test_bash_knows_every_command_and_its_options():
    script = generated("bash")
    assert TOP <= completed(script, "ccmctl", "")
    assert "generate" not in completed(script, "ccmctl", "")
    assert completed(script, "ccmctl", "ca", "de") == {"delete"}
    assert completed(script, "ccmctl", "--json", "ca", "create", "--key-a") == {"--key-algorithm"}
    assert completed(script, "ccmctl", "export", "www", "--output", "") == set(), "bash completes files"


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(shell, tmp_path):
    script = generated(shell)
    for word in TOP:
        assert word in script
    if shutil.which(shell):
        file = tmp_path / "script"
        file.write_text(script)
        subprocess.run([shell, "-n", str(file)], timeout=60, check=True)


def test_the_manual_has_every_command():
    text = generated("man")
    for word in TOP - {"certificates", "csr", "ca", "private-certificates", "apig", "account", "api"}:
        assert f".SS ccmctl {word}\n" in text
    assert ".SS ccmctl ca create\n" in text
    if shutil.which("groff"):
        made = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=text.encode(),
                              stderr=subprocess.PIPE, timeout=60, check=True)
        assert made.stderr == b""


def test_every_command_explains_itself():
    for words in (["--help"], ["ca", "--help"], ["ca", "create", "--help"], ["api", "call", "--help"]):
        ended = ccmctl.run(*words)
        assert ended.status == 0 and "Usage" in ended.out
    assert ccmctl.run("nonsense").status == 2
    assert ccmctl.run().status == 2
    for code in range(7):
        assert f"  {code}  " in ccmctl.run("--help").out


def test_the_documentation_has_every_command_and_status():
    text = (place.ROOT / "docs/ccmctl.md").read_text(encoding="utf-8")
    for word in TOP:
        assert f"`ccmctl {word}" in text, word
    listed = ccmctl.run("--help").out.split("Exit status:\n")[1]
    for line in filter(None, listed.splitlines()):
        code, meaning = line.split(maxsplit=1)
        assert f"| {code} | {meaning} |" in text
