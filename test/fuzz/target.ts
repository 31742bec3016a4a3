import { MeshError } from "@kasbah/pki";
import type fc from "fast-check";

/** The result of one input. */
export type Verdict = "accepted" | "refused";

/** A parser of untrusted bytes. */
export interface Target {
  readonly name: string;
  /** Inputs that it accepts; the fuzzer mutates them. */
  readonly valid: readonly Uint8Array[];
  readonly inputs: fc.Arbitrary<Uint8Array>;
  /** Throws if a property is broken. A refusal does not break one. */
  readonly check: (input: Uint8Array) => Verdict | Promise<Verdict>;
  /** CPU milliseconds that an input may take. Default 50. */
  readonly budgetMs?: number;
}

/** The result of a parser, or undefined if it refused the input in a permitted way. */
export function read<T>(work: () => T, mayRefuseWith: (error: unknown) => boolean = isMeshError) {
  try {
    return { value: work() };
  } catch (error) {
    if (mayRefuseWith(error)) return undefined;
    throw error;
  }
}

/** The same for an asynchronous parser. */
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

/** For an operator's file, which is read at start-up and on change by a slow YAML parser. */
export const fileBudgetMs = 500;

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
