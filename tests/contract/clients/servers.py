# SPDX-License-Identifier: Apache-2.0
"""A server with a port for each chain, which shows whatever it is given."""

import os
import selectors
import socket
import ssl
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Servers:
    """Serves until the end of the block. What no server can load is in `unloadable`, with the reason."""

    def __init__(self, folders):
        self.ports = {}
        self.unloadable = {}
        self._contexts = {}
        self._selector = selectors.DefaultSelector()
        for folder in folders:
            try:
                self._listen(folder)
            except ssl.SSLError as error:
                self.unloadable[folder.name] = str(error)
        self._end, self._stop = os.pipe()
        self._selector.register(self._end, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def _listen(self, folder):
        served = folder / "served.pem"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # What is too weak is for the clients to say.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(served if served.exists() else folder / "chain.pem", folder / "key.pem")
        listener = socket.create_server(("127.0.0.1", 0))
        self._contexts[listener] = context
        self._selector.register(listener, selectors.EVENT_READ)
        self.ports[folder.name] = listener.getsockname()[1]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._stop, b"x")
        self._thread.join()
        for listener in self._contexts:
            listener.close()
        self._selector.close()
        os.close(self._end)
        os.close(self._stop)

    def _accept(self):
        while True:
            for ready, _ in self._selector.select():
                if ready.fileobj == self._end:
                    return
                connection, _ = ready.fileobj.accept()
                threading.Thread(target=self._serve, args=(connection, self._contexts[ready.fileobj]),
                                 daemon=True).start()

    @staticmethod
    def _serve(connection, context):
        connection.settimeout(10)
        try:
            with connection, context.wrap_socket(connection, server_side=True) as channel:
                channel.recv(4096)
                channel.sendall(ANSWER)
        except OSError:
            pass  # the client did not like what it saw
