import type { HostPort } from "../address.ts";

/** Where a channel leads: TLS that trusts `rootsPem` and nothing else, or a Unix socket. */
export type ChannelTarget =
  | { readonly address: HostPort; readonly rootsPem: string }
  | { readonly unixPath: string };

/** One method as a client sees it. */
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
  /** Ends when the server does; throws an `RpcError` when the stream breaks. */
  readonly responses: AsyncIterable<Response>;
  /** Ends the stream at once. */
  cancel(): void;
}

/** A connection to one gRPC server, opened at the first call, whatever the transport. */
export interface Channel {
  /** One call. Rejects with an `RpcError`, or with what `decode` throws. */
  unary<Request, Response>(
    method: ClientMethod<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response>;
  /** Opens a bidirectional stream. */
  stream<Request, Response>(method: ClientMethod<Request, Response>): ClientStream<Request, Response>;
  close(): void;
}
