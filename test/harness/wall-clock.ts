import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { provideTool, whyNoDebian } from "../../deploy/image/debian-packages.ts";

/** The path of libfaketime, from `LIBFAKETIME` or from Debian's package; undefined if it is not installed. */
export async function findFaketime(): Promise<string | undefined> {
  const given = process.env["LIBFAKETIME"];
  if (given !== undefined) return given;
  if (whyNoDebian() !== undefined || process.arch !== "x64") return undefined;
  const { directory } = await provideTool("libfaketime", (line) => process.stdout.write(`      ${line}\n`));
  return join(directory, "usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");
}

/** A separate wall clock for one process; its monotonic clock remains the kernel's. */
export class WallClock {
  readonly env: Readonly<Record<string, string>>;
  readonly #path: string;
  #aheadMs = 0;

  constructor(library: string, path: string) {
    this.#path = path;
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    };
  }

  now(): Date {
    return new Date(systemClock.now().getTime() + this.#aheadMs);
  }

  /** Takes effect within one second. */
  async step(ms: number): Promise<void> {
    this.#aheadMs += ms;
    const offset = Math.round(this.#aheadMs / 1000);
    await writeFile(`${this.#path}.new`, `${offset < 0 ? offset : `+${offset}`}\n`);
    await rename(`${this.#path}.new`, this.#path);
  }
}
