"""Help, manual, completion and the doctor."""

import json
import shutil
import subprocess

import ccmctl
import pytest
from lab import place

TOP = {"status", "list", "show", "history", "renew", "rollback", "export", "issue", "certificates", "csr",
       "ca", "private-certificates", "apig", "account", "doctor", "api"}


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


def findings(ended):
    return {each["subject"]: each for each in json.loads(ended.out)["findings"]}


def test_the_doctor_finds_nothing_where_all_is_well(ctl):
    ended = ctl("--json", "doctor")
    assert ended.status == 0, ended
    found = findings(ended)
    for subject in ("credentials", "clock", "endpoint of iam", "scm.ListCertificates",
                    "pca.ListCertificateAuthority"):
        assert found[subject]["verdict"] == "ok", found[subject]


def test_the_doctor_names_what_is_wrong(ctl, cloud, tmp_path):
    cloud.admin("POST", "/time", {"shift_seconds": 400})
    found = findings(ctl("--json", "doctor"))
    assert found["clock"]["verdict"] == "look" and "behind" in found["clock"]["finding"]
    cloud.admin("DELETE", "/time")
    cloud.fault({"status": 401, "code": "SCM.4002"}, operation="ListCertificates")
    ended = ctl("--json", "doctor")
    assert ended.status == 1
    assert "scm:cert:list" in findings(ended)["scm.ListCertificates"]["finding"]
    ended = ctl("--json", "doctor", "--iam-endpoint", "https://127.0.0.1:1")
    assert findings(ended)["endpoint of iam"]["verdict"] == "bad"
    (tmp_path / "state").mkdir(mode=0o755)
    assert "chmod 700" in findings(ctl("--json", "doctor"))["store"]["finding"]


def test_the_doctor_stops_before_a_key_is_locked(ctl, cloud, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text(f"[global]\nak = {cloud.facts['ak']}\nsk = wrong\n")
    wrong.chmod(0o600)
    assert ctl("doctor", "--credentials", wrong).status == 1
    assert sum(each["status"] == 401 for each in cloud.requests()) <= 1


def test_the_documentation_has_every_command_and_status():
    text = (place.ROOT / "docs/ccmctl.md").read_text(encoding="utf-8")
    for word in TOP:
        assert f"`ccmctl {word}" in text, word
    listed = ccmctl.run("--help").out.split("Exit status:\n")[1]
    for line in filter(None, listed.splitlines()):
        code, meaning = line.split(maxsplit=1)
        assert f"| {code} | {meaning} |" in text
