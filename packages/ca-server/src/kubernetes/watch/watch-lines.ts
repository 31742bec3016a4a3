import type { Clock } from "@kasbah/runtime";
import type { KubernetesClient } from "../api/api-client.ts";

export interface WatchLinesDeps {
  readonly client: Pick<KubernetesClient, "watch">;
  readonly clock: Clock;
}

/**
 * The API server sends a bookmark every minute on request, so after a longer silence the connection may be
 * dead.
 */
const longestSilenceMs = 90_000;

/**
 * The events of a watch, one per line, until the server ends it or falls silent, because a connection can be
 * half open for hours. Silence is not an error, so the watch then ends normally, and the next one continues
 * from the same version.
 */
export async function* watchLines(
  { client, clock }: WatchLinesDeps,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const watching = new AbortController();
  let heardAtMs = clock.monotonicMs();
  void endWhenSilent(watching, clock, () => heardAtMs).catch(() => undefined);
  try {
    for await (const line of client.watch(path, AbortSignal.any([signal, watching.signal]))) {
      signal.throwIfAborted();
      heardAtMs = clock.monotonicMs();
      if (line !== "") yield line;
    }
  } catch (error) {
    if (!watching.signal.aborted) throw error;
  } finally {
    watching.abort();
  }
}

async function endWhenSilent(
  watching: AbortController,
  clock: Clock,
  heardAtMs: () => number,
): Promise<void> {
  for (;;) {
    const leftMs = heardAtMs() + longestSilenceMs - clock.monotonicMs();
    if (leftMs <= 0) return watching.abort();
    await clock.sleep(leftMs, watching.signal);
  }
}
