# SPDX-License-Identifier: Apache-2.0
"""Runs a program under restrictions of a systemd unit, where no systemd runs.

As a program: unit.py SETTING=VALUE ... -- PROGRAM [ARGUMENT ...]

Knows the settings below; another one is an error, so that a test cannot believe in a restriction that
was not there. Sets of system calls are asked of systemd-analyze, so they are those of the system's systemd.
"""

import ctypes
import os
import re
import shutil
import subprocess
import sys

SECCOMP_LIBRARY = "libseccomp.so.2"
ALLOW, KILL_PROCESS, ERRNO_EPERM = 0x7FFF0000, 0x80000000, 0x00050001
NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS
ATTRIBUTE_NNP = 3  # SCMP_FLTATR_CTL_NNP: root loads filters without it, as systemd does

# What is about file systems and devices, which a test with its files in a scratch directory cannot have
# as it is; ProtectSystem is done by protect_system().
ELSEWHERE = {"ProtectSystem", "ReadWritePaths", "ProtectHome", "PrivateTmp", "PrivateDevices"}
# What systemd does with filters and mounts of its own that no program of ours comes near.
NOT_NEAR = {"ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups",
            "ProtectClock", "ProtectHostname", "RestrictRealtime", "LockPersonality",
            "RestrictNamespaces", "RestrictSUIDSGID", "SystemCallArchitectures"}


def is_there():
    return shutil.which("systemd-analyze") is not None


def drop_in(text, path):
    """(setting, value) of the block of a page that is written to the path."""
    block = re.search(rf"```ini\n# {re.escape(path)}\n(.*?)```", text, re.DOTALL)
    assert block, f"the page writes no {path}"
    return re.findall(r"^(\w+)=(.*)$", block.group(1), re.MULTILINE)


def launcher(settings):
    """The command before a server's own that puts the settings into force."""
    return [sys.executable, __file__, *(f"{name}={value}" for name, value in settings), "--"]


def calls_of(word):
    if not word.startswith("@"):
        return {word}
    listed = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", word], check=True,
                            capture_output=True, text=True).stdout.splitlines()[1:]
    words = [line.strip() for line in listed if line.strip() and not line.strip().startswith("#")]
    return set().union(*(calls_of(each) for each in words))


def filter_calls(value, otherwise):
    is_deny_list = value.startswith("~")  # which is about the whole line
    listed = set().union(*(calls_of(word) for word in value.lstrip("~").split()))
    if not is_deny_list:
        listed |= calls_of("@default")
    library = ctypes.CDLL(SECCOMP_LIBRARY, use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    listed_answer, other = (otherwise, ALLOW) if is_deny_list else (ALLOW, otherwise)
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(other)))
    assert library.seccomp_attr_set(context, ATTRIBUTE_NNP, ctypes.c_uint32(0)) == 0
    for name in listed:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            added = library.seccomp_rule_add(context, ctypes.c_uint32(listed_answer), number, 0)
            assert added == 0, name
    assert library.seccomp_load(context) == 0


def protect_system(*writable):
    """A shell script for a mount namespace: everything is read-only but /dev, /proc, /sys and these."""
    binds = "".join(f"mount --bind {path} {path}; " for path in writable)
    return binds + "mount -o remount,bind,ro /"


def main(arguments):
    at = arguments.index("--")
    settings, command = [argument.split("=", 1) for argument in arguments[:at]], arguments[at + 1:]
    names = dict(settings)
    unknown = set(names) - ELSEWHERE - NOT_NEAR - {
        "NoNewPrivileges", "CapabilityBoundingSet", "SystemCallFilter", "SystemCallErrorNumber",
        "RestrictAddressFamilies"}
    assert not unknown, f"no test of {unknown}"
    if "CapabilityBoundingSet" in names:
        kept = ["+" + word[4:].lower() for word in names["CapabilityBoundingSet"].split()]
        command = ["setpriv", "--bounding-set", ",".join(["-all", *kept]), "--inh-caps", "-all", *command]
    if names.get("NoNewPrivileges") == "yes":
        assert ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
    if "SystemCallFilter" in names:
        error = names.get("SystemCallErrorNumber")
        filter_calls(names["SystemCallFilter"], {None: KILL_PROCESS, "EPERM": ERRNO_EPERM}[error])
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
