import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A directory of mode 0700 that is removed with its content by `await using`, or by `remove()` in an
 * `afterEach`.
 */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
  /** The path of a name in the directory. */
  join(...names: string[]): string;
  remove(): Promise<void>;
}

/** Creates a directory below the system's temporary directory. Its path is short enough for Unix sockets. */
export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), "kasbah-"));
  const remove = () => rm(path, { recursive: true, force: true });
  return { path, join: (...names) => join(path, ...names), remove, [Symbol.asyncDispose]: remove };
}
