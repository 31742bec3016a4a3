/**
 * Request metadata in which an agent lists the roots in its root file, so that the CA knows which clients would
 * still accept it under another root. The list is public: every certificate of the mesh leads to these roots.
 */
export const shownRootsHeader = "kasbah-ca-roots";

/** Sixty-four bits of a SHA-256 fingerprint, as `kasbah authority list` shows it. */
const shownLength = 16;
/** With 4 KiB, far below the most that servers accept as headers. */
const maxShown = 256;
const fingerprintPattern = /^[0-9a-f]{16,64}$/;

/** Encodes SHA-256 fingerprints in lower-case hexadecimal. */
export function encodeShownRoots(fingerprints: readonly string[]): string {
  return fingerprints
    .slice(0, maxShown)
    .map((each) => each.slice(0, shownLength))
    .join(",");
}

/** The roots that a caller shows, which it may have made up; undefined if it shows none. */
export class ShownRoots {
  readonly #prefixes: ReadonlySet<string>;

  private constructor(prefixes: readonly string[]) {
    this.#prefixes = new Set(prefixes);
  }

  /** Reads every value of the header. Values that are not fingerprints are ignored. */
  static parse(values: readonly string[]): ShownRoots | undefined {
    const words = values.flatMap((value) => value.split(",", maxShown + 1)).slice(0, maxShown);
    const known = words.map((word) => word.trim()).filter((word) => fingerprintPattern.test(word));
    return known.length === 0 ? undefined : new ShownRoots(known.map((word) => word.slice(0, shownLength)));
  }

  contains(fingerprint: string): boolean {
    return this.#prefixes.has(fingerprint.slice(0, shownLength));
  }
}
