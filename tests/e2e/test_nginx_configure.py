# SPDX-License-Identifier: Apache-2.0
"""nginx's own configure takes the module like any other one: --add-dynamic-module, as Debian's tools do it."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from lab import place
from lab.nginx import Nginx

SOURCE = pathlib.Path("/usr/share/nginx/src")
MODULE = place.ROOT / "nginx_module"

# With the core of the build under test, which would take minutes to compile.
CONFIGURE = """
. ./conf_flags
./configure "${NGX_CONF_FLAGS[@]}" --with-cc-opt='-g -O0 -fPIC' --builddir="$1" --add-dynamic-module="$2"
"""


def run(command, **how):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **how)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def exports(module):
    said = run(["nm", "--dynamic", "--defined-only", "--format=posix", module])
    return {line.split()[0] for line in said.splitlines()}


@pytest.fixture(name="made")
def fixture_made(scratch):
    """The module as nginx's make links it."""
    source, objects = scratch / "nginx", scratch / "objs"
    shutil.copytree(SOURCE, source)
    environment = {**os.environ, "CCM_CORE_BUILD": str(place.build_directory())}
    run(["bash", "-euc", CONFIGURE, "configure", objects, MODULE], cwd=source, env=environment)
    said = run(["make", "-j2", "-f", objects / "Makefile", "modules"], cwd=source)
    assert "warning" not in said, said
    again = run(["make", "-f", objects / "Makefile", "modules"], cwd=source)
    assert "cmake" not in again, again
    return objects / "ngx_ccm_module.so"


@pytest.mark.timeout(900)  # it configures nginx and compiles the module
@pytest.mark.skipif(not (SOURCE / "configure").exists(), reason="needs nginx-dev")
@pytest.mark.skipif("CCM_NGINX" in os.environ, reason="is about the distribution's nginx")
def test_it_is_the_same_module(made, make_server, monkeypatch, settings, cloud, intranet, private):
    assert exports(made) == exports(place.module("ngx_ccm_module.so")) == {
        "ngx_modules", "ngx_module_names", "ngx_module_order"}
    monkeypatch.setenv("CCM_NGINX_MODULE", str(made))
    nginx = make_server(Nginx, load_stream=True)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    assert str(place.module("ngx_ccm_module.so")) not in nginx.conf.read_text()
    good, printed = nginx.test()
    assert good and "warn" not in printed, printed
    with nginx:
        old = nginx.wait_for_certificate(private, cloud.trust())
        nginx.reload()
        assert nginx.wait_for_certificate(private, cloud.trust()) == old


@pytest.mark.parametrize("different, sentence", [
    ({"ngx_module_link": "ADDON"}, r"write --add-dynamic-module="),
    ({"HTTP": "NO"}, r"nginx needs --with-http_ssl_module"),
    ({"HTTP_SSL": "NO"}, r"nginx needs --with-http_ssl_module"),
    ({"OPENSSL": "/usr/src/openssl"}, r"without --with-openssl=/usr/src/openssl"),
    ({"CCM_CORE_BUILD": "/nowhere"}, r"CCM_CORE_BUILD.*/nowhere"),
    ({"PATH": "/nowhere"}, r"there is no cmake; scripts/bootstrap --build-only"),
])
def test_what_cannot_work_is_said_by_configure(different, sentence):
    variables = {"HTTP": "YES", "HTTP_SSL": "YES", "OPENSSL": "NONE", "NGX_OBJS": "objs", "ngx_addon_dir": str(MODULE),
                 "ngx_module_link": "DYNAMIC", "PATH": os.environ["PATH"], **different}
    done = subprocess.run(["/bin/sh", "-c", ". \"$ngx_addon_dir/config\""], env=variables, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1 and re.search(f"error: the CCM module cannot be built here: .*{sentence}", done.stdout)
