import { MeshError } from "@kasbah/pki";
import type fc from "fast-check";

/** What became of one input. */
export type Verdict = "accepted" | "refused";

/** One reader of bytes that strangers choose. */
export interface Target {
  readonly name: string;
  /** Inputs that it accepts; what is tried grows out of them. */
  readonly valid: readonly Uint8Array[];
  readonly inputs: fc.Arbitrary<Uint8Array>;
  /** Throws where a property is broken. A refusal is none. */
  readonly check: (input: Uint8Array) => Verdict | Promise<Verdict>;
  /** Milliseconds of one core that an input may cost. Default 50. */
  readonly budgetMs?: number;
}

/** What a reader made of an input: undefined when it refused in one of the ways that it may. */
export function read<T>(work: () => T, mayRefuseWith: (error: unknown) => boolean = isMeshError) {
  try {
    return { value: work() };
  } catch (error) {
    if (mayRefuseWith(error)) return undefined;
    throw error;
  }
}

/** The same for a reader that answers later. */
export async function readLater<T>(work: () => Promise<T>) {
  try {
    return { value: await work() };
  } catch (error) {
    if (isMeshError(error)) return undefined;
    throw error;
  }
}

export function isMeshError(error: unknown): boolean {
  return error instanceof MeshError;
}

/** For an operator's own file, which is read at start and when it changes, by a reader of YAML that is not fast. */
export const fileBudgetMs = 500;

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
