import { spawnSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CaProcess } from "./ca-process.ts";
import { kasbahBin } from "./repository.ts";

export const mayMountDisks = () =>
  process.platform === "linux" && spawnSync("unshare", ["--mount", "true"]).status === 0;

/** A CA on a file system of its own, which disappears with the process, because it is in its own mount namespace. */
export class SmallDiskCa {
  readonly ca: CaProcess;
  readonly #disk: string;

  /** @param disk an empty directory on which the file system is mounted */
  constructor(disk: string, { size, flags }: { readonly size: string; readonly flags: readonly string[] }) {
    const script = `mkdir -p "$0" && mount -t tmpfs -o size=${size} tmpfs "$0" && exec "$@"`;
    const within = ["unshare", "--mount", "sh", "-c", script, disk];
    this.#disk = disk;
    this.ca = new CaProcess({ stateDir: join(disk, "state"), flags, within });
  }

  /** The mounted directory, as other processes see it. */
  get inside(): string {
    return `/proc/${this.ca.pid}/root${this.#disk}`;
  }

  get stateDir(): string {
    return join(this.inside, "state");
  }

  untilReady(isReady: boolean, what = `readiness is ${isReady}`): Promise<unknown> {
    return this.ca.until(what, async () => (await this.ca.isReady()) === isReady);
  }

  /** Leaves no free byte. */
  fill(): void {
    spawnSync("dd", ["if=/dev/zero", `of=${this.inside}/ballast`, "bs=4096"], { stdio: "ignore" });
  }

  freeSpace(): Promise<void> {
    return rm(join(this.inside, "ballast"));
  }

  /** Runs the operator's command in the same mount namespace. */
  kasbah(...argv: readonly string[]): {
    readonly code: number | null;
    readonly out: string;
    readonly err: string;
  } {
    const own = [process.execPath, kasbahBin, ...argv];
    const env = { PATH: process.env["PATH"], KASBAH_STATE_DIR: join(this.#disk, "state") };
    const inside = ["--mount", "--target", String(this.ca.pid), ...own];
    const { status, stdout, stderr } = spawnSync("nsenter", inside, { env, encoding: "utf8" });
    return { code: status, out: stdout, err: stderr };
  }
}
