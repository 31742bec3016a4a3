import { connect, type OutgoingHttpHeaders, type SecureClientSessionOptions } from "node:http2";

export interface RawCall {
  readonly port: number;
  /** PEM of the roots that the server's certificate must chain to. */
  readonly ca: string;
  readonly path: string;
  readonly body: Uint8Array;
  readonly headers?: OutgoingHttpHeaders;
  readonly tls?: SecureClientSessionOptions;
}

export interface RawReply {
  /** The gRPC status. */
  readonly status: number;
  readonly message: string;
  /** Headers and trailers. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The message without its frame. */
  readonly body: Buffer;
}

/**
 * A unary gRPC call over plain HTTP/2, so that none of our client code is between a recording and a server.
 */
export async function rawCall(call: RawCall): Promise<RawReply> {
  const session = connect(`https://127.0.0.1:${call.port}`, { ca: call.ca, ...call.tls });
  try {
    return await new Promise<RawReply>((resolve, reject) => {
      session.once("error", reject);
      const fixed = {
        ":method": "POST",
        ":path": call.path,
        te: "trailers",
        "content-type": "application/grpc",
      };
      const stream = session.request({ ...fixed, ...call.headers });
      const metadata: Record<string, unknown> = {};
      const chunks: Buffer[] = [];
      stream.on("response", (received) => Object.assign(metadata, received));
      stream.on("trailers", (received) => Object.assign(metadata, received));
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.once("error", reject);
      stream.once("close", () => resolve(replyOf(metadata, Buffer.concat(chunks))));
      stream.end(framed(call.body));
    });
  } finally {
    session.close();
  }
}

function replyOf(metadata: Readonly<Record<string, unknown>>, body: Buffer): RawReply {
  const message = decodeURIComponent(String(metadata["grpc-message"] ?? ""));
  return { status: Number(metadata["grpc-status"]), message, metadata, body: body.subarray(5) };
}

/** Uncompressed, with the length in four octets (gRPC over HTTP/2, "Length-Prefixed-Message"). */
function framed(body: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}
