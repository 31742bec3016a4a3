import { connect, type IncomingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { attemptOf, serverNameOf, sniOf, TlsDial } from "../../../dial/index.ts";
import { createDial, originOf, type TlsTarget } from "../dial.ts";
import { isGrpc } from "../request-head.ts";

/** What a server answers to a call without credentials that changes nothing. */
export interface ProbeAnswer {
  /** Whether a gRPC server answered, which may have refused the call. */
  readonly isGrpc: boolean;
  readonly httpStatus: number;
  /** What its health service says; undefined if it has none. */
  readonly isServing: boolean | undefined;
  /** The time of its `date` header, which has whole seconds, and when the call was sent and answered. */
  readonly time: { readonly server: Date; readonly sentAt: Date; readonly receivedAt: Date } | undefined;
}

export interface ProbeOptions {
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Called with how far the probe has come, which a caller that gives up can ask for. */
  readonly onProgress?: (describe: () => string) => void;
}

/** Calls `grpc.health.v1.Health/Check` of a verified server. Rejects with the error of the connection. */
export async function probeServer(target: TlsTarget, options: ProbeOptions): Promise<ProbeAnswer> {
  const dial = createDial(target);
  options.onProgress?.(() => dial.describe());
  const socket = await dial.run(options.signal);
  options.onProgress?.(() => "the TLS connection is open, but the server does not answer a call");
  return ask(socket, target, options);
}

/**
 * Like {@link probeServer}, of a server that need not be trusted: only to learn the time of its clock when its
 * certificate is not valid now. Nothing secret is sent.
 */
export async function probeUnverified(target: TlsTarget, options: ProbeOptions): Promise<ProbeAnswer> {
  const { tunnel, address } = target;
  const open = (place: { readonly socket: Socket } | { readonly host: string; readonly port: number }) => {
    const servername = sniOf(serverNameOf(target.serverName ?? address.host));
    return connectTls({ rejectUnauthorized: false, ALPNProtocols: ["h2"], servername, ...place });
  };
  const accept = ({ alpnProtocol }: TLSSocket) => {
    if (alpnProtocol !== "h2") throw new Error("the server does not offer HTTP/2 (ALPN h2)");
  };
  const dial = new TlsDial({
    host: tunnel?.address.host ?? address.host,
    open: (host) =>
      tunnel?.attempt(host, address, (socket) => open({ socket }), accept) ??
      attemptOf(open({ host, port: address.port }), accept),
    giveUpMs: 20_000,
  });
  return ask(await dial.run(options.signal), target, options);
}

/** An empty request asks for the whole server. */
const emptyMessage = Buffer.alloc(5);
/** `HealthCheckResponse` with the status SERVING. */
const serving = Buffer.from([0x08, 0x01]);
const maxBodyBytes = 64 * 1024;

function ask(socket: Socket, target: TlsTarget, { now, signal }: ProbeOptions): Promise<ProbeAnswer> {
  const { authority, scheme } = originOf(target);
  return new Promise((resolve, reject) => {
    const session = connect(`${scheme}://${authority}`, { createConnection: () => socket });
    const settle = (outcome: () => void) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      outcome();
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const onAbort = () => fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    session.on("error", fail);
    const sentAt = now();
    const path = "/grpc.health.v1.Health/Check";
    const call = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    const stream = session.request(call, { endStream: false });
    const body: Buffer[] = [];
    let head: { readonly headers: IncomingHttpHeaders; readonly receivedAt: Date } | undefined;
    let size = 0;
    stream.on("error", fail);
    stream.on("response", (headers) => {
      head = { headers, receivedAt: now() };
    });
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBodyBytes) body.push(chunk);
      else stream.close();
    });
    stream.on("close", () => {
      if (head === undefined) fail(new Error("the server closed the call without an answer"));
      else {
        const { headers, receivedAt } = head;
        settle(() => resolve(answerOf(headers, Buffer.concat(body), { sentAt, receivedAt })));
      }
    });
    stream.end(emptyMessage);
  });
}

function answerOf(
  headers: IncomingHttpHeaders,
  body: Buffer,
  times: { readonly sentAt: Date; readonly receivedAt: Date },
): ProbeAnswer {
  const server = new Date(headers.date ?? "");
  return {
    isGrpc: isGrpc(headers["content-type"]),
    httpStatus: Number(headers[":status"]),
    isServing: body.length === 0 ? undefined : body.subarray(emptyMessage.length).equals(serving),
    time: Number.isNaN(server.getTime()) ? undefined : { server, ...times },
  };
}
