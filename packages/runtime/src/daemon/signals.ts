/** Signals that stop a daemon: its work in progress ends first. */
export const stopSignals = ["SIGTERM", "SIGINT", "SIGQUIT"] as const;

/**
 * Signals without a meaning for a daemon. By default they would end it without a log line, or, in the case of
 * SIGUSR1, make Node open its debugger, through which every key can be read.
 */
export const ignoredSignals = [
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGVTALRM",
  "SIGIO",
  "SIGPWR",
  "SIGSTKFLT",
  "SIGXCPU",
] as const;

export type StopSignal = (typeof stopSignals)[number];
type IgnoredSignal = (typeof ignoredSignals)[number];

/** Every signal that a daemon handles. */
export type DaemonSignal = StopSignal | IgnoredSignal | "SIGHUP";

/** Every signal that a daemon handles, for the processes that belong to it. */
export const daemonSignals: readonly DaemonSignal[] = [...stopSignals, ...ignoredSignals, "SIGHUP"];
