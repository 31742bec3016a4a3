import { type EmptyRequest, type Method, workloadHeader } from "@kasbah/protocol/workload";
import type { Clock } from "@kasbah/runtime";
import type { CallContext } from "@kasbah/runtime/rpc";
import { AgentError } from "../errors.ts";

/**
 * Requires the header that defends against SSRF, before the body is read (SPIFFE Workload Endpoint §3).
 * @throws AgentError `WORKLOAD_HEADER_MISSING`
 */
export function requireHeader(call: CallContext): void {
  const values = call.metadata(workloadHeader.name);
  if (values.length === 1 && values[0] === workloadHeader.value) return;
  const message = `the call must carry exactly one header ${workloadHeader.name} with the value ${workloadHeader.value}`;
  throw new AgentError("WORKLOAD_HEADER_MISSING", message);
}

const maxWaitMs = 10_000;

/**
 * Waits up to ten seconds for the single request message of a server-streaming call. @throws AgentError
 * `REQUEST_MALFORMED` or `CLIENT_TOO_SLOW`
 */
export async function awaitRequest(requests: AsyncIterable<EmptyRequest>, clock: Clock): Promise<void> {
  const arrived = new AbortController();
  const late = clock.sleep(maxWaitMs, arrived.signal).then(
    () => {
      throw new AgentError(
        "CLIENT_TOO_SLOW",
        `no request message within ${maxWaitMs / 1_000} s; send one with the next call`,
      );
    },
    () => undefined,
  );
  try {
    await Promise.race([firstOf(requests), late]);
  } finally {
    arrived.abort();
  }
}

async function firstOf(requests: AsyncIterable<EmptyRequest>): Promise<void> {
  for await (const _ of requests) return;
  throw new AgentError("REQUEST_MALFORMED", "the call ended before its request message");
}

/** @throws AgentError `REQUEST_MALFORMED` */
export function decodeRequest(method: Method<EmptyRequest, unknown>, body: Uint8Array): EmptyRequest {
  try {
    return method.request.decode(body);
  } catch (cause) {
    throw new AgentError("REQUEST_MALFORMED", "the message is not a request of this method", { cause });
  }
}
