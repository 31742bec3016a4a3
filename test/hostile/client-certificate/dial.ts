import { once } from "node:events";
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from "node:tls";
import {
  type Certificate,
  createCertificateRequest,
  KeyPair,
  parseCertificate,
  parseSpiffeId,
} from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { key, pem } from "@kasbah/testkit/csr";
import { callOn, framed, type Outcome } from "../http2/grpc-call.ts";
import type { Gate } from "./gate.ts";
import { frontend, type Presented } from "./mint.ts";

export type Version = "TLSv1.2" | "TLSv1.3";
export const versions: readonly Version[] = ["TLSv1.2", "TLSv1.3"];

/** A TLS connection to the CA for several calls. */
export interface Line extends Disposable {
  readonly socket: TLSSocket;
  /** Requests a certificate; an outcome without a status means that the connection failed. */
  ask(headers?: OutgoingHttpHeaders): Promise<Outcome>;
}

export async function dial(gate: Gate, presented?: Presented, tls: ConnectionOptions = {}): Promise<Line> {
  const { port, trust } = gate;
  const shown = presented === undefined ? {} : optionsOf(presented);
  const socket = tlsConnect({
    host: "127.0.0.1",
    port,
    ca: trust.root.rootPem,
    ALPNProtocols: ["h2"],
    // The client's own OpenSSL must not reject the keys and certificates under test.
    ciphers: "DEFAULT@SECLEVEL=0",
    ...shown,
    ...tls,
  });
  socket.on("error", () => {});
  await Promise.race([once(socket, "secureConnect"), once(socket, "close")]).catch(() => undefined);
  const session = connect(`https://127.0.0.1:${port}`, { createConnection: () => socket });
  session.on("error", () => {});
  return {
    socket,
    ask: async (headers = {}) => askOn(session, headers),
    [Symbol.dispose]: () => session.destroy(),
  };
}

/** Makes one call on a new connection. */
export async function ask(
  gate: Gate,
  presented?: Presented,
  o: { headers?: OutgoingHttpHeaders; tls?: ConnectionOptions } = {},
) {
  using line = await dial(gate, presented, o.tls);
  return await line.ask(o.headers);
}

async function askOn(session: ClientHttp2Session, headers: OutgoingHttpHeaders): Promise<Outcome> {
  if (session.destroyed) return { status: undefined, message: "", body: Buffer.alloc(0) };
  return callOn(session, request, headers);
}

/**
 * For the key that `mint` gives to leaves, so that the issued certificate can be presented in the next call.
 */
const request = framed(
  createCertificate.request.encode({
    csr: createCertificateRequest(new KeyPair(key("P-256").privateKey), parseSpiffeId(frontend)),
    validityDurationSeconds: 0,
    impersonatedIdentity: "",
    certSigner: "",
  }),
);

function optionsOf({ chain, key: name }: Presented): ConnectionOptions {
  return {
    cert: chain.map((der) => pem("CERTIFICATE", der)).join(""),
    key: key(name).privateKey.export({ format: "pem", type: "pkcs8" }),
  };
}

/** The leaf in a reply. */
export function leafOf({ status, message, body }: Outcome): Certificate {
  if (status !== 0) throw new Error(`no certificate: ${status} ${message}`);
  const [leaf = ""] = createCertificate.response.decode(body).certChain;
  return parseCertificate(leaf);
}
