import type { Clock, LogStream } from "@kasbah/runtime";
import type { Screen } from "../output/screen.ts";

/** The process from the commands' point of view; only main.ts uses the real one. */
export interface CommandDeps {
  readonly version: string;
  readonly screen: Screen;
  /** Resolves once the screen can accept more, so that a slow reader costs time instead of memory. */
  drained(): Promise<void>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly isRoot: boolean;
  readonly pid: number;
  /** The user of this process; undefined where users have no numbers. */
  readonly uid: number | undefined;
  readonly cwd: string;
  /** Whether a child in our process group can read keys from the terminal. */
  readonly hasTerminal: boolean;
  /** Sends a signal. @throws if there is no such process */
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
  readonly hostname: string;
  /** Name of the local user, for the CA's log. */
  readonly operator: string;
  readonly stderr: LogStream;
  /** Sets the exit code of a command that succeeds. */
  setExitCode(code: number): void;
  /** The Node executable for this command and for the daemons. */
  readonly nodePath: string;
  readonly platform: string;
  readonly arch: string;
  readonly temporaryDirectory: string;
  /** Draws 256 random bits, in base64url. */
  readonly newSecret: () => string;
  /** Aborted by Ctrl-C and other termination signals. */
  readonly signal: AbortSignal;
}
