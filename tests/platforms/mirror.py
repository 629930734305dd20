# SPDX-License-Identifier: Apache-2.0
"""Where the running system's apt gets Debian from, so that a bare system can be made from there."""

import base64
import os
import pathlib
import re
import subprocess
import tempfile

# What apt of the bare system must know of the way to the mirror.
TRANSPORT = re.compile(r"^Acquire::(https?|Retries|Check-|ForceIPv)")
ARCHIVE_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
ARMOUR = re.compile(r"-----BEGIN PGP PUBLIC KEY BLOCK-----(.*?)-----END PGP PUBLIC KEY BLOCK-----", re.S)


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def uris(options=()):
    """The addresses in apt's sources, of either format, from which a whole release comes; in their order."""
    # apt itself reads its sources best; this also works when it has not fetched any list yet.
    said = output_of("apt-get", *options, "--print-uris", "update")
    found = []
    # bookworm-updates and bookworm-security hold only some packages.
    for uri in re.findall(r"^'(\S+/)dists/[a-z]+/InRelease'", said, re.M):
        found += [entry for entry in expanded(uri) if entry not in found]
    return [uri for uri in found if re.match(r"(https?|file):", uri)]


def expanded(uri):
    """Debian's images for clouds name a file with addresses."""
    if not uri.startswith("mirror+file:"):
        return [uri]
    path = pathlib.Path("/" + uri.removeprefix("mirror+file:").strip("/"))
    lines = path.read_text().splitlines() if path.is_file() else []
    return [line.split()[0].rstrip("/") + "/" for line in lines if line.strip() and line[0] != "#"]


def find(codename):
    """(the first of them that holds this release of Debian, None), or (None, why there is none)."""
    candidates = uris()
    for uri in candidates:
        if holds(uri, codename):
            return uri, None
    if not candidates:
        return None, "apt has no source from which a bare system could be made"
    return None, f"none of apt's sources offers Debian {codename} now: {' '.join(candidates)}"


def holds(uri, codename):
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder, "Release")
        # Like apt: with its proxies, passwords and authorities.
        subprocess.run(["/usr/lib/apt/apt-helper", "download-file", f"{uri}dists/{codename}/Release", target],
                       capture_output=True, timeout=120, check=False)
        text = target.read_text() if target.is_file() else ""
    return bool(re.search(r"^Origin: Debian$", text, re.M) and re.search(rf"^Codename: {codename}$", text, re.M))


def transport():
    """apt's settings for the way to the mirror, as a file of apt.conf.d."""
    lines = output_of("apt-config", "dump", "--format", '%F "%v";%n').splitlines()
    return "".join(f"{line}\n" for line in lines if TRANSPORT.match(line) and not line.endswith(' "";'))


def environment():
    """What debootstrap, which does not read apt's settings, must know of them."""
    known = {key: os.environ[key] for key in ("http_proxy", "https_proxy", "no_proxy") if key in os.environ}
    for scheme in ("http", "https"):
        found = re.search(rf'^Acquire::{scheme}::Proxy "(.+)";$', transport(), re.M)
        if found and found[1] != "DIRECT":
            known.setdefault(f"{scheme}_proxy", found[1])
    return known


def keyring(etc="/etc/apt"):
    """Every key by which this system trusts an archive, in the one file that debootstrap takes."""
    etc = pathlib.Path(etc)
    sources = "".join(path.read_text() for path in
                      [etc / "sources.list", *(etc / "sources.list.d").glob("*.list"),
                       *(etc / "sources.list.d").glob("*.sources")] if path.is_file())
    named = re.findall(r"signed-by[:=]\s*(/[^\s\],]+)", sources, re.I)
    files = [ARCHIVE_KEYS, *named, etc / "trusted.gpg", *sorted((etc / "trusted.gpg.d").glob("*"))]
    # A key may also stand in the source itself, each line behind a blank and an empty one as a dot.
    inline = re.sub(r"^ \.?", "", sources, flags=re.M)
    return (b"".join(binary(path.read_bytes()) for path in map(pathlib.Path, dict.fromkeys(map(str, files)))
                     if path.is_file()) + binary(inline.encode()))


def binary(data):
    """The keys of a file that may be armoured; nothing of a text without keys."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return data
    blocks = [block.strip().split("\n\n", 1)[-1] for block in ARMOUR.findall(text.replace("\r", ""))]
    # The last line may be a checksum, which begins with an equals sign.
    return b"".join(base64.b64decode("".join(line for line in block.splitlines() if line[:1] != "="))
                    for block in blocks)
