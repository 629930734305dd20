# SPDX-License-Identifier: Apache-2.0
"""A forward proxy on loopback that may want a user and a password (RFC 9110, CONNECT and Basic)."""

import base64
import select
import socket
import socketserver
import threading


class Proxy:
    def __init__(self, login=None):
        """`login`: "user:password" that it wants; None: it lets everybody through."""
        self.wanted = login and "Basic " + base64.b64encode(login.encode()).decode()
        self.refused = 0
        self.tunnels = 0
        self.heads = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler(), False)
        self._server.daemon_threads = True
        self._server.server_bind()
        self._server.server_activate()
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def _handler(self):
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                proxy.serve(self.connection, self.rfile)

        return Handler

    def serve(self, client, incoming):
        while True:
            head = []
            while (line := incoming.readline().decode("latin-1").rstrip("\r\n")):
                head.append(line)
            if not head:
                return
            self.heads.append(head)
            fields = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
            if self.wanted and fields.get("Proxy-Authorization") != self.wanted:
                self.refused += 1
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                               b"Proxy-Authenticate: Basic realm=\"lab\"\r\nContent-Length: 0\r\n\r\n")
                continue
            method, target, _ = head[0].split(" ", 2)
            if method != "CONNECT":
                client.sendall(b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n")
                continue
            host, port = target.rsplit(":", 1)
            with socket.create_connection((host, int(port)), timeout=20) as peer:
                self.tunnels += 1
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                self._carry(client, peer)
            return

    @staticmethod
    def _carry(client, peer):
        ways = {client: peer, peer: client}
        while True:
            ready, _, _ = select.select(list(ways), [], [], 60)
            if not ready:
                return
            for source in ready:
                try:
                    data = source.recv(65536)
                except OSError:
                    return
                if not data:
                    return
                ways[source].sendall(data)
