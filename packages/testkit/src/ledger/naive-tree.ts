import assert from "node:assert/strict";
import { createHash } from "node:crypto";

/** RFC 6962 §2.1 taken literally, as a reference: recursive over all leaves, with cached roots. */
export class NaiveTree {
  readonly #leaves: readonly Uint8Array[];
  readonly #roots = new Map<string, Uint8Array>();

  constructor(leaves: readonly Uint8Array[]) {
    this.#leaves = leaves;
  }

  /** `MTH(D[start:end])`. */
  root(end: number, start = 0): Uint8Array {
    const known = this.#roots.get(`${start}:${end}`);
    const root = known ?? this.#computeRoot(start, end);
    if (known === undefined && end - start > 1) this.#roots.set(`${start}:${end}`, root);
    return root;
  }

  #computeRoot(start: number, end: number): Uint8Array {
    if (start === end) return sha256();
    if (end - start === 1) return this.#leaves[start] ?? assert.fail(`there is no leaf ${start}`);
    const middle = start + splitOf(end - start);
    return naiveNode(this.root(middle, start), this.root(end, middle));
  }

  /** `PATH(m, D[start:end])` of §2.1.1, with `m` counted from the first leaf of the tree. */
  inclusion(m: number, end: number, start = 0): readonly Uint8Array[] {
    if (end - start === 1) return [];
    const middle = start + splitOf(end - start);
    return m < middle
      ? [...this.inclusion(m, middle, start), this.root(end, middle)]
      : [...this.inclusion(m, end, middle), this.root(middle, start)];
  }

  /** `SUBPROOF(m, D[start:end], whole)` of §2.1.2, with `m` counted from the first leaf of the tree. */
  consistency(m: number, end: number, start = 0, whole = true): readonly Uint8Array[] {
    if (m === end) return whole ? [] : [this.root(end, start)];
    const middle = start + splitOf(end - start);
    return m <= middle
      ? [...this.consistency(m, middle, start, whole), this.root(end, middle)]
      : [...this.consistency(m, end, middle, false), this.root(middle, start)];
  }
}

export function naiveLeaf(data: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0), data);
}

export function naiveNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(1), left, right);
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The largest power of two below `n`. */
export function splitOf(n: number): number {
  return n <= 2 ? 1 : 2 * splitOf(Math.ceil(n / 2));
}

/** The reference tree of certificate-transparency's own tests: its entries, and its root after each. */
export const referenceEntries = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map((hex) => Buffer.from(hex, "hex"));

export const referenceRoots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
