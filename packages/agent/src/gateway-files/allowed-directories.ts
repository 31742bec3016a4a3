import { realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";

/** The allowed directories as they are on the disk at one moment, links followed. */
export interface ResolvedDirectories {
  /** Whether a path without links lies in an allowed directory, and in no private one. */
  hold(realPath: string): boolean;
}

/** Where files may be served from. A private directory inside an allowed one is left out. */
export class AllowedDirectories {
  readonly #allowed: readonly string[];
  readonly #private: readonly string[];
  readonly #always: ReadonlySet<string>;

  /** `files` are allowed wherever they lie: the system's own bundles of public roots. */
  constructor(allowed: readonly string[], except: readonly string[], files: readonly string[] = []) {
    this.#allowed = allowed.map((directory) => resolve(directory));
    this.#private = except.map((directory) => resolve(directory));
    this.#always = new Set(files);
  }

  /** Decides by the words of the path, so that nothing outside is so much as looked for. */
  cover(path: string): boolean {
    return this.isAlwaysAllowed(path) || isHeld(resolve(path), this.#allowed, this.#private);
  }

  isAlwaysAllowed(path: string): boolean {
    return this.#always.has(path);
  }

  /** Looked up anew for each reading: volumes are mounted, and directories replaced, while we run. */
  async resolved(): Promise<ResolvedDirectories> {
    const [allowed, except] = await Promise.all([realPaths(this.#allowed), realPaths(this.#private)]);
    return { hold: (realPath) => isHeld(realPath, allowed, except) };
  }
}

/** The nearest directory decides; of one that is both, the private nature does. */
function isHeld(path: string, allowed: readonly string[], except: readonly string[]): boolean {
  return nearest(path, allowed) > nearest(path, except);
}

/** The length of the longest directory that the path lies in; 0 when it lies in none. */
function nearest(path: string, directories: readonly string[]): number {
  const isBelow = (directory: string) =>
    path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
  return Math.max(0, ...directories.filter(isBelow).map((directory) => directory.length));
}

async function realPaths(directories: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(directories.map((directory) => realpath(directory).catch(() => [])));
  return found.flat();
}
