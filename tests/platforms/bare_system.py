# SPDX-License-Identifier: Apache-2.0
"""A bare Debian in namespaces of its own, with a clean clone of this checkout, and nothing else that we know of."""

import os
import pathlib
import shutil
import subprocess

import mirror

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
# Packages are kept here from run to run; compiled objects where ccache keeps them anyway.
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"), "ccm-platforms")
# A whole system with everything built needs some GiB: too much for a /tmp in memory.
FOLDER = "/var/tmp"

# Typed into: a root's environment without anything of ours in it, but for the compiler's cache.
ENVIRONMENT = {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "CCACHE_DIR": "/var/cache/ccache"}
PASSED_ON = ("CCM_TEST_JOBS",)

# In the namespaces: what a machine has mounted when somebody logs in.
MOUNT = """
root=$1
# A root that is no mount point allows no namespace of mounts within.
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -sfT pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -m 1777 "$root/run/lock"
mkdir -p "$root/var/cache/ccache"
mount --bind "$2" "$root/var/cache/ccache"
"""
ALONE = 'ip link set lo up; exec "$@"'


def ccache_setting(name):
    return subprocess.run(["ccache", "-k", name], capture_output=True, text=True, check=True).stdout.strip()


def ccache_environment():
    """The settings of the cache around: with others it would find nothing again, or throw away what is there."""
    settings = {"CCACHE_BASEDIR": ccache_setting("base_dir"), "CCACHE_MAXSIZE": ccache_setting("max_size")}
    if ccache_setting("hash_dir") == "false":
        settings["CCACHE_NOHASHDIR"] = "1"
    return settings


class Keeper:
    """A directory and namespaces that end with this process, however it ends."""

    def __init__(self, folder=FOLDER):
        # A session of its own, so that what ends us (Ctrl-C, a killed process group) leaves it the time to clear up.
        self.process = subprocess.Popen(["bash", HERE / "keeper.sh", folder], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, start_new_session=True)
        place = self.process.stdout.readline().split()
        if not place:
            self.close()
            raise RuntimeError("this machine gives us no namespaces for a bare system")
        self.directory, self.first = pathlib.Path(place[0]), int(place[1])

    def entering(self, *command):
        """The command line that runs this one in the namespaces."""
        return ["nsenter", f"--target={self.first}", "--mount", "--pid", *command]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class BareSystem:
    """`log` gets everything that is said in it."""

    def __init__(self, codename, address, log):
        self.codename, self.address = codename, address
        self.log = log
        self.keeper = Keeper()
        self.root = self.keeper.directory / "root"
        self.archives = CACHE / codename

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.keeper.close()
            raise
        return self

    def __exit__(self, *_):
        self._keep_packages()
        self.keeper.close()

    def _make(self):
        self.archives.mkdir(parents=True, exist_ok=True)
        keys = self.keeper.directory / "keys.gpg"
        keys.write_bytes(mirror.keyring())
        including = ["--include=ca-certificates"] if self.address.startswith("https:") else []
        self._outside("debootstrap", "--variant=minbase", f"--keyring={keys}", f"--cache-dir={self.archives}",
                      *including, self.codename, self.root, self.address)
        self._configure_apt()
        compiled = pathlib.Path(ccache_setting("cache_dir"))
        compiled.mkdir(parents=True, exist_ok=True)
        self._outside("sh", "-euc", MOUNT, "mount", self.root, compiled)
        # Where it is outside, so that the compiler's cache knows the files again, and as open to other accounts.
        clone = self.root / CHECKOUT.relative_to("/")
        clone.parent.mkdir(parents=True, exist_ok=True)
        for parent in list(CHECKOUT.parents)[:-1]:
            (self.root / parent.relative_to("/")).chmod(parent.stat().st_mode & 0o7777)
        self._outside("git", "-c", "safe.directory=*", "clone", "--quiet", "--no-hardlinks", CHECKOUT, clone)

    def _configure_apt(self):
        etc = self.root / "etc"
        (etc / "apt/apt.conf.d/90transport").write_text(mirror.transport())
        # Nobody misses the system after a power failure.
        (etc / "dpkg/dpkg.cfg.d/90no-sync").write_text("force-unsafe-io\n")
        for name in ("resolv.conf", "hosts"):
            shutil.copyfile(f"/etc/{name}", etc / name)
        for name in ("auth.conf", "auth.conf.d"):
            if pathlib.Path("/etc/apt", name).exists():
                subprocess.run(["cp", "-pRL", f"/etc/apt/{name}", etc / "apt"], check=True)
        target = self.root / "var/cache/apt/archives"
        for package in self.archives.glob("*.deb"):
            shutil.copyfile(package, target / package.name)

    def _keep_packages(self):
        """The packages of this run, and no older ones, are there for the next."""
        for package in (self.root / "var/cache/apt/archives").glob("*.deb"):
            if not (self.archives / package.name).exists():
                shutil.copyfile(package, self.archives / f".{package.name}")
                os.rename(self.archives / f".{package.name}", self.archives / package.name)

    def _outside(self, *command):
        """In the namespaces, with the programs of the machine around."""
        status, output = self._logged(self.keeper.entering(*command), {**os.environ, **mirror.environment()}, 1800)
        if status != 0:
            raise RuntimeError(f"{command[0]} failed for Debian {self.codename}:\n{output[-3000:]}")

    def type(self, command, network=True, timeout=3600):
        """What somebody types in the clone: (exit status, what it printed)."""
        environment = {**ENVIRONMENT, **ccache_environment(), **mirror.environment(),
                       **{key: os.environ[key] for key in PASSED_ON if key in os.environ}}
        words = ["chroot", str(self.root), "env", "-i", "-C", str(CHECKOUT),
                 *(f"{key}={value}" for key, value in environment.items()), "bash", "-c", command]
        if not network:
            words = ["unshare", "--net", "sh", "-euc", ALONE, "alone", *words]
        with open(self.log, "a") as log:
            log.write(f"\n{self.codename}# {command}\n")
        return self._logged(self.keeper.entering(*words), None, timeout)

    def _logged(self, command, environment, timeout):
        with open(self.log, "ab") as log:
            begin = log.tell()
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                  env=environment, timeout=timeout, check=False)
        return done.returncode, pathlib.Path(self.log).read_bytes()[begin:].decode(errors="replace")
