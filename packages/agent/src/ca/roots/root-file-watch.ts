import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { type Clock, ContentWatch, type Logger } from "@kasbah/runtime";
import { readBoundedFile } from "../../bounded-file.ts";
import type { SecretStore } from "../../secret/secret-store.ts";
import { type HeldRoots, maxRootsBytes } from "./held-roots.ts";

export interface RootFileWatchDeps {
  readonly path: string;
  readonly roots: HeldRoots;
  readonly store: SecretStore;
  /** Called after each change to a readable file. */
  readonly onChange?: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Watches the root file, so that a change reaches Envoy immediately instead of with the next leaf, which may
 * be half a day away. An unreadable or malformed file changes nothing.
 */
export function watchRootFile(deps: RootFileWatchDeps): ContentWatch {
  const { path, roots, store, clock, logger } = deps;
  return new ContentWatch({
    name: "root file",
    directories: [dirname(path)],
    async read() {
      const content = await readBoundedFile(path, maxRootsBytes);
      return createHash("sha256").update(content).digest("hex");
    },
    async onChange() {
      const held = await roots.load();
      store.publishBundle(held);
      logger.info("root file changed", { path, roots: held.roots.length });
      deps.onChange?.();
    },
    clock,
    logger,
  });
}
