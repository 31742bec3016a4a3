/** A handler's view of a call. The transport's types are not visible outside this folder. */
export interface CallContext {
  /** Every value of a request header; names are in lower case. */
  metadata(name: string): readonly string[];
  /** `host:port` of the peer; "unknown" on a Unix socket. */
  readonly peerAddress: string;
  /**
   * The certificates that the TLS peer presented, leaf first, in DER. The peer owns the leaf's key; nothing
   * else is verified.
   */
  peerCertificates(): readonly Uint8Array[];
  /** Aborted when the client disconnects or its deadline passes. */
  readonly signal: AbortSignal;
}

export interface UnaryCall<Request> extends CallContext {
  /**
   * Decodes the body on first use, so that a handler that authenticates first parses no bytes of an
   * unauthenticated caller. Throws the error of the route's `decode`.
   */
  request(): Request;
}

export interface StreamCall<Request, Response> extends CallContext {
  /** Ends when the client closes its half; throws the error of the route's `decode`. */
  readonly requests: AsyncIterable<Request>;
  /**
   * Queues a message, or does nothing if the stream has ended. Returns false if the client has not read the
   * earlier messages.
   */
  send(response: Response): boolean;
}

/** One unary RPC as plain functions of messages, independent of the transport. */
export interface UnaryRoute<Request, Response> {
  readonly path: string;
  decode(body: Uint8Array): Request;
  handle(call: UnaryCall<Request>): Promise<Response>;
  encode(response: Response): Uint8Array;
}

/** One unary RPC whose caller is authenticated from the headers, before the body arrives. */
export interface AuthenticatedRoute<Request, Response> {
  readonly path: string;
  decode(body: Uint8Array): Request;
  /** Rejects if the caller is refused. The returned function handles the call, once its body has arrived. */
  authenticate(call: CallContext): Promise<(call: UnaryCall<Request>) => Promise<Response>>;
  encode(response: Response): Uint8Array;
}

/** Serves the body of a call. */
export type ServeBody = (body: Uint8Array) => Promise<Uint8Array>;

/** One streaming RPC. The stream lasts until `handle` settles. */
export interface StreamRoute<Request, Response> {
  readonly path: string;
  decode(body: Uint8Array): Request;
  handle(call: StreamCall<Request, Response>): Promise<void>;
  encode(response: Response): Uint8Array;
}

/** A route with its message types hidden, so that a server can hold many of them. */
export type Route =
  | {
      readonly kind: "unary";
      readonly path: string;
      serve(body: Uint8Array, context: CallContext): Promise<Uint8Array>;
      /** Authenticates the caller; undefined if anyone may call. */
      readonly authenticate?: (context: CallContext) => Promise<ServeBody>;
    }
  | {
      readonly kind: "stream";
      readonly path: string;
      serve(
        bodies: AsyncIterable<Uint8Array>,
        send: (body: Uint8Array) => boolean,
        context: CallContext,
      ): Promise<void>;
    };

export function unaryRoute<Request, Response>(route: UnaryRoute<Request, Response>): Route {
  return {
    kind: "unary",
    path: route.path,
    async serve(body, context) {
      return route.encode(await route.handle({ ...context, request: decodeOnce(route, body) }));
    },
  };
}

export function authenticatedRoute<Request, Response>(route: AuthenticatedRoute<Request, Response>): Route {
  const authenticate = async (context: CallContext): Promise<ServeBody> => {
    const handle = await route.authenticate(context);
    return async (body) => route.encode(await handle({ ...context, request: decodeOnce(route, body) }));
  };
  const serve = async (body: Uint8Array, context: CallContext) => (await authenticate(context))(body);
  return { kind: "unary", path: route.path, serve, authenticate };
}

export function streamRoute<Request, Response>(route: StreamRoute<Request, Response>): Route {
  return {
    kind: "stream",
    path: route.path,
    serve(bodies, send, context) {
      const requests = decodeEach(route, bodies);
      return route.handle({ ...context, requests, send: (response) => send(route.encode(response)) });
    },
  };
}

function decodeOnce<Request>(route: { decode(body: Uint8Array): Request }, body: Uint8Array): () => Request {
  let decoded: { readonly request: Request } | undefined;
  return () => {
    decoded ??= { request: route.decode(body) };
    return decoded.request;
  };
}

async function* decodeEach<Request>(
  route: { decode(body: Uint8Array): Request },
  bodies: AsyncIterable<Uint8Array>,
): AsyncIterable<Request> {
  for await (const body of bodies) yield route.decode(body);
}
