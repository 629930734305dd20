# SPDX-License-Identifier: Apache-2.0
"""Runs nginx's tests without the module, with it, and with its certificates, and compares."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from lab import place
from lab.emulator import Emulator

LOGS = place.ROOT / "build/test-logs"
HERE = pathlib.Path(__file__).resolve().parent
ACCOUNT = "www-data"
OF_TLS = re.compile(r"ssl|^h3_|^quic_")

# These cannot pass with certificates of ours, whatever the module does.
ABOUT_FILES = {
    "proxy_ssl_crl.t": "wants an authority of its own, with a list of what that has revoked",
    "proxy_ssl_verify.t": "wants two certificates with different issuers, and ours have the same",
    "ssl_cache_reload.t": "is about nginx's cache of certificate files",
    "ssl_certificate.t": "has a certificate from a variable on the same level",
    "ssl_certificate_chain.t": "wants a chain that lacks an intermediate certificate",
    "ssl_conf_command.t": "has ssl_conf_command Certificate, which is an error beside ccm_certificate",
    "ssl_stapling.t": "is about nginx's own stapling, of responses from files",
    "ssl_store_keys.t": "is about keys that nginx loads from a store by a URL",
    "stream_proxy_ssl_verify.t": "wants two certificates with different issuers, and ours have the same",
    "stream_ssl_certificate.t": "has a certificate from a variable on the same level",
    "stream_ssl_conf_command.t": "has ssl_conf_command Certificate, which is an error beside ccm_certificate",
    "stream_ssl_stapling.t": "is about nginx's own stapling, of responses from files",
}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/nginx-tests", add_help=False)
    parser.add_argument("--only", choices=("without", "loaded", "certificates"))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("tests", nargs="*")
    words = parser.parse_args()
    if not (words.folder / "lib/Test/Nginx.pm").is_file():
        parser.error(f"{words.folder} is no checkout of nginx's tests: it lacks lib/Test/Nginx.pm")
    for test in words.tests:
        if not (words.folder / test).is_file():
            parser.error(f"there is no test {test} in {words.folder}")
    return words


def require_what_tests_use():
    """Without these prove would run nothing, or each test would skip itself, and nothing would have failed."""
    if not shutil.which("prove"):
        sys.exit("scripts/nginx-tests: there is no prove; install the package perl")
    if subprocess.run(["perl", "-MIO::Socket::SSL", "-e1"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        sys.exit("scripts/nginx-tests: perl has no IO::Socket::SSL; install the package libio-socket-ssl-perl")
    try:
        place.program("ccm-emulator")
        place.nginx_module()
    except FileNotFoundError as missing:
        sys.exit(f"scripts/nginx-tests: {missing}")


def output_of_version():
    done = subprocess.run([place.nginx(), *place.nginx_arguments(), "-V"], capture_output=True, text=True, check=True)
    return done.stderr


def make_program(scratch, modules):
    """nginx for the tests: they load each module that `nginx -V` calls dynamic, and some may not be installed."""

    def only_installed(match):
        return match[0] if (modules / f"ngx_{match[1]}_module.so").exists() else ""

    said = scratch / "nginx-V"
    said.write_text(re.sub(r"--with-(\w+?)(?:_module)?=dynamic", only_installed, output_of_version()))
    program = scratch / "nginx"
    words = " ".join([place.nginx(), *place.nginx_arguments()])
    program.write_text(f'#!/bin/sh\nif [ "$1" = -V ]; then cat {said} >&2; exit; fi\nexec {words} "$@"\n')
    program.chmod(0o755)
    return program


def modules_folder():
    found = re.search(r"--modules-path=(\S+)", output_of_version())
    return pathlib.Path(found[1] if found else "/usr/lib/nginx/modules")


class Runs:
    def __init__(self, scratch, words, cloud):
        self.scratch, self.cloud = scratch, cloud
        self.folder = scratch / "tests"
        shutil.copytree(words.folder, self.folder, ignore=shutil.ignore_patterns(".git", ".hg"))
        self.tests = words.tests or sorted(path.name for path in self.folder.glob("*.t") if OF_TLS.search(path.name))
        (scratch / "tmp").mkdir()
        modules = modules_folder()
        self.environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TMPDIR": str(scratch / "tmp"),
            "TEST_NGINX_BINARY": str(make_program(scratch, modules)), "TEST_NGINX_MODULES": str(modules)}
        if os.geteuid() == 0:
            for path in (scratch, scratch / "tmp", self.folder, *self.folder.rglob("*")):
                shutil.chown(path, ACCOUNT, ACCOUNT)

    def environment_of(self, mode):
        more = {}
        if mode != "without":
            more["TEST_NGINX_GLOBALS"] = f"load_module {place.nginx_module()};"
        if mode == "certificates":
            more |= {"PERL5OPT": f"-I{self.folder}/lib -I{HERE} -MCcmCertificates",
                     "PYTHONPATH": str(place.ROOT / "tests/support"), "PYTHONDONTWRITEBYTECODE": "1",
                     "CCM_BUILD_DIR": str(place.build_directory()),
                     "CCM_FACTS": json.dumps(self.cloud.facts), "CCM_USED": str(self.scratch / "used")}
            (self.scratch / "used").touch()
            (self.scratch / "used").chmod(0o666)
        return {**self.environment, **more}

    def run(self, mode):
        """The test files that failed; prints how many tests there were."""
        command = ["prove", "-j", str(os.cpu_count() + 1), *self.tests]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups", *command]
        log = LOGS / f"nginx-tests-{mode}.log"
        with open(log, "w") as file:
            subprocess.run(command, cwd=self.folder, env=self.environment_of(mode), stdin=subprocess.DEVNULL,
                           stdout=file, stderr=subprocess.STDOUT, check=False)
        said = log.read_text(errors="replace")
        if "Files=" not in said:
            sys.exit(f"scripts/nginx-tests: prove did not come to its end; see {log.relative_to(place.ROOT)}")
        print(f"### {mode}   (the log is {log.relative_to(place.ROOT)})\n{said[said.rfind('Files='):].strip()}", flush=True)
        if mode == "certificates":
            used = (self.scratch / "used").read_text().splitlines()
            print(f"{len(used)} test files had certificates of ours, {sum(map(int, used))} of them together")
        return set(re.findall(r"^(\S+\.t) +\(Wstat: .*(?:exited|Signal|Failed: [1-9])", said, re.M))


def main(words):
    require_what_tests_use()
    LOGS.mkdir(parents=True, exist_ok=True)
    with place.Scratch("nginx-tests") as scratch, Emulator(scratch / "cloud") as cloud:
        if os.geteuid() == 0:
            shutil.chown(cloud.facts["credentials_file"], ACCOUNT)
            (scratch / "cloud").chmod(0o711)
        runs = Runs(scratch, words, cloud)
        modes = [words.only] if words.only else ["without", "loaded", "certificates"]
        failed = {mode: runs.run(mode) for mode in modes}
    new = {(mode, test) for mode in modes for test in failed[mode] - failed.get("without", set())
           if mode != "without" and not (mode == "certificates" and test in ABOUT_FILES)}
    for test in sorted(failed.get("certificates", set()) & set(ABOUT_FILES)):
        print(f"as expected, {test}: it {ABOUT_FILES[test]}")
    for mode, test in sorted(new):
        print(f"only {mode}: {test}")
    return 1 if new else 0


if __name__ == "__main__":
    understood = parse_arguments()
    # A network of its own: the tests choose their ports themselves.
    if os.geteuid() == 0 and "CCM_ALONE" not in os.environ:
        os.environ["CCM_ALONE"] = "1"
        alone = 'ip link set lo up; exec "$@"'
        os.execvp("unshare", ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", alone,
                              "sh", sys.executable, *sys.argv])
    sys.exit(main(understood))
