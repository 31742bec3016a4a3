import { constants, type ServerHttp2Stream } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CallContext } from "../route.ts";
import { grpcStatus, type RpcStatus } from "../status.ts";
import { answer, answerHeaders } from "./answer.ts";
import { FrameReader, frameOf } from "./frame.ts";
import { maxTimerMs } from "./grpc-timeout.ts";
import type { RequestHead } from "./request-head.ts";
import { WireFault } from "./wire-fault.ts";

export interface ServerCallOptions {
  readonly head: RequestHead;
  /** Every value of a header, as received. */
  readonly metadata: (name: string) => readonly string[];
  readonly maxRequestBytes: number;
  /** For a unary call; the client's deadline may be shorter. */
  readonly callTimeoutMs: number;
  /** From the headers to the first message. */
  readonly bodyTimeoutMs: number;
  readonly onFirstMessage: () => void;
  readonly toStatus: (error: unknown) => RpcStatus;
}

/** The limit of unread responses, in bytes; beyond it, the call ends. */
const maxQueuedBytes = 4 * 1024 * 1024;

const ok: RpcStatus = { code: grpcStatus.OK, message: "" };

/** One call on the server's side, from its headers to its trailers. */
export class ServerCall {
  readonly #stream: ServerHttp2Stream;
  readonly #options: ServerCallOptions;
  readonly #cancelled = new AbortController();
  #isAnswered = false;
  #hasMessage = false;
  #silence: NodeJS.Timeout | undefined;

  constructor(stream: ServerHttp2Stream, options: ServerCallOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const timer = this.#watch();
    try {
      await this.#serve();
      this.#answer(ok);
    } catch (error) {
      this.#answer(error instanceof WireFault ? error.status : this.#options.toStatus(error));
    } finally {
      clearTimeout(timer);
      clearTimeout(this.#silence);
    }
  }

  async #serve(): Promise<void> {
    const { route } = this.#options.head;
    if (route.kind === "stream") {
      await route.serve(this.#bodies(), (body) => this.#push(body), this.#context());
    } else {
      const body = await this.#onlyBody();
      if (!this.#isOver) this.#write(await route.serve(body, this.#context()));
    }
  }

  /** The call is answered, or its client has disconnected. */
  get #isOver(): boolean {
    return this.#isAnswered || this.#stream.destroyed || this.#stream.closed;
  }

  #context(): CallContext {
    return {
      metadata: this.#options.metadata,
      peerAddress: "unknown",
      peerCertificates: () => [],
      signal: this.#cancelled.signal,
    };
  }

  /** Aborts the call's signal when its client disconnects or its deadline passes. */
  #watch(): NodeJS.Timeout | undefined {
    const abort = () => {
      if (!this.#isAnswered) this.#cancelled.abort();
    };
    this.#stream.once("aborted", abort).once("close", abort);
    const { head, callTimeoutMs, bodyTimeoutMs } = this.#options;
    if (bodyTimeoutMs <= maxTimerMs) this.#silence = setTimeout(() => this.#end(silent), bodyTimeoutMs);
    const own = head.route.kind === "unary" ? callTimeoutMs : Number.POSITIVE_INFINITY;
    const timeoutMs = Math.min(own, head.timeoutMs ?? Number.POSITIVE_INFINITY);
    return timeoutMs > maxTimerMs ? undefined : setTimeout(() => this.#end(tooSlow), timeoutMs);
  }

  /** Ends with the client's half, or with the call. The client's errors are not thrown at the handler. */
  async *#bodies(): AsyncGenerator<Buffer> {
    const { head, maxRequestBytes } = this.#options;
    const reader = new FrameReader({ maxBytes: maxRequestBytes, encoding: head.encoding });
    const stream = this.#stream;
    try {
      // A handler that stops reading may still send an answer, so the stream must outlive its iterator.
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        for (const body of reader.push(chunk)) {
          if (this.#isOver) return;
          this.#onMessage();
          yield body;
        }
      }
      // When a stream is reset, Node ends its data first, and reports the reset one turn later.
      await nextTurn();
      if (!this.#isOver) reader.finish();
    } catch (error) {
      if (error instanceof WireFault) this.#end(error.status);
      else if (!this.#isOver && !stream.aborted) throw error;
    } finally {
      if (this.#isOver) stream.resume();
    }
  }

  #onMessage(): void {
    if (this.#hasMessage) return;
    this.#hasMessage = true;
    clearTimeout(this.#silence);
    this.#options.onFirstMessage();
  }

  async #onlyBody(): Promise<Buffer> {
    const bodies: Buffer[] = [];
    for await (const body of this.#bodies()) {
      if (bodies.push(body) > 1) break;
    }
    const [only] = bodies;
    if (only !== undefined && bodies.length === 1) return only;
    // gRPC's status code document calls this a "request cardinality violation".
    throw new WireFault(grpcStatus.UNIMPLEMENTED, "the call takes exactly one message");
  }

  /** Returns false if the client has not read the earlier responses. */
  #push(body: Uint8Array): boolean {
    // Trailers would wait behind the unread responses. A reset frees the memory, and this code means
    // RESOURCE_EXHAUSTED.
    if (this.#stream.writableLength > maxQueuedBytes) this.#stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    return this.#write(body);
  }

  #write(body: Uint8Array): boolean {
    if (this.#isOver) return true;
    if (!this.#stream.headersSent) this.#stream.respond(answerHeaders, { waitForTrailers: true });
    return this.#stream.write(frameOf(body));
  }

  #end(status: RpcStatus): void {
    this.#answer(status);
    this.#cancelled.abort();
  }

  #answer(status: RpcStatus): void {
    if (this.#isOver) return;
    this.#isAnswered = true;
    answer(this.#stream, status);
  }
}

const silent: RpcStatus = {
  code: grpcStatus.DEADLINE_EXCEEDED,
  message: "the first message of the call did not arrive in time",
};

const tooSlow: RpcStatus = {
  code: grpcStatus.DEADLINE_EXCEEDED,
  message: "the call exceeded its deadline",
};
