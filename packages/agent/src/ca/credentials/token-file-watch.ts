import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { type Clock, ContentWatch, type Logger } from "@kasbah/runtime";
import { readToken } from "./token-file.ts";

export interface TokenFileWatchDeps {
  readonly path: string;
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Watches the token file, so that a failed rotation is retried as soon as a new token appears. An unreadable
 * file is ignored.
 */
export function watchTokenFile({ path, onChange, clock, logger }: TokenFileWatchDeps): ContentWatch {
  return new ContentWatch({
    name: "token file",
    directories: [dirname(path)],
    async read() {
      return createHash("sha256")
        .update((await readToken(path)).reveal())
        .digest("hex");
    },
    async onChange() {
      onChange();
    },
    // Each rotation attempt reports problems with the file.
    onTrouble() {},
    clock,
    logger,
  });
}
