import { parseHostName, parseHostPort } from "../address.ts";
import { parseDuration } from "../duration.ts";
import { parseSocketPath } from "../socket-path.ts";
import { expected, parsed, type Schema } from "./schema.ts";

export { parsed } from "./schema.ts";

/** Any non-empty text. */
export const text = parsed((value) => (value === "" ? expected("a non-empty text") : value));

/** A file system path, which need not exist. */
export const path = parsed((value) => {
  if (value === "") expected("a path");
  return value.includes("\0") ? expected("a path without NUL") : value;
}, "path");

/** The path of a Unix socket, which need not exist. */
export const socketPath = parsed(parseSocketPath, "path of a socket");

/** A duration above zero, in milliseconds. */
export const duration = parsed((value) => {
  const ms = parseDuration(value);
  return ms > 0 ? ms : expected("a duration above zero such as 90s, 15m or 24h");
}, "duration");

/** A duration in milliseconds; `0s` switches something off. */
export const durationOrZero = parsed(parseDuration, "duration");

/** An address to connect to. */
export const hostPort = parsed((value) => {
  const address = parseHostPort(value);
  return address.port > 0 ? address : expected("a port from 1 to 65535");
}, "host:port");

/** An address to listen on; with port 0, the system chooses the port. */
export const listenAddress = parsed(parseHostPort, "host:port");

/** A DNS name, or an IP address with or without the brackets of IPv6. */
export const hostName = parsed(parseHostName, "host name");

/** `true` or `false`; also `1` and `0`, as environment variables often have it. */
export const boolean = parsed((value) => {
  if (value === "true" || value === "1") return true;
  return value === "false" || value === "0" ? false : expected("true or false");
}, "true or false");

const decimalShare = /^(?:0|1|0?\.\d{1,9}|1\.0{1,9})$/;

/** A decimal number from 0 to 1, inclusive. */
export const ratio = parsed(
  (value) => (decimalShare.test(value) ? Number(value) : expected("a number from 0 to 1 such as 0.5")),
  "number from 0 to 1",
);

/** An integer from `least` to `most`. */
export function wholeNumber(least: number, most: number): Schema<number> {
  return parsed((value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    return number >= least && number <= most ? number : expected(`a whole number from ${least} to ${most}`);
  }, `whole number from ${least} to ${most}`);
}

/** One of the given words. */
export function choice<const Words extends readonly string[]>(words: Words): Schema<Words[number]> {
  const listed = words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  const isWord = (value: string): value is Words[number] => words.includes(value);
  return parsed((value) => (isWord(value) ? value : expected(listed)), listed);
}
