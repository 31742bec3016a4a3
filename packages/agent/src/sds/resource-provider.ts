import type { SecretResource } from "./envoy-secret.ts";

/**
 * One family of resource names, and what each is answered with. A name that no provider claims is refused: nothing ever falls
 * through to another name's secret.
 */
export interface ResourceProvider {
  /** Decides by the name and by what is known already, before anything is opened. */
  claims(name: string): boolean;
  /** What may be handed out at this moment under a claimed name; undefined until there is something good. */
  current(name: string): SecretResource | undefined;
  /** Keeps a claimed name fresh, and calls `onChange` after each change, until the returned function is called. */
  watch(name: string, onChange: () => void): () => void;
}
