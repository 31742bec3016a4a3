import { X509Certificate } from "node:crypto";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import type { RunningCa } from "../../harness/ca-process.ts";
import { newWorkload } from "../http2/control-call.ts";
import { callOn, dial, framed } from "../http2/grpc-call.ts";

export interface CallersResult {
  /** The serial numbers of the certificates that the callers received, in lower-case hexadecimal. */
  readonly serials: readonly string[];
  /** The attempts that failed because the connection broke. */
  readonly retries: number;
}

const retryAfterMs = 50;

/** `count` workloads, each of which requests `each` certificates on one connection, and retries on a new one if it breaks. */
export async function steadyCallers(ca: RunningCa, count: number, each: number): Promise<CallersResult> {
  const results = await Promise.all(Array.from({ length: count }, () => steadyCaller(ca, each)));
  return {
    serials: results.flatMap(({ serials }) => serials),
    retries: results.reduce((sum, { retries }) => sum + retries, 0),
  };
}

async function steadyCaller(ca: RunningCa, wanted: number): Promise<CallersResult> {
  const { message, headers } = await newWorkload(ca);
  const serials: string[] = [];
  let retries = 0;
  let session = dial(ca);
  while (serials.length < wanted) {
    const { status, message: reason, body } = await callOn(session, framed(message), headers).catch(broken);
    if (status === 0) {
      const [leaf = ""] = createCertificate.response.decode(body).certChain;
      serials.push(new X509Certificate(leaf).serialNumber.toLowerCase());
      continue;
    }
    if (status !== undefined) throw new Error(`refused with ${status}: ${reason}`);
    retries += 1;
    session.destroy();
    await systemClock.sleep(retryAfterMs);
    session = dial(ca);
  }
  session.destroy();
  return { serials, retries };
}

/** A session that is closed already throws. */
const broken = () => ({ status: undefined, message: "", body: Buffer.alloc(0) });
