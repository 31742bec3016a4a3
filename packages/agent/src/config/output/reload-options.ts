import { option, schema } from "@kasbah/runtime";

/** Signals that programs reload on, or end on so that their supervisor restarts them. */
const reloadSignals = ["HUP", "USR1", "USR2", "INT", "TERM", "QUIT"] as const;

/** Options for how a program learns of new files without a shell. */
export const reloadOptions = {
  signal: option({
    flag: "--signal <name>",
    env: "KASBAH_SIGNAL",
    help: "signal for the process of --pid-file after the files are written, for example HUP; needs no shell",
    schema: schema.choice(reloadSignals),
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
  pidFile: option({
    flag: "--pid-file <file>",
    env: "KASBAH_PID_FILE",
    help: "file whose first line is the process ID of that program, for example /run/nginx.pid",
    reload: "for each signal",
    schema: schema.path,
    optional: true,
    defaultHelp: "none",
    group: "Files",
  }),
  reloadWindow: option({
    flag: "--reload-window <duration>",
    env: "KASBAH_RELOAD_WINDOW",
    help: "longest random delay before --on-rotate or --signal, so that the replicas of a service do not reload at once",
    schema: schema.durationOrZero,
    default: "0s",
    group: "Files",
  }),
};

interface ReloadConfig {
  readonly outputCerts: string | undefined;
  readonly onRotate: string | undefined;
  readonly signal: string | undefined;
  readonly pidFile: string | undefined;
  readonly reloadWindow: number;
}

/** Returns the problems between the options that tell a program to reload. */
export function reloadProblems(config: ReloadConfig): readonly string[] {
  const { outputCerts, onRotate, signal, pidFile, reloadWindow } = config;
  const problems: string[] = [];
  if (signal !== undefined && pidFile === undefined) {
    problems.push("--signal: requires --pid-file, which names the process");
  }
  if (pidFile !== undefined && signal === undefined) {
    problems.push("--pid-file: requires --signal, for example --signal HUP");
  }
  if (outputCerts === undefined) {
    if (onRotate !== undefined) problems.push("--on-rotate: requires --output-certs, which is not set");
    if (signal !== undefined) problems.push("--signal: requires --output-certs, which is not set");
  }
  if (reloadWindow > 0 && onRotate === undefined && signal === undefined) {
    problems.push("--reload-window: requires --on-rotate or --signal, which it delays");
  }
  return problems;
}
