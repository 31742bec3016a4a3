import type { RunningCa } from "../../test/harness/ca-process.ts";
import type { StormPod } from "./plan.ts";

/** A CA, and the pods that are about to restart. */
export interface StormScene {
  readonly ca: RunningCa;
  readonly pods: readonly StormPod[];
  /** The pids of other processes that do a part of the work, by name. */
  readonly helpers: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}
