# SPDX-License-Identifier: Apache-2.0
"""Ways to a port of loopback that a test cuts or blocks, as a network does."""

import contextlib
import selectors
import socket
import threading

from . import processes
from .net import free_port

# What a way does:
OPEN = "open"  # carries everything
CUT = "cut"  # ends its connections, and refuses new ones
SILENT = "silent"  # takes everything and carries nothing; what it took arrives when it is open again
DEAF = "deaf"  # carries requests and loses the answers

_PIECE = 65536
_PATIENCE = 2.0  # seconds that one who does not read is waited for


class Link:
    """One way to `target`, a port; clients use `port`. With `refused`, a process of whom it takes no connection."""

    def __init__(self, target):
        self.target, self.port = target, free_port()
        self.mode, self.refused = OPEN, None
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._woken, self._waker = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._others = {}  # both ends of each connection, by each other
        self._clients = set()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def set(self, mode, refused=None):
        self.mode, self.refused = mode, refused
        self._waker.send(b"x")

    def close(self):
        self._is_over = True
        self._waker.send(b"x")
        self._thread.join(timeout=20)

    def _run(self):
        last = OPEN
        while not self._is_over:
            if self.mode == SILENT:
                self._woken.recv(_PIECE)
            else:
                for key, _ in self._selector.select():
                    self._serve(key.fileobj)
            mode = self.mode
            # An answer of which a part was lost ends its connection.
            if mode == CUT or (last == DEAF and mode != DEAF):
                self._end_all()
            elif self.refused:
                for client in [each for each in self._clients if self._is_refused(each)]:
                    self._end(client)
            last = mode
        self._end_all()
        for each in (self._listener, self._woken, self._waker, self._selector):
            each.close()

    def _serve(self, source):
        if source is self._woken:
            source.recv(_PIECE)
        elif source is self._listener:
            self._accept()
        elif source in self._others:
            self._carry(source)

    def _accept(self):
        client, _ = self._listener.accept()
        if self.mode == CUT or (self.refused and self._is_refused(client)):
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=_PATIENCE)
        except OSError:
            client.close()
            return
        self._clients.add(client)
        for one, other in ((client, server), (server, client)):
            one.settimeout(_PATIENCE)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._others[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _is_refused(self, client):
        with contextlib.suppress(OSError):
            return processes.has_connection(self.refused, client.getpeername()[1])
        return True

    def _carry(self, source):
        try:
            data = source.recv(_PIECE)
            if data and not (self.mode == DEAF and source not in self._clients):
                self._others[source].sendall(data)
        except OSError:
            data = b""
        if not data:
            self._end(source)

    def _end(self, one):
        for each in (one, self._others[one]):
            self._selector.unregister(each)
            self._clients.discard(each)
            del self._others[each]
            each.close()

    def _end_all(self):
        while self._others:
            self._end(next(iter(self._others)))
