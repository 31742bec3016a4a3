import { join } from "node:path";

/** What the defaults depend on. */
export interface Machine {
  readonly isRoot: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where the state lies unless told: as system daemons have it for root, as the XDG base directories say for others. */
export function defaultStateDirectory({ isRoot, env }: Machine): string {
  if (isRoot) return "/var/lib/kasbah";
  const stateHome = env["XDG_STATE_HOME"] || join(env["HOME"] || "/", ".local/state");
  return join(stateHome, "kasbah");
}
