import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import type { Call } from "./dialects.ts";

/** The reply to one call. */
export interface Reply {
  /** Why the call failed; "" if it ended with a certificate. */
  readonly failure: string;
  readonly body: Buffer;
}

const patienceMs = 30_000;

/** Makes one call. It never rejects: a broken connection is a failure of the call. */
export function exchange(session: ClientHttp2Session, { headers, body }: Call): Promise<Reply> {
  const { promise, resolve } = Promise.withResolvers<Reply>();
  const chunks: Buffer[] = [];
  let [head, tail]: readonly [IncomingHttpHeaders, IncomingHttpHeaders] = [{}, {}];
  const end = (failure: string) => resolve({ failure, body: Buffer.concat(chunks) });
  if (session.destroyed || session.closed) {
    end("connection closed");
    return promise;
  }
  const stream = session.request(headers);
  stream.on("response", (received) => {
    head = received;
  });
  stream.on("trailers", (received) => {
    tail = received;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", () => undefined);
  stream.on("close", () => end(failureOf(head, { ...head, ...tail })));
  stream.setTimeout(patienceMs, () => stream.close());
  stream.end(body);
  return promise;
}

function failureOf({ ":status": http }: IncomingHttpHeaders, all: IncomingHttpHeaders): string {
  const grpc = all["grpc-status"];
  if (http === undefined) return "connection closed";
  if (grpc === "0" || Number(http) === 201) return "";
  if (grpc === undefined) return `HTTP ${http}`;
  // Reference ids differ in each reply; the code at its start does not.
  const [message = ""] = decodeURIComponent(String(all["grpc-message"] ?? "")).split(/[:;(]/);
  return `gRPC ${grpc} ${message}`.trim();
}
