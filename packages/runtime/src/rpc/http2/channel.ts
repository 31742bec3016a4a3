import { type ClientHttp2Session, connect, type OutgoingHttpHeaders, sensitiveHeaders } from "node:http2";
import type { Socket } from "node:net";
import type { CallOptions, Channel, ClientMethod, ClientStream } from "../client.ts";
import { grpcStatus, RpcError } from "../status.ts";
import { ClientCall, cancelled } from "./client-call.ts";
import { createDial, type Dial, type Http2Target, originOf } from "./dial.ts";
import { formatGrpcTimeout } from "./grpc-timeout.ts";

export interface Http2ChannelOptions {
  /** The limit of one message, in bytes; a larger one fails with RESOURCE_EXHAUSTED. */
  readonly maxResponseBytes?: number;
}

/**
 * A channel on Node's HTTP/2 alone, without proxies and retries. The next call replaces a lost connection.
 */
export class Http2Channel implements Channel {
  readonly #target: Http2Target;
  readonly #maxResponseBytes: number;
  readonly #closed = new AbortController();
  readonly #sockets = new Set<Socket>();
  #current: Promise<ClientHttp2Session> | undefined;
  #dialing: Dial | undefined;

  constructor(target: Http2Target, options?: Http2ChannelOptions) {
    this.#target = target;
    this.#maxResponseBytes = options?.maxResponseBytes ?? 4 * 1024 * 1024;
  }

  async unary<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    const body = method.request.encode(request);
    const call = this.#call(method.path, options);
    call.send(body);
    call.halfClose();
    const messages: Buffer[] = [];
    for await (const message of call.messages()) {
      if (messages.push(message) > 1) call.end(notOneAnswer);
    }
    const status = await call.status;
    if (status.code !== grpcStatus.OK) throw new RpcError(status);
    const [answer] = messages;
    if (answer === undefined) throw new RpcError(notOneAnswer);
    return method.response.decode(answer);
  }

  stream<Request, Response>(method: ClientMethod<Request, Response>): ClientStream<Request, Response> {
    const call = this.#call(method.path, {});
    return {
      send: (request) => call.send(method.request.encode(request)),
      responses: responsesOf(call, (bytes) => method.response.decode(bytes)),
      cancel: () => call.end(cancelled),
    };
  }

  /** Calls in progress fail with UNAVAILABLE. */
  close(): void {
    this.#closed.abort();
    // A session that was closed gracefully would wait until its server hangs up as well.
    for (const socket of this.#sockets) socket.destroy();
  }

  #call(path: string, { deadlineMs, metadata, signal }: Partial<CallOptions>): ClientCall {
    const { authority, scheme } = originOf(this.#target);
    const headers: OutgoingHttpHeaders = {
      ":method": "POST",
      ":scheme": scheme,
      ":path": path,
      ":authority": authority,
      te: "trailers",
      "content-type": "application/grpc",
      "grpc-accept-encoding": "identity",
      "user-agent": "kasbah",
      ...(deadlineMs === undefined || deadlineMs === Number.POSITIVE_INFINITY
        ? {}
        : { "grpc-timeout": formatGrpcTimeout(deadlineMs) }),
      ...metadata,
      // RFC 7541 §7.1.3: never indexed, neither here nor by an intermediary.
      [sensitiveHeaders]: ["authorization"],
    };
    const maxResponseBytes = this.#maxResponseBytes;
    return new ClientCall(this.#session(deadlineMs), {
      headers,
      maxResponseBytes,
      signal,
      progress: () => this.#dialing?.describe(),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
  }

  /** @param deadlineMs of the call; if the call opens the session, it sets the pace of the dial */
  #session(deadlineMs: number | undefined): Promise<ClientHttp2Session> {
    if (this.#current !== undefined) return this.#current;
    const opening = this.#open(deadlineMs, () => {
      if (this.#current === opening) this.#current = undefined;
    });
    this.#current = opening;
    return opening;
  }

  /** Calls `onUseless` when new calls need another session. */
  async #open(deadlineMs: number | undefined, onUseless: () => void): Promise<ClientHttp2Session> {
    const dial = createDial(this.#target, deadlineMs);
    this.#dialing = dial;
    try {
      const socket = await dial.run(this.#closed.signal);
      const { authority, scheme } = originOf(this.#target);
      const session = connect(`${scheme}://${authority}`, {
        createConnection: () => socket,
        settings: { enablePush: false },
      });
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      // The calls on the session end, each with a status.
      session.on("error", () => {});
      session.once("goaway", onUseless);
      session.once("close", onUseless);
      return session;
    } catch (error) {
      onUseless();
      throw error;
    } finally {
      this.#dialing = undefined;
    }
  }
}

async function* responsesOf<Response>(
  call: ClientCall,
  decode: (bytes: Uint8Array) => Response,
): AsyncIterable<Response> {
  let isDrained = false;
  try {
    for await (const message of call.messages()) yield decode(message);
    isDrained = true;
  } finally {
    if (!isDrained) call.end(cancelled);
  }
  const status = await call.status;
  if (status.code !== grpcStatus.OK) throw new RpcError(status);
}

/** The status that gRPC's status code document requires for a "response cardinality violation". */
const notOneAnswer = {
  code: grpcStatus.UNIMPLEMENTED,
  message: "the server sent no message, or more than one",
};
