import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { RpcStatus } from "../status.ts";
import { trailersOf } from "./status-trailers.ts";

/** Time for a client to end its half of the stream after the answer, before the stream is reset. */
const lingerMs = 1_000;

/** The headers of every answer. */
export const answerHeaders = {
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": "identity",
};

/** Ends a stream with a status: in trailers, or in its headers if none have been sent yet. */
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
  // The rest of the request is discarded; unread, it would keep the stream open.
  stream.resume();
}

/** Ends a stream with headers only. */
export function answerAtOnce(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  // A stream that its client opened and immediately reset may already be closed here.
  if (stream.destroyed || stream.closed) return;
  stream.once("finish", () => endLater(stream));
  stream.respond(headers, { endStream: true });
  stream.resume();
}

/**
 * RFC 9113 §8.1: if the client does not end its request after the answer, the server resets the stream with
 * NO_ERROR.
 */
function endLater(stream: ServerHttp2Stream): void {
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), lingerMs);
  stream.once("close", () => clearTimeout(timer));
}
