import { once } from "node:events";
import type { ConnectionOptions } from "node:tls";
import { dial, type Version } from "./dial.ts";
import type { Gate } from "./gate.ts";
import type { Presented } from "./mint.ts";

/**
 * A TLS session that was opened with a certificate and used for one call, so that another connection can
 * resume it without the certificate.
 */
export async function sessionOf(gate: Gate, presented: Presented, version: Version): Promise<Buffer> {
  using line = await dial(gate, presented, tlsOf(version));
  const ticket = version === "TLSv1.3" ? once(line.socket, "session") : undefined;
  const { status, message } = await line.ask();
  if (status !== 0) throw new Error(`the first call failed: ${status} ${message}`);
  const [session]: Buffer[] =
    ticket === undefined ? [line.socket.getSession() ?? Buffer.alloc(0)] : await ticket;
  return session ?? Buffer.alloc(0);
}

export interface Resumed {
  /** Whether the server resumed the session instead of starting a new one. */
  readonly isResumed: boolean;
  readonly status: number | undefined;
  readonly message: string;
}

/**
 * Makes a call on a connection that resumes the session, and presents a certificate only in a full handshake.
 */
export async function resume(
  gate: Gate,
  session: Buffer,
  version: Version,
  presented?: Presented,
): Promise<Resumed> {
  using line = await dial(gate, presented, { ...tlsOf(version), session });
  const { status, message } = await line.ask();
  return { isResumed: line.socket.isSessionReused(), status, message };
}

function tlsOf(version: Version): ConnectionOptions {
  return { minVersion: version, maxVersion: version };
}
