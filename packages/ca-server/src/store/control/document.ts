import { createHash } from "node:crypto";
import { StateError } from "../../errors.ts";

/** One generation of the control state, as stored in one file. */
export interface ControlDocument {
  /** Incremented when a field changes its meaning. */
  readonly format: number;
  /** Increases by one with each write. */
  readonly generation: number;
  readonly state: unknown;
  /** SHA-256 in hex over the other fields. */
  readonly checksum: string;
}

const controlFormat = 1;

export function createDocument(generation: number, state: unknown): ControlDocument {
  return { format: controlFormat, generation, state, checksum: checksumOf(generation, state) };
}

/**
 * Parses a document. Returns undefined if it is half-written, altered by a failing disk, or of another kind.
 *
 * @throws StateError `STATE_DAMAGED` for a valid document of a later release, which must not count as a loss
 */
export function parseDocument(text: string, path: string): ControlDocument | undefined {
  const document = parseJson(text);
  if (!isObject(document)) return undefined;
  const { format, generation, state, checksum } = document;
  if (typeof format === "number" && format > controlFormat) {
    throw new StateError(
      "STATE_DAMAGED",
      `${path} has format ${format}, expected ${controlFormat}: run the release that wrote it, or a later one`,
    );
  }
  const isSound =
    format === controlFormat &&
    typeof generation === "number" &&
    Number.isSafeInteger(generation) &&
    generation > 0 &&
    checksum === checksumOf(generation, state);
  return isSound ? { format, generation, state, checksum } : undefined;
}

/** Hashes the output of `JSON.stringify`, which is the same before and after parsing, because members keep their order. */
function checksumOf(generation: number, state: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify([controlFormat, generation, state]))
    .digest("hex");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
