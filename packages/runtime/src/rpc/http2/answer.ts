import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { RpcStatus } from "../status.ts";
import { trailersOf } from "./status-trailers.ts";

/** Time for a client to end its half after its answer, before the stream is taken from it. */
const lingerMs = 1_000;

/** What every answer begins with. */
export const answerHeaders = {
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": "identity",
};

/** Ends a stream with a status: in trailers, or in its headers when it has none yet. */
export function answer(stream: ServerHttp2Stream, status: RpcStatus): void {
  if (stream.destroyed || stream.closed) return;
  if (!stream.headersSent) {
    answerAtOnce(stream, { ...answerHeaders, ...trailersOf(status) });
    return;
  }
  stream.once("wantTrailers", () => {
    if (!stream.destroyed && !stream.closed) stream.sendTrailers(trailersOf(status));
  });
  stream.once("finish", () => endLater(stream));
  stream.end();
  // What the client still sends is of no use, and would keep its stream open unread.
  stream.resume();
}

/** Ends a stream with headers and nothing behind them. */
export function answerAtOnce(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  // A client that opens a stream and resets it in one breath is seen here when it has gone.
  if (stream.destroyed || stream.closed) return;
  stream.once("finish", () => endLater(stream));
  stream.respond(headers, { endStream: true });
  stream.resume();
}

/** RFC 9113 §8.1 has the server reset a stream with NO_ERROR whose client does not end its request after the answer. */
function endLater(stream: ServerHttp2Stream): void {
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), lingerMs);
  stream.once("close", () => clearTimeout(timer));
}
