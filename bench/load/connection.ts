import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import type { Target } from "./order.ts";

/** A client's certificate with its key. */
export interface ClientIdentity {
  readonly chain: string;
  readonly key: string;
}

/** Opens connections to one CA, each from a loopback address of its own if the CA is on loopback. */
export class Dialer {
  readonly #target: Target;
  /** Parsed once: a pod parses its roots once per connection, but the load generator must stay cheap. */
  readonly #context: SecureContext;
  #opened = 0;

  constructor(target: Target) {
    this.#target = target;
    this.#context = createSecureContext({ ca: target.rootsPem });
  }

  /** A full TLS handshake: pods resume no session of another pod. */
  open(identity?: ClientIdentity): ClientHttp2Session {
    const { host, port, rootsPem } = this.#target;
    const secureContext =
      identity === undefined
        ? this.#context
        : createSecureContext({ ca: rootsPem, cert: identity.chain, key: identity.key });
    const from = host.startsWith("127.") ? { localAddress: loopbackAddress(this.#opened++) } : {};
    const session = connect(`https://${host}:${port}`, {
      createConnection: () =>
        connectTls({
          host,
          port,
          ...from,
          secureContext,
          ALPNProtocols: ["h2"],
          servername: "localhost",
          // The certificate must chain to the root; its name depends on where the CA is.
          checkServerIdentity: () => undefined,
        }),
    });
    // Its calls report the failure.
    session.on("error", () => undefined);
    return session;
  }
}

/** 127.1.0.1 and on: a million addresses, one for each pod. */
function loopbackAddress(index: number): string {
  const host = index % 250;
  const net = Math.floor(index / 250);
  return `127.${1 + (Math.floor(net / 256) % 250)}.${net % 256}.${host + 1}`;
}
