# SPDX-License-Identifier: Apache-2.0
"""The status of a server of the lab, at a port without TLS."""

import http.client
import json

from .net import free_port
from .nginx import Nginx

PATH = "/ccm-status"


class Status:
    """Asks a server for its status at a port without TLS."""

    def __init__(self, port):
        self.port = port

    def ask(self, tail="", method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, PATH + tail, headers=headers)
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    def json(self, tail="?format=json"):
        answer, body = self.ask(tail)
        assert answer.status == 200, body
        return json.loads(body)

    def certificate(self, name):
        return next(each for each in self.json()["certificates"] if each["name"] == name)

    def metrics(self):
        """Of every sample the value, by name and labels as they are written."""
        _, body = self.ask("?format=prometheus")
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in body.splitlines() if not line.startswith("#")}


def with_status(server, **configuration):
    """Configures a server with a place for the status; further text for httpd's main server in `main`."""
    port = free_port()
    if isinstance(server, Nginx):
        configuration["http"] = (f"server {{ listen 127.0.0.1:{port};"
                                 f" location {PATH} {{ ccm_status; }} }}\n")
        server.configure(**configuration)
    else:
        main = configuration.pop("main", "")
        main += f"Listen 127.0.0.1:{port}\n<Location {PATH}>\n    SetHandler ccm-status\n</Location>\n"
        server.configure(main=main, ports=(port,), **configuration)
    return Status(port)
