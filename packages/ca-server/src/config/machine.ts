import { join } from "node:path";

/** The facts that the defaults depend on. */
export interface Machine {
  readonly isRoot: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The default state directory: that of system daemons for root, that of the XDG base directories for other
 * users.
 */
export function defaultStateDirectory({ isRoot, env }: Machine): string {
  if (isRoot) return "/var/lib/kasbah";
  const stateHome = env["XDG_STATE_HOME"] || join(env["HOME"] || "/", ".local/state");
  return join(stateHome, "kasbah");
}
