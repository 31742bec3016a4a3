import { type DurableFs, type DurableHandle, nodeFs } from "@kasbah/runtime";

/** A file system call that can be made to fail. */
export type DurableCall = "open" | "writeFile" | "chmod" | "sync" | "close" | "rename" | "mkdtemp";

/** The real file system, which logs its calls and fails the n-th of them. */
export interface FaultyFs extends DurableFs {
  readonly calls: readonly DurableCall[];
}

/**
 * @param failAt the number of the call that fails, counted from 1; by default none
 * @param lasts `for good`: every later call also fails, as after a kill
 */
export function faultyFs(
  failAt = Number.POSITIVE_INFINITY,
  errno = "ENOSPC",
  lasts: "once" | "for good" = "once",
): FaultyFs {
  const calls: DurableCall[] = [];
  const attempt = async <T>(call: DurableCall, work: () => Promise<T>): Promise<T> => {
    calls.push(call);
    if (lasts === "once" ? calls.length === failAt : calls.length >= failAt)
      throw Object.assign(new Error(`injected ${errno}`), { code: errno });
    return work();
  };
  const wrap = (handle: DurableHandle): DurableHandle => ({
    writeFile: (data) => attempt("writeFile", () => handle.writeFile(data)),
    chmod: (mode) => attempt("chmod", () => handle.chmod(mode)),
    sync: () => attempt("sync", () => handle.sync()),
    // The descriptor is closed even if close reports an error.
    close: async () => {
      await handle.close();
      await attempt("close", async () => {});
    },
  });
  return {
    ...nodeFs,
    calls,
    open: (...given) => attempt("open", async () => wrap(await nodeFs.open(...given))),
    rename: (...given) => attempt("rename", () => nodeFs.rename(...given)),
    mkdtemp: (...given) => attempt("mkdtemp", () => nodeFs.mkdtemp(...given)),
  };
}
