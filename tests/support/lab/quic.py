# SPDX-License-Identifier: Apache-2.0
"""A client of HTTP/3 that tells what it was shown. It needs aioquic, which Debian has from 13 on."""

import asyncio
import ssl
import threading

from . import tls

try:
    from aioquic.asyncio.protocol import QuicConnectionProtocol
    from aioquic.h3.connection import H3_ALPN, H3Connection
    from aioquic.h3.events import DataReceived
    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.connection import QuicConnection
    from aioquic.tls import AlertBadCertificate, SignatureAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding
    IS_HERE = True
except ImportError:
    IS_HERE, QuicConnectionProtocol = False, object

TIMEOUT = 20.0
# The algorithms of a client that takes only one kind of key.
ALGORITHMS = {"rsa": ("RSA_PSS_RSAE_SHA256",), "ecdsa": ("ECDSA_SECP256R1_SHA256",)}


class _Client(QuicConnectionProtocol):
    def __init__(self, connection):
        super().__init__(connection)
        self._http = H3Connection(connection)
        self._bodies, self._waiters = {}, {}

    def quic_event_received(self, event):
        for part in self._http.handle_event(event):
            stream = part.stream_id
            if isinstance(part, DataReceived):
                self._bodies[stream] = self._bodies.get(stream, b"") + part.data
            if getattr(part, "stream_ended", False) and not self._waiters[stream].done():
                self._waiters[stream].set_result(None)

    async def get(self, name, path):
        stream = self._quic.get_next_available_stream_id()
        self._waiters[stream] = self._loop.create_future()
        self._http.send_headers(stream, [(b":method", b"GET"), (b":scheme", b"https"),
                                         (b":authority", name.encode()), (b":path", path.encode())], end_stream=True)
        self.transmit()
        await asyncio.wait_for(self._waiters[stream], TIMEOUT)
        return self._bodies.get(stream, b"").decode()


class Connection:
    """A connection that is kept, by a thread that answers for it, until the end of the context."""

    def __init__(self, port, name, *, key=None, ticket=None, accepts=None):
        self.tickets = []  # of sessions that can be resumed, as they come
        self._port, self._name, self._key, self._ticket = port, name, key, ticket
        self._accepts = accepts  # the serial of the one certificate that it does not refuse; None: any
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._client = self._transport = None

    def __enter__(self):
        self._thread.start()
        try:
            self._wait_for(self._open())
        except (ConnectionError, asyncio.TimeoutError) as failure:
            self._end()
            raise tls.HandshakeFailure(repr(failure)) from failure
        return self

    def __exit__(self, *_):
        self._end()

    @property
    def serial(self):
        """The shown certificate's serial; None when none was shown, because the session was resumed."""
        certificate = self._client._quic.tls._peer_certificate
        return certificate and tls.serial_of(certificate.public_bytes(Encoding.DER))

    @property
    def resumed(self):
        return self._client._quic.tls.session_resumed

    def get(self, path):
        """The body of what one GET is answered with."""
        return self._wait_for(self._client.get(self._name, path))

    async def _open(self):
        configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=self._name,
                                          verify_mode=ssl.CERT_NONE, session_ticket=self._ticket)
        connection = QuicConnection(configuration=configuration, session_ticket_handler=self.tickets.append)
        if self._key is not None:
            _restrict(connection, ALGORITHMS[self._key])
        if self._accepts is not None:
            _refuse_others(connection, self._accepts)
        self._transport, self._client = await self._loop.create_datagram_endpoint(
            lambda: _Client(connection), local_addr=("127.0.0.1", 0))
        self._client.connect(("127.0.0.1", self._port))
        await asyncio.wait_for(self._client.wait_connected(), TIMEOUT)

    def _end(self):
        if self._client is not None:
            self._loop.call_soon_threadsafe(self._client.close)
            self._wait_for(self._client.wait_closed())
            self._loop.call_soon_threadsafe(self._transport.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait_for(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(2 * TIMEOUT)


def _restrict(connection, names):
    """Offers only these signature algorithms; aioquic has no setting for them."""
    initialize = connection._initialize

    def initialize_and_restrict(peer):
        initialize(peer)
        connection.tls._signature_algorithms = [SignatureAlgorithm[name] for name in names]

    connection._initialize = initialize_and_restrict


def _refuse_others(connection, accepted):
    """Refuses every certificate but that with this serial, as a client does that does not trust its issuer."""
    initialize = connection._initialize

    def initialize_and_refuse(peer):
        initialize(peer)
        take = connection.tls._client_handle_certificate

        def take_or_refuse(message):
            take(message)
            if tls.serial_of(connection.tls._peer_certificate.public_bytes(Encoding.DER)) != accepted:
                raise AlertBadCertificate("it is another certificate")

        connection.tls._client_handle_certificate = take_or_refuse

    connection._initialize = initialize_and_refuse


def serial(port, name, **options):
    """The serial of the certificate that a new connection is shown."""
    with Connection(port, name, **options) as connection:
        return connection.serial
