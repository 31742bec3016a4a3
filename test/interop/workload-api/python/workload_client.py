"""Uses the Workload API at SPIFFE_ENDPOINT_SOCKET like an application with py-spiffe.

Prints each event as one JSON line. Standard input asks for more: "x509" makes every X.509 call once, "jwt" every call
of the JWT profile; {"done": ...} follows.
"""

import base64
import json
import sys
import threading
import time

from cryptography.hazmat.primitives.serialization import Encoding
from spiffe import JwtSource, SpiffeId, WorkloadApiClient, X509Source
from spiffetls import ClientTlsMode, ListenOptions, ServerTlsMode, dial, listen
from spiffetls.tlsconfig.authorize import authorize_id

# A call that takes longer hangs: the test reports its deadline as the error.
PATIENCE = 60
lock = threading.Lock()


def report(**line):
    with lock:
        print(json.dumps(line), flush=True)


def in_der(certificates):
    return [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in certificates]


def svid_fields(svid):
    return {"spiffeId": str(svid.spiffe_id), "chain": in_der(svid.cert_chain)}


def roots_of(bundles):
    return in_der(root for bundle in bundles for root in bundle.x509_authorities)


def context_fields(context):
    return {**svid_fields(context.default_svid), "roots": roots_of(context.x509_bundle_set.bundles)}


def call(name, work):
    try:
        fields = work()
    except Exception as error:
        fields = {"error": f"{type(error).__name__}: {error}"}
    report(call=name, **fields)


class Peers:
    """A server and a client that hold one source for their whole life.

    The client makes a new connection again and again. spiffe-tls configures a listener with the certificate of that
    moment, so each connection has a listener of its own.
    """

    def __init__(self, source, spiffe_id):
        self.source = source
        self.only = authorize_id(spiffe_id)
        self.count = self.failures = 0
        self.first = ""

    def run(self):
        while True:
            try:
                self.connect()
            except Exception as error:
                self.failures += 1
                self.first = self.first or f"{type(error).__name__}: {error}"
            self.count += 1
            time.sleep(0.5)

    def connect(self):
        options = ListenOptions(tls_mode=ServerTlsMode.MTLS, authorize_fn=self.only)
        listener = listen("127.0.0.1:0", self.source, options)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        threading.Thread(target=self.serve_one, args=(listener,), daemon=True).start()
        try:
            connection = dial(address, self.source, ClientTlsMode.TLS, self.only)
            heard = connection.recv(1)
            connection.close()
        finally:
            listener.close()
        if heard != b".":
            raise ValueError(f"the server said {heard!r}")

    @staticmethod
    def serve_one(listener):
        connection, _ = listener.accept()
        try:
            connection.do_handshake()
            connection.send(b".")
        finally:
            connection.close()

    def report(self):
        while self.count == 0:
            time.sleep(0.05)
        return {"count": self.count, "failures": self.failures, "first": self.first}


def call_x509(client, source, spiffe_id, peers):
    domain = spiffe_id.trust_domain
    call(
        "X509Source",
        lambda: {**svid_fields(source.svid), "roots": roots_of([source.get_bundle_for_trust_domain(domain)])},
    )
    call("X509Source.get_x509_context", lambda: context_fields(source.get_x509_context()))
    call("fetch_x509_svid", lambda: svid_fields(client.fetch_x509_svid(timeout=PATIENCE)))
    call("fetch_x509_svids", lambda: svid_fields(client.fetch_x509_svids(timeout=PATIENCE)[0]))
    call("fetch_x509_context", lambda: context_fields(client.fetch_x509_context(timeout=PATIENCE)))
    call("fetch_x509_bundles", lambda: {"roots": roots_of(client.fetch_x509_bundles(timeout=PATIENCE).bundles)})
    call("fresh handshakes", peers.report)


def keys_of(bundle):
    return {"keys": len(bundle.jwt_authorities)}


def call_jwt(client, spiffe_id):
    domain = spiffe_id.trust_domain
    audience = {"example"}

    def from_source(use):
        source = JwtSource(timeout_in_seconds=PATIENCE)
        try:
            return use(source)
        finally:
            source.close()

    def bundle_of(source):
        return keys_of(source.get_bundle_for_trust_domain(domain))

    call("JwtSource", lambda: from_source(bundle_of))
    call("JwtSource.fetch_svid", lambda: from_source(lambda source: source.fetch_svid(audience, timeout=PATIENCE)))
    call(
        "fetch_jwt_bundles",
        lambda: keys_of(client.fetch_jwt_bundles(timeout=PATIENCE).get_bundle_for_trust_domain(domain)),
    )
    call("fetch_jwt_svid", lambda: client.fetch_jwt_svid(audience, timeout=PATIENCE))
    call("fetch_jwt_svids", lambda: client.fetch_jwt_svids(audience, timeout=PATIENCE))
    call("validate_jwt_svid", lambda: client.validate_jwt_svid("a.b.c", "example", timeout=PATIENCE))


def main():
    spiffe_id = SpiffeId(sys.argv[1])
    client = WorkloadApiClient()
    source = X509Source()
    peers = Peers(source, spiffe_id)
    threading.Thread(target=peers.run, daemon=True).start()
    client.stream_x509_contexts(
        lambda context: report(update="stream_x509_contexts", **context_fields(context)),
        lambda error: report(update="stream_x509_contexts", error=str(error)),
    )
    for line in sys.stdin:
        wanted = line.strip()
        if wanted == "x509":
            call_x509(client, source, spiffe_id, peers)
        if wanted == "jwt":
            call_jwt(client, spiffe_id)
        report(done=wanted)


main()
