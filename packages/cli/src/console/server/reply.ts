import type { ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { securityHeaders } from "./security-headers.ts";

export interface ConsoleReply {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array;
  /** The same body, compressed. */
  readonly zipped?: Uint8Array | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

const compress = promisify(gzip);

/** Small answers fit into a packet or two as they are. */
const worthZipping = 4096;

export function jsonAnswer(
  value: unknown,
  status = 200,
  headers?: Readonly<Record<string, string>>,
): ConsoleReply {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  return { status, type: "application/json; charset=utf-8", body, headers };
}

/** Compresses a large body: through `ssh -L`, the answer about 100,000 identities crosses a network. */
export async function zipped(reply: ConsoleReply): Promise<ConsoleReply> {
  if (reply.body.length < worthZipping) return reply;
  return { ...reply, zipped: await compress(reply.body, { level: 1 }) };
}

export function sendReply(response: ServerResponse, reply: ConsoleReply, acceptsGzip: boolean): void {
  const isZipped = acceptsGzip && reply.zipped !== undefined;
  const body = isZipped ? (reply.zipped ?? reply.body) : reply.body;
  response.writeHead(reply.status, {
    ...securityHeaders,
    "content-type": reply.type,
    // Neither has a body.
    ...(reply.status === 204 || reply.status === 304 ? {} : { "content-length": body.length }),
    ...(reply.zipped === undefined ? {} : { vary: "accept-encoding" }),
    ...(isZipped ? { "content-encoding": "gzip" } : {}),
    ...reply.headers,
  });
  response.end(body);
}
