import fc from "fast-check";
import { byteEdits } from "./edits/byte-edits.ts";
import { derEdits } from "./edits/der-edits.ts";
import { jsonEdits } from "./edits/json-edits.ts";

type Edits = fc.Arbitrary<(bytes: Uint8Array) => Uint8Array>;
type Inputs = readonly Uint8Array[];

const unchanged: Edits = fc.constant((bytes) => bytes);

/**
 * DER with elements repeated, removed, moved, retagged or given wrong lengths, and optionally damaged
 * afterwards.
 */
export function derMutants(valid: Inputs): fc.Arbitrary<Uint8Array> {
  return structuralMutants(valid, derEdits, byteEdits([], valid));
}

/** Texts with changed bytes and inserted `words` of their language. */
export function textMutants(valid: Inputs, words: readonly string[]): fc.Arbitrary<Uint8Array> {
  return mutants(valid, byteEdits(words, valid), unchanged);
}

/**
 * JSON with values of other types and with duplicate or missing members, and optionally damaged afterwards.
 */
export function jsonMutants(valid: Inputs): fc.Arbitrary<Uint8Array> {
  return structuralMutants(valid, jsonEdits, byteEdits(jsonWords, valid));
}

/** YAML, and JSON, which is a subset of YAML. */
export function yamlMutants(valid: Inputs): fc.Arbitrary<Uint8Array> {
  return fc.oneof(textMutants(valid, yamlWords), jsonMutants(valid));
}

/** Random bytes. */
const anyBytes = fc.uint8Array({ maxLength: 200 });

const jsonWords = [
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\\u0000",
  "\ufeff",
  "\u2028",
  "null",
  "1e999",
  "//",
];

const yamlWords = [
  ...jsonWords,
  "\n",
  "\n  ",
  "\t",
  "- ",
  ": ",
  "? ",
  "&a ",
  "*a",
  "<<: *a",
  "!!binary ",
  "!!js/function ",
  "!x ",
  "|\n",
  ">-\n",
  "#",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "'",
  "\u001b[31m",
  "\u202e",
  "\u2028",
  "0x10",
  "1_000",
  ".nan",
  "version: 1\n",
];

/** Damaged input rarely passes the outermost check, so most inputs change only in structure. */
function structuralMutants(valid: Inputs, structural: Edits, damage: Edits): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { arbitrary: mutants(valid, structural, unchanged), weight: 4 },
    { arbitrary: mutants(valid, structural, damage), weight: 1 },
    { arbitrary: mutants(valid, damage, unchanged), weight: 1 },
  );
}

function mutants(valid: Inputs, first: Edits, then: Edits): fc.Arbitrary<Uint8Array> {
  const changed = fc
    .tuple(fc.constantFrom(...valid), first, then)
    .map(([bytes, change, changeMore]) => new Uint8Array(changeMore(change(bytes))));
  return fc.oneof({ arbitrary: changed, weight: 30 }, { arbitrary: anyBytes, weight: 1 });
}
