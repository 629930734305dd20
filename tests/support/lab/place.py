# SPDX-License-Identifier: Apache-2.0
"""Where things are: the checkout, the build, scratch directories, and the nginx under test."""

import os
import pathlib
import shlex
import shutil
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]


def build_directory():
    """The build under test: CCM_BUILD_DIR, or the release build."""
    return pathlib.Path(os.environ.get("CCM_BUILD_DIR", ROOT / "build" / "release"))


def program(name):
    path = build_directory() / "bin" / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run scripts/build first")
    return str(path)


def module(name):
    path = build_directory() / "modules" / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run scripts/build first")
    return str(path)


def nginx():
    """The nginx under test: CCM_NGINX, or Debian's."""
    return os.environ.get("CCM_NGINX", "/usr/sbin/nginx")


def nginx_arguments():
    """What each of its command lines gets first: CCM_NGINX_ARGUMENTS."""
    return shlex.split(os.environ.get("CCM_NGINX_ARGUMENTS", ""))


def nginx_stream_module():
    """The path of its stream module, CCM_NGINX_STREAM_MODULE, or Debian's; "" when stream is compiled in."""
    return os.environ.get("CCM_NGINX_STREAM_MODULE", "/usr/lib/nginx/modules/ngx_stream_module.so")


def nginx_module():
    """Our module for it: CCM_NGINX_MODULE, or that of the build under test."""
    return os.environ.get("CCM_NGINX_MODULE") or module("ngx_ccm_module.so")


class Scratch:
    """A directory of its own that is removed at the end.

    Other users may pass through it (the agent and the workers run as such), not list it.
    """

    def __init__(self, label):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"ccm-{label}-"))
        self.path.chmod(0o711)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)
