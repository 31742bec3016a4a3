import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { createConnection } from "node:net";
import { createCertificate } from "@kasbah/protocol";
import type { Target } from "./raw-connection.ts";

/** The result of a call: a gRPC status, or undefined without one. */
export interface Outcome {
  readonly status: number | undefined;
  readonly message: string;
  /** The message without the gRPC frame. */
  readonly body: Buffer;
}

const callWithinMs = 180_000;

/** Makes one call on a new connection; sends the body unchanged and always terminates. */
export async function callOnce(
  target: Target,
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<Outcome> {
  const session = dial(target);
  try {
    return await callOn(session, body, headers);
  } finally {
    session.destroy();
  }
}

export function dial(target: Target): ClientHttp2Session {
  const session =
    "socketPath" in target
      ? connect("http://localhost", { createConnection: () => createConnection(target.socketPath) })
      : connect(`https://127.0.0.1:${target.port}`, { ca: target.rootPem });
  session.on("error", () => {});
  return session;
}

/** Resolves without a status if the server resets the stream or the connection closes. */
export function callOn(
  session: ClientHttp2Session,
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<Outcome> {
  const fixed = { ":method": "POST", ":path": createCertificate.path, te: "trailers" };
  const stream = session.request({ ...fixed, "content-type": "application/grpc", ...headers });
  return new Promise((resolve, reject) => {
    const metadata: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      session.destroy();
      reject(new Error(`no answer within ${callWithinMs} ms`));
    }, callWithinMs);
    stream.on("response", (received) => Object.assign(metadata, received));
    stream.on("trailers", (received) => Object.assign(metadata, received));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", (error) => {
      metadata["grpc-message"] ??= encodeURIComponent(String(error));
    });
    stream.once("close", () => {
      clearTimeout(timer);
      resolve(outcomeOf(metadata, Buffer.concat(chunks)));
    });
    stream.end(body);
  });
}

function outcomeOf(metadata: Readonly<Record<string, unknown>>, body: Buffer): Outcome {
  const status = metadata["grpc-status"];
  const message = decodeURIComponent(String(metadata["grpc-message"] ?? ""));
  return { status: status === undefined ? undefined : Number(status), message, body: body.subarray(5) };
}

/** gRPC over HTTP/2, "Length-Prefixed-Message": the declared length need not match the body. */
export function framed(body: Uint8Array, declared = body.length, compressed = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(compressed);
  prefix.writeUInt32BE(declared, 1);
  return Buffer.concat([prefix, body]);
}
