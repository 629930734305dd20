# SPDX-License-Identifier: Apache-2.0
"""The configuration of one of nginx's tests, with certificates of ours.

usage: nginx_tests_site.py rewrite|wait FOLDER   (the folder of the test)
"""

import json
import os
import pathlib
import re
import subprocess
import sys

from lab import ctl, place
from lab.emulator import Emulator
from lab.waiting import wait_until

PLAIN = re.compile(r"^(\s*)ssl_certificate\s+([^\s;$:]+);", re.M)
KEY = r"^\s*ssl_certificate_key\s+{};"


def closing(text, begin):
    """Where the block ends that begins there."""
    depth = 0
    for place_of in re.finditer(r"[{}]", text[begin:]):
        depth += 1 if place_of[0] == "{" else -1
        if depth == 0:
            return begin + place_of.end()
    return len(text)


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.cloud = Emulator(None)
        self.cloud.facts = json.loads(os.environ["CCM_FACTS"])
        self.blocks = {}  # file of the certificate that is replaced: (name, certificate block)

    def block(self, file):
        if file in self.blocks or not (self.folder / file).is_file():
            return self.blocks.get(file)
        said = subprocess.run(["openssl", "x509", "-in", self.folder / file, "-noout", "-text"], capture_output=True,
                              text=True, check=False).stdout
        names = re.findall(r"(?:DNS|IP Address):([^,\s]+)", said)
        common = re.search(r"Subject: .*CN ?= ?([^,\n/]+)", said)
        if common and common[1].strip() not in names:
            names.insert(0, common[1].strip())
        if not names or any(re.search(r"[^\w.:*-]", name) for name in names):
            return None
        kind, key = ("EC256", "ecdsa:256") if "id-ecPublicKey" in said else ("RSA2048", "rsa:2048")
        made = self.cloud.admin("POST", "/scm/certificates", {"names": names, "key": kind, "days": 90})
        name = re.sub(r"[^A-Za-z0-9-]", "-", file)
        self.blocks[file] = (name, f"certificate {name} {{ source scm id={made['id']}; names {' '.join(names)}; "
                                   f"key {key}; }}\n")
        return self.blocks[file]

    def replaced(self, part):
        """A block http or stream."""

        def certificate(match):
            made = self.block(match[2])
            return f"{match[1]}ccm_certificate {made[0]};" if made else match[0]

        part = PLAIN.sub(certificate, part)
        if re.search(r"^\s*ssl_certificate\s", part, re.M):
            keys = [re.escape(file.rsplit(".", 1)[0] + ".key") for file in self.blocks]
        else:
            keys = ["[^;]+"]
        for key in keys:
            part = re.sub(KEY.format(key), "", part, flags=re.M)
        # nginx takes the last of several of one kind.
        return re.sub(r"(ccm_certificate [^;]+;)(\s*\1)+", r"\1", part)

    def rewrite(self):
        file = self.folder / "nginx.conf"
        text = file.read_text()
        if "ccm_certificate" in text:
            return
        out, end = "", 0
        for top in re.finditer(r"^(http|stream)\s*\{", text, re.M):
            out += text[end:top.start()]
            end = closing(text, top.start())
            out += self.replaced(text[top.start():end])
        out += text[end:]
        if not self.blocks:
            return
        for name in self.blocks:
            # Who trusted the certificate itself trusts the root of the cloud now.
            if re.search(rf"_ssl_trusted_certificate\s+{re.escape(name)};", out):
                (self.folder / name).write_text(pathlib.Path(self.cloud.facts["scm_root_file"]).read_text())
        settings = {**self.cloud.settings(self.folder / "ccm-state"), "agent_path": place.program("ccm-agent")}
        lines = [f"{key} {value};\n" for key, value in settings.items()] + [block for _, block in self.blocks.values()]
        file.write_text(f"{out}\nccm {{\n{''.join(lines)}}}\n")
        (self.folder / "ccm-certificates").write_text(str(len(self.blocks)))
        with open(os.environ["CCM_USED"], "a") as used:
            used.write(f"{len(self.blocks)}\n")

    def wait(self):
        if not (self.folder / "ccm-certificates").exists():
            return
        count = int((self.folder / "ccm-certificates").read_text())

        def all_valid():
            try:
                known = json.loads(ctl.run(self.folder / "ccm-state", "status", "-o", "json", status=None))
            except json.JSONDecodeError:
                return False
            certificates = known.get("certificates", [])
            return len(certificates) == count and all(one["state"] == "valid" for one in certificates)

        wait_until(all_valid, "all certificates", timeout=60)


if __name__ == "__main__":
    getattr(Site(pathlib.Path(sys.argv[2])), sys.argv[1])()
