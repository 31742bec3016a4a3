import { z } from "zod";
import { parseHostPort } from "../address.ts";
import { parseDuration } from "../duration.ts";

/** Any text but the empty one. */
export const text = z.string().min(1, "expected some text");

/** A path of the file system; nothing is looked up. */
export const path = z
  .string()
  .min(1, "expected a path")
  .refine((value) => !value.includes("\0"), "expected a path without NUL");

/** A duration above zero, in milliseconds. */
export const duration = parsed(parseDuration).refine(
  (ms) => ms > 0,
  "expected a duration above zero such as 90s, 15m or 24h",
);

/** A duration in milliseconds that may be zero. */
export const durationOrZero = parsed(parseDuration);

/** An address to connect to. */
export const hostPort = parsed(parseHostPort).refine(
  (address) => address.port > 0,
  "expected a port from 1 to 65535",
);

/** An address to listen at; port 0 lets the system choose. */
export const listenAddress = parsed(parseHostPort);

/** `true` or `false`; also `1` and `0`, as environments write them. */
export const boolean = z
  .enum(["true", "false", "1", "0"], "expected true or false")
  .transform((value) => value === "true" || value === "1");

/** A decimal number from 0 to 1, both included. */
export const ratio = z
  .string()
  .regex(/^(?:0|1|0?\.\d{1,9}|1\.0{1,9})$/, "expected a number from 0 to 1 such as 0.5")
  .transform(Number);

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): z.ZodType<number, string> {
  const message = `expected a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= least && value <= most, message);
}

/** One of the given words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
): z.ZodType<Words[number], string> {
  const listed = words.length === 1 ? words[0] : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  const schema: z.ZodType<string, string> = z.string();
  return schema.refine((value): value is Words[number] => words.includes(value), `expected ${listed}`);
}

/** A schema from a parser that throws: the message of its error, which must not quote the text, is the problem. */
export function parsed<T>(parse: (text: string) => T): z.ZodType<T, string> {
  return z.string().transform((value, context) => {
    try {
      return parse(value);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : "malformed" });
      return z.NEVER;
    }
  });
}
