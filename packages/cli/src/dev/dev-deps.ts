import type { Clock } from "@kasbah/runtime";

/** What the commands of `kasbah dev` need of their process. */
export interface DevDeps {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly pid: number;
  /** The user of this process; undefined where users have no numbers. */
  readonly uid: number | undefined;
  readonly nodePath: string;
  readonly platform: string;
  readonly temporaryDirectory: string;
  /** Sends a signal. @throws if there is no such process */
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
