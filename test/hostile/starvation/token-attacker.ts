import { randomBytes } from "node:crypto";
import type { ClientHttp2Session } from "node:http2";
import { connect } from "node:http2";
import { connect as connectTls } from "node:tls";
import { workerData } from "node:worker_threads";
import { createCertificate } from "@kasbah/protocol";
import type { TlsTarget } from "../http2/raw-connection.ts";
import { type Addresses, addressOf } from "./swarm.ts";

/** What a worker needs to invent tokens of a cluster, and some real tokens that are of no use. */
export interface TokenAttack {
  readonly target: TlsTarget;
  readonly addresses: Addresses;
  readonly connections: number;
  /** Calls that each connection keeps open. */
  readonly streams: number;
  /** The claims of a good token, and the key id of the cluster. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly kid: string;
  readonly useless: readonly string[];
}

const attack: TokenAttack = workerData;
const pauseMs = 500;

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
const random = (length: number) => randomBytes(length).toString("base64url");

/** In turn: with an invented key, with the key of the cluster but a random signature, and real ones. */
function inventToken(count: number): string {
  const { claims, kid, useless } = attack;
  const real = useless[count % useless.length];
  if (count % 4 === 3 && real !== undefined) return real;
  const header = { alg: "ES256", kid: count % 2 === 0 ? random(32) : kid };
  return [encode(header), encode({ ...claims, jti: random(12) }), random(64)].join(".");
}

let calls = 0;

function dial(index: number): void {
  const { target, addresses, streams } = attack;
  const { port, rootPem: ca } = target;
  const socket = connectTls({
    ...{ host: "127.0.0.1", port, ca, ALPNProtocols: ["h2"] },
    localAddress: addressOf[addresses](index),
  } as never);
  const session = connect(`https://127.0.0.1:${port}`, { createConnection: () => socket });
  socket.on("error", () => {});
  session.on("error", () => {});
  session.once("connect", () => {
    for (let count = 0; count < streams; count += 1) call(session);
  });
  session.once("close", () => setTimeout(() => dial(index), pauseMs));
}

function call(session: ClientHttp2Session): void {
  if (session.destroyed || session.closed) return;
  calls += 1;
  const stream = session.request({
    ...{ ":method": "POST", ":path": createCertificate.path, te: "trailers" },
    ...{ "content-type": "application/grpc", authorization: `Bearer ${inventToken(calls)}` },
  });
  stream.on("error", () => {});
  stream.resume();
  stream.end(Buffer.alloc(5));
  stream.once("close", () => setTimeout(() => call(session), pauseMs));
}

for (let index = 0; index < attack.connections; index += 1) dial(index);
