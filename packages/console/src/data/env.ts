import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { PollerDeps } from "./poller.ts";

/** What the page uses of the browser. */
export interface Env extends PollerDeps {
  /** Calls back when the page becomes visible or hidden; the result ends that. */
  readonly onVisibility: (run: () => void) => () => void;
  readonly copy: (text: string) => Promise<void>;
}

export const EnvContext = createContext<Env | undefined>(undefined);

export function useEnv(): Env {
  const env = useContext(EnvContext);
  if (env === undefined) throw new Error("the page has no environment");
  return env;
}
