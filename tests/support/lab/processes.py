# SPDX-License-Identifier: Apache-2.0
"""Looking at processes through /proc."""

import os
import signal


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _status(pid, field):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        return None
    return None


def parent(pid):
    text = _status(pid, "PPid")
    return int(text) if text else None


def is_alive(pid):
    """Whether any thread of it runs: the first one may have ended before others, which hold its files and locks."""
    state = _status(pid, "State")
    if state is None or not state.startswith("Z"):
        return state is not None
    try:
        return len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def user_id(pid):
    text = _status(pid, "Uid")
    return int(text.split()[1]) if text else None


def session(pid):
    try:
        return os.getsid(pid)
    except OSError:
        return None


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def named(command):
    """Living processes of this command name (the first 15 characters, as `ps -o comm`)."""
    return [pid for pid in pids() if _status(pid, "Name") == command and is_alive(pid)]


def descriptor(pid, number):
    """What a descriptor of a process leads to; empty when it cannot be seen."""
    try:
        return os.readlink(f"/proc/{pid}/fd/{number}")
    except OSError:
        return ""


def descriptors(pid):
    """What every descriptor of a process leads to, by number."""
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return {}
    return {int(number): link for number in numbers if (link := descriptor(pid, number))}


def _loopback_sockets():
    """(local port, remote port, state, inode) of every TCP socket over IPv4."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    return [(int(row[1].split(":")[1], 16), int(row[2].split(":")[1], 16), int(row[3], 16), row[9])
            for row in rows]


def listening_sockets(ports):
    """What descriptors of the listening sockets of these ports lead to."""
    listening = 0x0A
    return {f"socket:[{inode}]" for local, _, state, inode in _loopback_sockets()
            if state == listening and local in ports}


def serving(port, client_port):
    """The processes that hold the server's end of a connection."""
    ends = {f"socket:[{inode}]" for local, remote, _, inode in _loopback_sockets()
            if (local, remote) == (port, client_port)}
    return [pid for pid in pids() if ends & set(descriptors(pid).values())]


def has_connection(pid, local_port):
    """Whether a process holds the end of a connection that has this port."""
    ends = {f"socket:[{inode}]" for local, _, _, inode in _loopback_sockets() if local == local_port}
    return bool(ends & set(descriptors(pid).values()))


def remote_ports(pid):
    """Of all its connections over loopback."""
    ends = set(descriptors(pid).values())
    return {remote for _, remote, _, inode in _loopback_sockets() if f"socket:[{inode}]" in ends}


def children(pid):
    return [other for other in pids() if parent(other) == pid and is_alive(other)]


def holding(path_text):
    """Processes whose working directory, open files or command line mention the text."""
    found = []
    for pid in pids():
        if pid == os.getpid() or not is_alive(pid):
            continue
        places = [command_line(pid)]
        try:
            places.append(os.readlink(f"/proc/{pid}/cwd"))
            for fd in os.listdir(f"/proc/{pid}/fd"):
                places.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            pass
        if any(path_text in place for place in places):
            found.append(pid)
    return found


def kill(pid, signal_number=signal.SIGKILL):
    try:
        os.kill(pid, signal_number)
    except ProcessLookupError:
        pass


def readable_memory(pid):
    """(address, bytes) of every readable private or shared mapping of a process."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps:
        ranges = [line.split() for line in maps]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for fields in ranges:
            if not fields[1].startswith("r") or fields[-1] in ("[vvar]", "[vsyscall]"):
                continue
            start, end = (int(part, 16) for part in fields[0].split("-"))
            while start < end:
                try:
                    memory.seek(start)
                    piece = memory.read(min(end - start, 1 << 24))
                except (OSError, ValueError, OverflowError):
                    break
                if not piece:
                    break
                yield start, piece
                start += len(piece)
