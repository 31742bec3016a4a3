import { createRequire } from "node:module";
import type PinoPretty from "pino-pretty";

/** A function that turns one JSON line into one line for people, with colours on a terminal. */
export function prettyLines(colorize: boolean): (line: string) => string {
  // Loaded here, since it costs megabytes and a daemon in a pod never prints for people.
  const pretty: typeof PinoPretty = createRequire(import.meta.url)("pino-pretty");
  return pretty.prettyFactory({
    colorize,
    messageKey: "event",
    timestampKey: "time",
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
    // By default it prints these over several lines.
    errorLikeObjectKeys: [],
  });
}
