import type { Clock } from "@kasbah/runtime";
import { CliError } from "../errors.ts";
import type { Kubectl } from "../kubectl/kubectl.ts";
import { renderObjects } from "./objects/install-objects.ts";
import type { Manifest } from "./objects/manifest.ts";

export interface ApplyDeps {
  readonly kubectl: Kubectl;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const patienceMs = 60_000;
const pauseMs = 1_000;

/**
 * Applies the namespace unless it already exists, then all objects in one call. Returns kubectl's output once
 * all objects can be read back.
 *
 * @throws CliError `PROCESS_FAILED`, or `NOT_READY` if an object is still missing after a minute
 */
export async function applyObjects(
  namespace: Manifest,
  objects: readonly Manifest[],
  deps: ApplyDeps,
): Promise<string> {
  const apply = (some: readonly Manifest[]) =>
    deps.kubectl(
      ["apply", "--server-side", "--field-manager=kasbah", "--validate=strict", "-f", "-"],
      renderObjects(some),
    );
  const said = (await isForeign(namespace, deps)) ? "" : await apply([namespace]);
  if (objects.length === 0) return said;
  const lines = said + (await apply(objects));
  await awaitObjects(objects, deps);
  return lines;
}

/**
 * In an existing namespace, our Pod Security level could reject its pods, and our label would let us delete
 * it.
 */
async function isForeign({ metadata: { name } }: Manifest, { kubectl }: ApplyDeps): Promise<boolean> {
  const foreign = "--selector=app.kubernetes.io/managed-by!=kasbah";
  const found = await kubectl([
    "get",
    "namespaces",
    `--field-selector=metadata.name=${name}`,
    foreign,
    "-o=name",
  ]);
  return found.trim() !== "";
}

async function awaitObjects(objects: readonly Manifest[], deps: ApplyDeps): Promise<void> {
  const { clock, signal } = deps;
  const until = clock.monotonicMs() + patienceMs;
  for (;;) {
    const missing = await countMissing(objects, deps);
    if (missing === 0) return;
    if (clock.monotonicMs() >= until) {
      throw new CliError(
        "NOT_READY",
        `${missing} of ${objects.length} objects are still missing after 1 min`,
      );
    }
    await clock.sleep(pauseMs, signal);
  }
}

async function countMissing(objects: readonly Manifest[], { kubectl }: ApplyDeps): Promise<number> {
  const found = await kubectl(["get", "-o=name", "--ignore-not-found", "-f", "-"], renderObjects(objects));
  return objects.length - found.split("\n").filter((line) => line !== "").length;
}
