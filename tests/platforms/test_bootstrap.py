# SPDX-License-Identifier: Apache-2.0
"""scripts/bootstrap on a machine with systemd: a web server that it installs stays still, one that was there goes on."""

import os
import subprocess

import bare_system
import pytest

# A machine where nothing is installed, with an apt-get that does what the packages' scripts do.
MACHINE = """
mount --make-rprivate /
for hidden in /run /usr/sbin /etc/init.d /lib/systemd/system /etc/systemd/system; do
    mount -t tmpfs tmpfs "$hidden"
done
mkdir -p /run/systemd/system "$1/bin"
cat > "$1/bin/apt-get" <<'STUB'
#!/bin/sh
case "$*" in *" install "*) ;; *) exit 0 ;; esac
for service in nginx apache2; do
    touch "/lib/systemd/system/$service.service"
    status=0
    [ ! -x /usr/sbin/policy-rc.d ] || /usr/sbin/policy-rc.d "$service" restart || status=$?
    echo "policy $service $status" >> "$SAID"
done
STUB
printf '#!/bin/sh\\necho "systemctl $*" >> "$SAID"\\n' > "$1/bin/systemctl"
printf '#!/bin/sh\\n' > "$1/bin/dpkg-query"
printf '#!/bin/sh\\n' > "$1/bin/getent"
chmod +x "$1"/bin/*
PATH=$1/bin:$PATH
export PATH SAID="$1/said"
[ -z "$2" ] || touch "$2"
scripts/bootstrap --build-only
[ ! -e /usr/sbin/policy-rc.d ] || echo "the policy was left behind" >> "$SAID"
"""


@pytest.mark.parametrize("there, said", [
    ("", ["policy nginx 101", "policy apache2 101",
          "systemctl disable --quiet --now nginx", "systemctl disable --quiet --now apache2"]),
    ("/etc/systemd/system/nginx.service",
     ["policy nginx 0", "policy apache2 101", "systemctl disable --quiet --now apache2"]),
    ("/lib/systemd/system/apache2.service",
     ["policy nginx 101", "policy apache2 0", "systemctl disable --quiet --now nginx"]),
])
def test_services(possible, tmp_path, there, said):
    done = subprocess.run(["unshare", "--mount", "bash", "-euc", MACHINE, "machine", tmp_path, there],
                          cwd=bare_system.CHECKOUT, env={**os.environ, "LC_ALL": "C"}, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "said").read_text().splitlines() == said


def test_shows_what_is_missing_and_installs_nothing(possible, tmp_path):
    (tmp_path / "dpkg-query").write_text("#!/bin/sh\n")
    (tmp_path / "apt-get").write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n")
    for stub in ("dpkg-query", "apt-get"):
        (tmp_path / stub).chmod(0o755)
    done = subprocess.run(["scripts/bootstrap", "--build-only", "--show"], cwd=bare_system.CHECKOUT,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
                          capture_output=True, text=True, check=True)
    assert {"g++", "nginx", "apache2", "python3"} <= set(done.stdout.split())
    assert not (tmp_path / "called").exists()
