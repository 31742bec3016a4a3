import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

interface Collect {
  (options: { readonly type: "major"; readonly execution: "async" }): Promise<void>;
  (options: { readonly type: "major"; readonly flavor: "last-resort" }): void;
}

/** After the work that used the secret has finished, so that nothing on the stack refers to it. */
const delayMs = 100;

let collect: Collect | undefined;
let timer: NodeJS.Timeout | undefined;

/**
 * Frees objects that are no longer used in a moment, and with them the native memory of private keys, which OpenSSL
 * overwrites. V8 would wait until it needs memory, in an idle process for days. Many calls cause one collection.
 */
export function collectGarbageSoon(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    void collectGarbage();
  }, delayMs);
  timer.unref();
}

/** Frees objects that are no longer used. Resolves at once if V8 offers no collector. */
export function collectGarbage(): Promise<void> {
  collect ??= findCollector();
  return collect({ type: "major", execution: "async" });
}

/** Frees all that it can at once, code that has not run lately included. It takes some 50 ms. */
export function collectAllGarbage(): void {
  collect ??= findCollector();
  collect({ type: "major", flavor: "last-resort" });
}

/** V8 offers its collector only to contexts that are created after this flag is set, and may offer none. */
function findCollector(): Collect {
  setFlagsFromString("--expose-gc");
  const collector: Collect | undefined = runInNewContext("globalThis.gc");
  setFlagsFromString("--no-expose-gc");
  return collector ?? (() => Promise.resolve());
}
