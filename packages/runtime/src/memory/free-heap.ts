import process from "node:process";

type Trim = (keepBytes: bigint) => number;

let trim: Trim | undefined;

/**
 * Returns the free memory of the C library's heap to the system, where that library is glibc. By itself, glibc keeps
 * what lies between blocks in use, so after a burst of connections a process would keep the memory of all of them.
 */
export function returnFreeHeap(): void {
  trim ??= findTrim();
  trim(0n);
}

/** `malloc_trim(3)`; nothing where the C library has none, or Node cannot call it. */
function findTrim(): Trim {
  try {
    const { functions } = loadFfi().dlopen("libc.so.6", {
      malloc_trim: { arguments: ["uint64"], return: "int32" },
    });
    return functions.malloc_trim;
  } catch {
    return () => 0;
  }
}

/** Node warns that the module is experimental, in a line that is not one of the log. */
function loadFfi(): typeof import("node:ffi") {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule("node:ffi");
  } finally {
    process.emitWarning = emitWarning;
  }
}
