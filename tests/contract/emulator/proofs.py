# SPDX-License-Identifier: Apache-2.0
"""A web server of the test's own for validation files, where the authority of the emulator looks."""

import http.server
import threading


class ProofServer:
    """Serves `files`: {(name, path): body, or (status, headers, body)}; notes every question."""

    def __init__(self, tls=None):
        self.files = {}
        self.asked = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                key = (self.headers["Host"], self.path)
                owner.asked.append(key)
                answer = owner.files.get(key, (404, {}, "not here"))
                status, headers, body = answer if isinstance(answer, tuple) else (200, {}, answer)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def place(self, name, file, answer):
        self.files[(name, f"/.well-known/pki-validation/{file}")] = answer
