import type { HostPort } from "../address.ts";

/** The target of a channel: TLS that trusts only `rootsPem`, or a Unix socket. */
export type ChannelTarget =
  | { readonly address: HostPort; readonly rootsPem: string }
  | { readonly unixPath: string };

/** One method from the client's point of view. */
export interface ClientMethod<Request, Response> {
  readonly path: string;
  readonly request: { encode(message: Request): Uint8Array };
  readonly response: { decode(bytes: Uint8Array): Response };
}

export interface CallOptions {
  readonly deadlineMs: number;
  /** Request headers; names in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ClientStream<Request, Response> {
  send(request: Request): void;
  /** Ends when the server ends the stream; throws an `RpcError` if the stream breaks. */
  readonly responses: AsyncIterable<Response>;
  /** Ends the stream immediately. */
  cancel(): void;
}

/** A connection to one gRPC server, opened by the first call, over either transport. */
export interface Channel {
  /** Makes one call. Rejects with an `RpcError`, or with the error that `decode` throws. */
  unary<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response>;
  /** Opens a bidirectional stream. */
  stream<Request, Response>(method: ClientMethod<Request, Response>): ClientStream<Request, Response>;
  close(): void;
}
