# SPDX-License-Identifier: Apache-2.0
"""The servers of the handshake benchmark: one worker each, and every way to the same certificate on a port."""

from lab.apache import Apache, global_part
from lab.net import free_port
from lab.nginx import Nginx, ccm_block

NAME = "bench.example"


def settings_of(cloud, state):
    """The state belongs to root: nginx's worker must be able to open the files of the variable."""
    facts = cloud.facts
    return {"state_path": state, "user": "root", "credentials": f"file={facts['credentials_file']}",
            "ssl_trusted_certificate": facts["ca_file"], "scm_endpoint": facts["scm"],
            "pca_endpoint": facts["pca"], "iam_endpoint": facts["iam"]}


class BenchNginx:
    name = "nginx"
    shown = NAME
    ways = ("static", "again", "variable", "ccm")

    def __init__(self, directory, settings):
        self.ports = {way: free_port() for way in self.ways}
        self.server = Nginx(directory, workers=1, log_level="notice")
        self.block = "user root;\n" + ccm_block(settings, ())

    def _site(self, way, body):
        return f"server {{ listen 127.0.0.1:{self.ports[way]} ssl; server_name {NAME}; {body} }}\n"

    def configure(self, files=None):
        """Only our own way until `files`, the directory of the certificate, exists."""
        sites = "ssl_protocols TLSv1.2 TLSv1.3;\n" + self._site("ccm", "ccm_certificate source=scm;")
        if files:
            static = f"ssl_certificate {files}/fullchain.pem; ssl_certificate_key {files}/privkey.pem;"
            variable = static.replace(str(files), "$bench_files")
            sites += (f"map $ssl_server_name $bench_files {{ default {files}; }}\n"
                      + self._site("static", static) + self._site("again", static)
                      + self._site("variable", variable))
        self.server.configure(main=self.block, http=sites)


class BenchApache:
    name = "apache"
    shown = NAME
    ways = ("static", "again", "ccm")

    def __init__(self, directory, settings):
        self.ports = {way: free_port() for way in self.ways}
        self.server = Apache(directory, workers=1, log_level="notice")
        self.block = global_part(settings, ())

    def _site(self, way, body):
        return (f"Listen 127.0.0.1:{self.ports[way]} https\n"
                f"<VirtualHost 127.0.0.1:{self.ports[way]}>\nServerName {NAME}\nSSLEngine on\n"
                f"SSLProtocol -all +TLSv1.2 +TLSv1.3\n{body}\n</VirtualHost>\n")

    def configure(self, files=None):
        sites = self._site("ccm", "CCMCertificate source=scm")
        if files:
            static = (f"SSLCertificateFile {files}/fullchain.pem\n"
                      f"SSLCertificateKeyFile {files}/privkey.pem")
            sites += self._site("static", static) + self._site("again", static)
        self.server.configure(main=self.block + sites, ports=list(self.ports.values()))
