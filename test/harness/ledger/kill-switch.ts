import { AsyncLocalStorage } from "node:async_hooks";
import fs, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { nodeFs } from "@kasbah/runtime";

interface Life {
  left: number;
  isDead: boolean;
  readonly onDeath: () => void;
  /** Node fails if it has to close one of them itself. */
  readonly opened: FileHandle[];
}

const lives = new AsyncLocalStorage<Life>();
const never = new Promise<never>(() => undefined);
const calls = ["rename", "unlink", "rm", "mkdir", "writeFile"] as const;
const methods = ["writeFile", "write", "sync", "datasync", "truncate", "chmod"] as const;

/** Makes changes of the disk stop at a chosen one, as if the process were killed just before it. */
export class KillSwitch {
  readonly #restore: (() => void)[] = [];

  static async install(): Promise<KillSwitch> {
    const handle = await fs.open("/dev/null");
    const prototype = Object.getPrototypeOf(handle) as object;
    await handle.close();
    const installed = new KillSwitch();
    installed.#intercept(fs, calls);
    installed.#intercept(nodeFs, calls);
    installed.#intercept(prototype, methods);
    installed.#followHandles();
    syncBuiltinESMExports();
    return installed;
  }

  uninstall(): void {
    for (const restore of this.#restore) restore();
    syncBuiltinESMExports();
  }

  /** Runs a story until its n-th change of the disk; returns false if it has fewer. */
  async killsAt(n: number, story: () => Promise<void>): Promise<boolean> {
    const opened: FileHandle[] = [];
    try {
      return await new Promise((resolve, reject) => {
        const life = { left: n, isDead: false, onDeath: () => resolve(true), opened };
        lives.run(life, () => story().then(() => resolve(false), reject));
      });
    } finally {
      for (const handle of opened) await handle.close();
    }
  }

  #followHandles(): void {
    const { open } = fs;
    fs.open = async (...args) => {
      const handle = await open(...args);
      lives.getStore()?.opened.push(handle);
      return handle;
    };
    this.#restore.push(() => {
      fs.open = open;
    });
  }

  #intercept(target: object, names: readonly string[]): void {
    for (const name of names) {
      const original: unknown = Reflect.get(target, name);
      if (typeof original !== "function") continue;
      const intercepted = function (this: unknown, ...args: readonly unknown[]): unknown {
        return isAlive() ? Reflect.apply(original, this, args) : never;
      };
      Reflect.set(target, name, intercepted);
      this.#restore.push(() => Reflect.set(target, name, original));
    }
  }
}

/** Counts the change. What a dead story awaits never happens, so it changes nothing more. */
function isAlive(): boolean {
  const life = lives.getStore();
  if (life === undefined) return true;
  if (life.left > 0) {
    life.left -= 1;
    return true;
  }
  if (!life.isDead) life.onDeath();
  life.isDead = true;
  return false;
}
