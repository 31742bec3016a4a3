import { printableText } from "./printable-text.ts";
import { withoutCredentials } from "./without-credentials.ts";

/** The facts of an event: names and values of any type. */
export type LogFacts = Readonly<Record<string, unknown>>;

/** Each line has its own values for these; JSON objects with a repeated key are ambiguous. */
const reservedNames = new Set(["time", "level", "event"]);
const deepest = 6;
const mostEntries = 100;
const mostStackLines = 12;

/** Converts facts to plain JSON values that are safe to print. Never throws, even for a hostile input. */
export function printableFacts(facts: LogFacts): Record<string, unknown> {
  try {
    return printableEntries(facts, 0, (name) => (reservedNames.has(name) ? `${name}_` : name));
  } catch {
    return { facts: "[unreadable]" };
  }
}

function printableValue(value: unknown, depth: number): unknown {
  try {
    return convert(value, depth);
  } catch {
    return "[unreadable]";
  }
}

function convert(value: unknown, depth: number): unknown {
  if (typeof value === "string") return printableText(withoutCredentials(value));
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean" || value === null || value === undefined) return value;
  if (typeof value === "function") return "[function]";
  if (typeof value !== "object") return printableText(String(value), 64);
  if (depth >= deepest) return "[deeper]";
  if (value instanceof Error) return printableError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, mostEntries).map((item) => printableValue(item, depth + 1));
  return isPlain(value) ? printableEntries(value, depth + 1) : printableInstance(value);
}

function printableEntries(
  value: object,
  depth: number,
  rename = (name: string) => name,
): Record<string, unknown> {
  // No prototype, so that __proto__ is a name like any other.
  const printed: Record<string, unknown> = Object.create(null);
  for (const [name, item] of firstEntries(value)) {
    if (item !== undefined) printed[rename(printableText(name, 128))] = printableValue(item, depth);
  }
  return printed;
}

function firstEntries(value: object): [string, unknown][] {
  const entries = Object.entries(value);
  return entries.length > mostEntries ? entries.slice(0, mostEntries) : entries;
}

/**
 * A class with its own `toString` (a SPIFFE ID, a `Secret`) prints its result; any other prints its name
 * only.
 */
function printableInstance(value: object): string {
  const speaks = value.toString !== Object.prototype.toString;
  return speaks ? printableText(withoutCredentials(String(value))) : `[${value.constructor.name}]`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Only name, code, message and cause: other properties of foreign errors contain request bodies, headers and
 * tokens. Only an error without a code, which was unexpected, includes its stack.
 */
function printableError(error: Error, depth: number): Record<string, unknown> {
  const code = codeOf(error);
  const several = error instanceof AggregateError ? error.errors.slice(0, 5) : undefined;
  return {
    name: printableText(error.name, 64),
    code: code === undefined ? undefined : typeof code === "string" ? printableText(code, 64) : code,
    message: printableText(withoutCredentials(error.message)),
    cause: printableValue(error.cause, depth + 1),
    errors: several?.map((item) => printableValue(item, depth + 1)),
    stack: code === undefined && error.stack !== undefined ? frames(error.stack) : undefined,
  };
}

/** An error code of kasbah or of Node, or the number of a gRPC status. */
function codeOf(error: Error): string | number | undefined {
  if (!("code" in error)) return undefined;
  return typeof error.code === "string" || typeof error.code === "number" ? error.code : undefined;
}

function frames(stack: string): string[] {
  const lines = stack.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line.startsWith("at "))
    .slice(0, mostStackLines)
    .map((line) => printableText(line));
}
