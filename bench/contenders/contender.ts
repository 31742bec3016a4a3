import type { Dialect, Target } from "../load/order.ts";
import { peakMibOf, treeSecondsOf } from "../machine/process-figures.ts";
import type { Materials } from "../materials/materials.ts";

/** The keys of a CA that are measured. */
export type RootKey = "P-256" | "P-384" | "RSA-2048" | "RSA-3072" | "RSA-4096";

/** How a CA is configured for a row. */
export interface Launch {
  readonly rootKey: RootKey;
  readonly workers: number;
  /** How it verifies tokens: with the issuer's keys, or by asking an API server. */
  readonly tokens: "jwks" | "token-review";
  /** Where kasbah-server writes a line for each garbage collection. */
  readonly gcLog?: string;
}

/** A CA that can be measured. */
export interface Contender {
  readonly name: string;
  readonly dialect: Dialect;
  /** Whether it is a product other than kasbah. */
  readonly isPeer: boolean;
  /** Why it cannot be launched like this, as a sentence; undefined if it can. */
  whyNot(launch: Launch): string | undefined;
  start(launch: Launch, folder: string, materials: Materials): Promise<RunningContender>;
}

export interface RunningContender {
  readonly target: Target;
  /** Undefined for a CA given by address, whose CPU and memory cannot be read. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/** The CPU seconds of a CA so far; NaN if they cannot be read. */
export function cpuSecondsOf({ pid }: RunningContender): number {
  return pid === undefined ? Number.NaN : treeSecondsOf(pid);
}

export function peakOf({ pid }: RunningContender): number {
  return pid === undefined ? Number.NaN : peakMibOf(pid);
}

/** One worker with a P-256 root that verifies tokens itself. */
export const usualLaunch: Launch = { rootKey: "P-256", workers: 1, tokens: "jwks" };
