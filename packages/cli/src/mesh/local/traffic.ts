import type { Clock, HostPort } from "@kasbah/runtime";
import { getOnce } from "../processes/http-request.ts";

/** The result of a period of traffic. */
export interface TrafficResult {
  readonly requests: number;
  readonly failures: number;
  readonly firstFailure?: string;
}

export interface Traffic {
  /** The result so far. */
  result(): TrafficResult;
  stop(): Promise<TrafficResult>;
}

const callers = 2;
const pauseMs = 10;

/**
 * Sends steady requests to a mesh's entry, sequentially for each of a few callers. Any status other than 200
 * is a failure.
 */
export function startTraffic(entry: HostPort, clock: Clock): Traffic {
  let requests = 0;
  let failures = 0;
  let firstFailure: string | undefined;
  let stopped = false;
  const call = async () => {
    requests += 1;
    const problem = await getOnce(entry, "/").then(
      ({ status, body }) => (status === 200 ? undefined : `status ${status}: ${body.slice(0, 200)}`),
      (error: Error) => error.message,
    );
    if (problem === undefined) return;
    failures += 1;
    firstFailure ??= problem;
  };
  const loop = async () => {
    while (!stopped) {
      await call();
      await clock.sleep(pauseMs);
    }
  };
  const loops = Array.from({ length: callers }, loop);
  const result = () => ({ requests, failures, ...(firstFailure === undefined ? {} : { firstFailure }) });
  return {
    result,
    stop: async () => {
      stopped = true;
      await Promise.all(loops);
      return result();
    },
  };
}
