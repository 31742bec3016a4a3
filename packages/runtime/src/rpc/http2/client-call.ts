import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from "node:http2";
import { grpcStatus, type RpcStatus } from "../status.ts";
import { FrameReader, frameOf } from "./frame.ts";
import { maxTimerMs } from "./grpc-timeout.ts";
import { isGrpc } from "./request-head.ts";
import { statusIn } from "./status-trailers.ts";
import { codeOfHttpStatus, codeOfReset } from "./transport-status.ts";
import { WireFault } from "./wire-fault.ts";

export interface ClientCallOptions {
  readonly headers: OutgoingHttpHeaders;
  readonly maxResponseBytes: number;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** How far the connection has come, while there is none. */
  readonly progress?: () => string | undefined;
}

/** One call on the client's side. No method rejects: the outcome is in its status. */
export class ClientCall {
  readonly #options: ClientCallOptions;
  readonly #opened: Promise<ClientHttp2Stream | undefined>;
  readonly #over = Promise.withResolvers<RpcStatus>();
  #isOver = false;
  #encoding: string | undefined;
  #trailers: IncomingHttpHeaders = {};

  constructor(session: Promise<ClientHttp2Session>, options: ClientCallOptions) {
    this.#options = options;
    this.#opened = session.then(
      (ready) => this.#open(ready),
      (error: unknown) => this.#finish(unavailable(error)),
    );
    this.#watch();
  }

  /** The outcome of the call. */
  get status(): Promise<RpcStatus> {
    return this.#over.promise;
  }

  send(message: Uint8Array): void {
    this.#withStream((stream) => stream.write(frameOf(message)));
  }

  /** Ends the client's half of the stream. */
  halfClose(): void {
    this.#withStream((stream) => stream.end());
  }

  /** The received messages, until the call ends. */
  async *messages(): AsyncGenerator<Buffer> {
    // A call may end before there is a connection.
    const stream = await Promise.race([this.#opened, this.status.then(() => undefined)]);
    if (stream === undefined) return;
    let reader: FrameReader | undefined;
    try {
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        reader ??= new FrameReader({ maxBytes: this.#options.maxResponseBytes, encoding: this.#encoding });
        for (const message of reader.push(chunk)) {
          if (this.#isOver) return;
          yield message;
        }
      }
      reader?.finish();
    } catch (error) {
      // Any other error has ended the stream, and the status reports it.
      if (error instanceof WireFault) this.end(error.status);
    }
  }

  /** Ends the call immediately with this status, unless it already has one. */
  end(status: RpcStatus): void {
    this.#finish(status);
    this.#withStream((stream) => stream.close(constants.NGHTTP2_CANCEL));
  }

  #withStream(use: (stream: ClientHttp2Stream) => void): void {
    void this.#opened.then((stream) => {
      if (stream !== undefined && !stream.destroyed && !stream.closed) use(stream);
    });
  }

  #open(session: ClientHttp2Session): ClientHttp2Stream | undefined {
    if (this.#isOver) return undefined;
    try {
      const stream = session.request(this.#options.headers, { endStream: false });
      this.#listen(stream, session);
      return stream;
    } catch (error) {
      return this.#finish(unavailable(error));
    }
  }

  #watch(): void {
    const { deadlineMs = Number.POSITIVE_INFINITY, signal } = this.#options;
    const cancel = () => this.end(cancelled);
    const late = () => this.end(lateAfter(deadlineMs, this.#options.progress?.()));
    const timer = deadlineMs > maxTimerMs ? undefined : setTimeout(late, deadlineMs);
    signal?.addEventListener("abort", cancel, { once: true });
    void this.status.then(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    });
    if (signal?.aborted) cancel();
  }

  #listen(stream: ClientHttp2Stream, session: ClientHttp2Session): void {
    // The stream closes next; its reset code and the session explain more than this error does.
    stream.on("error", () => {});
    stream.once("response", (headers) => this.#onResponse(headers));
    stream.once("trailers", (trailers) => {
      this.#trailers = trailers;
    });
    stream.once("close", () => this.#finish(this.#statusOnWire(stream, session)));
    // When the server ends its half, the call ends, whether the client's half is closed or not. The trailers
    // may arrive one turn later.
    stream.once("end", () => setImmediate(() => this.end(this.#statusOnWire(stream, session))));
  }

  #onResponse(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void {
    const { ":status": httpStatus = 0, "content-type": contentType } = headers;
    if (headers["grpc-status"] !== undefined) {
      this.#trailers = headers;
    } else if (httpStatus !== 200) {
      this.end({
        code: codeOfHttpStatus(httpStatus),
        message: `expected a gRPC response, got HTTP status ${httpStatus}`,
      });
    } else if (!isGrpc(contentType)) {
      this.end({
        code: grpcStatus.UNKNOWN,
        message: "expected a gRPC response, got a content-type other than application/grpc",
      });
    }
    this.#encoding = headers["grpc-encoding"] === undefined ? undefined : String(headers["grpc-encoding"]);
  }

  #statusOnWire(stream: ClientHttp2Stream, session: ClientHttp2Session): RpcStatus {
    const sent = statusIn(this.#trailers);
    if (sent !== undefined) return sent;
    if (session.destroyed || session.closed) return unavailable(new Error("the connection was lost"));
    const { rstCode = constants.NGHTTP2_NO_ERROR } = stream;
    if (rstCode === constants.NGHTTP2_NO_ERROR) {
      return { code: grpcStatus.UNKNOWN, message: "the server ended the call without a grpc-status" };
    }
    return {
      code: codeOfReset(rstCode),
      message: `the server reset the call (HTTP/2 error code ${rstCode})`,
    };
  }

  #finish(status: RpcStatus): undefined {
    this.#isOver = true;
    this.#over.resolve(status);
  }
}

export const cancelled: RpcStatus = { code: grpcStatus.CANCELLED, message: "the call was cancelled" };

function lateAfter(deadlineMs: number, progress: string | undefined): RpcStatus {
  const where = progress === undefined ? "" : ` (${progress})`;
  return { code: grpcStatus.DEADLINE_EXCEEDED, message: `no answer within ${deadlineMs} ms${where}` };
}

function unavailable(error: unknown): RpcStatus {
  return { code: grpcStatus.UNAVAILABLE, message: wordsOf(error) };
}

/** Every address of a name is tried; the error has the reason of each. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
