import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import {
  authenticatedRoute,
  type CallContext,
  grpcStatus,
  type RpcStatus,
  type ServerLimits,
  streamRoute,
  unaryRoute,
} from "../index.ts";
import { GrpcServer } from "./index.ts";
import { createLoopbackIdentity } from "./loopback-identity.fixture.ts";

/** A message of one byte, in gRPC framing. */
export const message = Buffer.from([0, 0, 0, 0, 1, 42]);
export const largeAnswer = 4 * 1024 * 1024;

export interface CallServer extends AsyncDisposable {
  readonly server: GrpcServer;
  readonly session: ClientHttp2Session;
  /** Opens a further connection. */
  readonly dial: () => ClientHttp2Session;
  /** The pending answers of the calls to `/test/Slow`, in the order in which the handler received them. */
  readonly handled: PromiseWithResolvers<Uint8Array>[];
  /** The pending verdicts on the callers of `/test/Judged`. */
  readonly verdicts: PromiseWithResolvers<void>[];
  /** The arguments of each early decision. */
  readonly asked: [path: string, inFlight: number][];
  /** Refuses every further call early. */
  refusal: RpcStatus | undefined;
}

const unauthenticated: RpcStatus = { code: grpcStatus.UNAUTHENTICATED, message: "no token" };

const bytes = { decode: (body: Uint8Array) => body, encode: (body: Uint8Array) => body };

/**
 * Serves two routes that wait for the test, one with a large answer and one stream, on its own port. Callers
 * authenticate by the header `token`, except at `/test/Open`.
 */
export async function serve(
  callTimeoutMs = Number.POSITIVE_INFINITY,
  limits: Partial<ServerLimits> = {},
): Promise<CallServer> {
  const { identity, rootsPem } = await createLoopbackIdentity();
  const [handled, verdicts, asked]: [CallServer["handled"], CallServer["verdicts"], CallServer["asked"]] = [
    [],
    [],
    [],
  ];
  const server = new GrpcServer({
    routes: routesWith(handled, verdicts),
    toStatus: (error) =>
      error === unauthenticated ? unauthenticated : { code: grpcStatus.INTERNAL, message: "internal error" },
    limits: { ...limits, callTimeoutMs },
    refuseEarly(path, inFlight) {
      asked.push([path, inFlight]);
      return world.refusal;
    },
  });
  const { port } = await server.listenTls({ host: "127.0.0.1", port: 0 }, identity);
  const dial = () => {
    const session = connect(`https://127.0.0.1:${port}`, { ca: rootsPem });
    session.on("error", () => {});
    return session;
  };
  const session = dial();
  const dispose = async () => {
    session.destroy();
    await server.close(50);
  };
  const world: CallServer = {
    server,
    session,
    dial,
    handled,
    verdicts,
    asked,
    refusal: undefined,
    [Symbol.asyncDispose]: dispose,
  };
  return world;
}

function routesWith(handled: CallServer["handled"], verdicts: CallServer["verdicts"]) {
  const slow = () => {
    const answer = Promise.withResolvers<Uint8Array>();
    handled.push(answer);
    return answer.promise;
  };
  return [
    authenticatedRoute<Uint8Array, Uint8Array>({
      path: "/test/Slow",
      ...bytes,
      authenticate: tokenFor(slow),
    }),
    authenticatedRoute<Uint8Array, Uint8Array>({
      path: "/test/Large",
      ...bytes,
      authenticate: tokenFor(async () => Buffer.alloc(largeAnswer)),
    }),
    authenticatedRoute<Uint8Array, Uint8Array>({
      path: "/test/Judged",
      ...bytes,
      authenticate: async () => {
        const verdict = Promise.withResolvers<void>();
        verdicts.push(verdict);
        await verdict.promise;
        return async () => Buffer.of(1);
      },
    }),
    unaryRoute<Uint8Array, Uint8Array>({ path: "/test/Open", ...bytes, handle: slow }),
    streamRoute<Uint8Array, Uint8Array>({
      path: "/test/Echo",
      ...bytes,
      handle: async ({ requests, send }) => {
        for await (const request of requests) send(request);
      },
    }),
  ];
}

function tokenFor(handle: () => Promise<Uint8Array>) {
  return async ({ metadata }: CallContext) => {
    if (metadata("token").length === 0) throw unauthenticated;
    return handle;
  };
}

/** Opens a call with a valid token and sends only its headers. */
export function open(world: Pick<CallServer, "session">, path: string): ClientHttp2Stream {
  return openWith(world, path, { token: "valid" });
}

export function openWith(
  { session }: Pick<CallServer, "session">,
  path: string,
  headers: Readonly<Record<string, string>>,
): ClientHttp2Stream {
  const fixed = { ":method": "POST", te: "trailers", "content-type": "application/grpc", ...headers };
  const stream = session.request({ ...fixed, ":path": path });
  stream.on("error", () => {});
  return stream;
}

/** Resolves with the gRPC status, or undefined if the stream ends without one. */
export function statusOf(stream: ClientHttp2Stream): Promise<number | undefined> {
  stream.resume();
  return new Promise((resolve) => {
    const look = (headers: object) => {
      const status: unknown = Reflect.get(headers, "grpc-status");
      if (status !== undefined) resolve(Number(status));
    };
    stream.once("response", look);
    stream.once("trailers", look);
    stream.once("close", () => resolve(undefined));
  });
}
