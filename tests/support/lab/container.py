# SPDX-License-Identifier: Apache-2.0
"""What a container engine does with an image of packaging/container, done with namespaces and no engine.

The image's own steps are read from its Containerfile: what is installed and copied, the account, the command and
the signal that ends it. The distribution below it is this machine's.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from . import place, processes
from .waiting import wait_until

# Nothing else of the machine: /usr and /etc with the image's files above them, and what an engine mounts. There is
# no /dev/shm.
SCRIPT = r"""
root=$1 image=$2 user=$3; shift 3
mount -t tmpfs none "$root"
mkdir "$root"/usr "$root"/etc "$root"/dev "$root"/proc "$root"/tmp "$root"/var "$root"/state
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
mount -t overlay -o "lowerdir=$image/usr:/usr" none "$root/usr"
mount -t overlay -o "lowerdir=$image/etc:/etc" none "$root/etc"
for name in null zero full random urandom; do touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
mount -t proc none "$root/proc"
mount -t tmpfs -o mode=1777 none "$root/tmp"
while [ "$1" != -- ]; do
    mount --bind "$1" "$root$2"
    [ "$3" = rw ] || mount -o remount,bind,ro "$root$2"
    shift 3
done
shift
mount -o remount,ro "$root"
cd "$root"
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOSTNAME=container setpriv --reuid "$user" --regid "$user" \
    --groups "$user" --inh-caps -all --ambient-caps -all --bounding-set -all --no-new-privs "$@"
"""


class Image:
    """An image of packaging/container, unpacked."""

    def __init__(self, name, directory):
        self.directory = directory
        self.text = (place.ROOT / "packaging" / "container" / name / "Containerfile").read_text()
        self.command = json.loads(self._instruction("CMD"))
        self.user = int(self._instruction("USER").partition(":")[0])
        self.stop_signal = signal.Signals[self._instruction("STOPSIGNAL")]
        everything = directory.with_name("installed")
        install = re.search(r"^RUN DESTDIR=/image cmake --install build/release (.*)$", self.text, re.MULTILINE)
        subprocess.run(["cmake", "--install", place.build_directory(), *install.group(1).split()],
                       env={**os.environ, "DESTDIR": str(everything)}, check=True, stdout=subprocess.DEVNULL)
        final = self.text.rpartition("\nFROM ")[2]
        for words in re.findall(r"^COPY --from=build /image(/\S+) (\S+)$", final, re.MULTILINE):
            self._copy(pathlib.Path(f"{everything}{words[0]}"), words[1])
        for words in re.findall(r"^COPY (packaging/\S+) (\S+)$", final, re.MULTILINE):
            self._copy(place.ROOT / words[0], words[1])
        shutil.rmtree(everything)
        for folder in re.search(r"^RUN install -d (/etc/[^&]*)&&", final, re.MULTILINE).group(1).split():
            (directory / folder[1:]).mkdir(parents=True, exist_ok=True)

    def _instruction(self, word):
        return re.findall(rf"^{word} (.*)$", self.text, re.MULTILINE)[-1]

    def _copy(self, source, target):
        path = self.directory / target[1:]
        if target.endswith("/"):
            path /= source.name
        path.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, path)
        else:
            shutil.copy(source, path)


class Container:
    """One run of an image. `mounts` are (path here, path inside, "ro" or "rw")."""

    def __init__(self, image, directory, mounts):
        self.image = image
        self.root = directory / "root"
        self.root.mkdir()
        self.output = directory / "output"
        self.mounts = mounts
        self.process = None

    def start(self):
        with open(self.output, "ab") as output:
            # As engines do, so that the account may open it by its name in /proc.
            os.fchown(output.fileno(), self.image.user, self.image.user)
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--propagation", "private",
                 "sh", "-euc", SCRIPT, "sh", self.root, self.image.directory, str(self.image.user),
                 *(str(word) for mount in self.mounts for word in mount), "--", *self.image.command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            # The end of its first process is the end of all.
            for pid in [*processes.children(self.process.pid), self.process.pid]:
                processes.kill(pid)
        self.process.wait(timeout=20)

    def main(self):
        """What the container sees as process 1."""
        def found():
            assert self.process.poll() is None, f"the container has ended: {self.said()[-2000:]}"
            inside = processes.children(self.process.pid)
            return inside[0] if inside and processes.user_id(inside[0]) == self.image.user else None

        return wait_until(found, "the container's first process")

    def everyone(self):
        """Every process in the container."""
        found = [self.main()]
        for pid in found:
            found += processes.children(pid)
        return found

    def workers(self):
        main = self.main()
        return [pid for pid in processes.children(main) if "ccm-" not in processes.command_line(pid)]

    def run(self, *command):
        """What the engine's `exec` does: the finished process."""
        main, user = str(self.main()), str(self.image.user)
        return subprocess.run(
            ["nsenter", "--target", main, "--mount", "--pid", "--ipc", "--uts", "--root", "--wdns=/",
             "setpriv", "--reuid", user, "--regid", user, "--groups", user, "--inh-caps", "-all",
             "--ambient-caps", "-all", "--bounding-set", "-all", "--no-new-privs", *command],
            capture_output=True, text=True, timeout=60, env={"PATH": "/usr/sbin:/usr/bin"})

    def stop(self):
        """As an engine does it; the exit status."""
        os.kill(self.main(), self.image.stop_signal)
        return self.process.wait(timeout=30)

    def said(self):
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def wait_for(self, pattern):
        return wait_until(lambda: re.search(pattern, self.said()), f"{pattern!r} in the container's output")
