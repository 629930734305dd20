# SPDX-License-Identifier: Apache-2.0
"""What makes the bare systems: finds a mirror in every form that apt knows, and leaves nothing behind."""

import os
import pathlib
import signal
import subprocess
import sys

import bare_system
import mirror
import pytest
from lab.waiting import wait_until

HERE = pathlib.Path(__file__).resolve().parent

ONE_LINE = "deb [signed-by=/k.gpg] http://one.example/debian bookworm main\n"
DEB822 = """# a comment
Types: deb
URIs: http://two.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /k.gpg

Types: deb
URIs: http://updates.example/debian-security
Suites: trixie-security
Components: main
"""


@pytest.mark.parametrize("name, text, wanted", [
    ("a.list", ONE_LINE, ["http://one.example/debian/"]),
    ("a.sources", DEB822, ["http://two.example/debian/"]),
    ("a.list", "deb mirror+file:{folder}/mirrors bookworm main\n", ["http://listed.example/debian/"]),
    ("a.list", "deb cdrom:[Debian] bookworm main\n", []),
])
def test_sources_of_either_format(tmp_path, name, text, wanted):
    (tmp_path / "parts").mkdir()
    (tmp_path / "mirrors").write_text("# first\nhttp://listed.example/debian\tpriority:1\n")
    (tmp_path / "parts" / name).write_text(text.format(folder=tmp_path))
    options = ["-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={tmp_path}/parts"]
    assert mirror.uris(options) == wanted


def test_keys_of_either_form(tmp_path):
    armoured = ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n{}\n\na2V5\n=abcd\n"
                "-----END PGP PUBLIC KEY BLOCK-----\n")
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "trusted.gpg.d").mkdir()
    (tmp_path / "named.gpg").write_bytes(b"\x99named")
    (tmp_path / "trusted.gpg.d/one.asc").write_text(armoured.format("Comment: x"))
    inline = armoured.format("").replace("\n\n", "\n.\n").replace("\n", "\n ")
    (tmp_path / "sources.list.d/a.sources").write_text(f"Types: deb\nSigned-By:\n {inline}\n")
    (tmp_path / "sources.list").write_text(f"deb [arch=amd64 signed-by={tmp_path}/named.gpg] http://x y z\n")
    archive = pathlib.Path(mirror.ARCHIVE_KEYS)
    known = archive.read_bytes() if archive.is_file() else b""
    assert mirror.keyring(tmp_path) == known + b"\x99named" + b"key" + b"key"


HOLD = f"""
import subprocess, sys
sys.path.insert(0, {str(HERE)!r})
import bare_system
keeper = bare_system.Keeper(sys.argv[1])
mount = "mount -t tmpfs tmpfs $1/root && touch $1/root/inside && exec sleep 1000"
subprocess.Popen(keeper.entering("sh", "-euc", mount, "sh", keeper.directory))
print(keeper.directory, keeper.first, flush=True)
sys.stdin.read()
"""


def processes_of(namespace):
    found = []
    for link in pathlib.Path("/proc").glob("[0-9]*/ns/pid"):
        try:
            if os.readlink(link) == namespace:
                found.append(int(link.parts[2]))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_leaves_nothing_behind(possible, tmp_path, end):
    # A shell starts what it runs in the background with interrupts ignored, and a child inherits that.
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE,
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
                              stdout=subprocess.PIPE, text=True, start_new_session=True)
    directory, first = holder.stdout.readline().split()
    namespace = os.readlink(f"/proc/{first}/ns/pid")
    wait_until(lambda: len(processes_of(namespace)) == 2, "the first process and the one that entered")
    assert pathlib.Path(directory, "root").is_dir()
    os.killpg(holder.pid, end)
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    wait_until(lambda: not pathlib.Path(directory).exists(), "the directory to go")
    assert not processes_of(namespace)
    assert directory not in pathlib.Path("/proc/mounts").read_text()
    assert not list(tmp_path.iterdir())


def test_transport_is_that_of_the_machine_around(monkeypatch):
    monkeypatch.setattr(mirror, "transport", lambda: 'Acquire::http::Proxy "http://proxy.example:3128";\n')
    monkeypatch.delenv("http_proxy", raising=False)
    assert mirror.environment()["http_proxy"] == "http://proxy.example:3128"
    assert bare_system.FOLDER == "/var/tmp"
