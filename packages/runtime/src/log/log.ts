import { stdout } from "node:process";
import { systemClock } from "../clock.ts";
import { type LogFacts, printableFacts } from "./facts.ts";
import { jsonLine, type LogLine, prettyLines } from "./line.ts";
import { printableText } from "./printable-text.ts";
import { LogSink, type LogStream } from "./sink.ts";

/** Writes events: a short constant sentence with facts. Each event is one line. */
export interface Logger {
  debug(event: string, facts?: LogFacts): void;
  info(event: string, facts?: LogFacts): void;
  warn(event: string, facts?: LogFacts): void;
  error(event: string, facts?: LogFacts): void;
  /** A logger that adds these facts to each event. */
  child(facts: LogFacts): Logger;
}

/** The logger of a whole process, which owns the stream. */
export interface RootLogger extends Logger {
  /**
   * Resolves when every earlier line is written or lost, after at most a second. Await it before the process
   * exits.
   */
  flush(): Promise<void>;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
/** `auto` is `pretty` on a terminal and `json` elsewhere. */
export type LogFormat = "auto" | "json" | "pretty";

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly stream?: LogStream;
}

/**
 * Creates a logger that writes to `stream` (standard output by default). Logging never blocks and never
 * throws. Control and bidirectional characters are escaped; errors print name, code, message and causes;
 * `Secret`s, PEM blocks and JWTs are redacted.
 */
export function createLogger({ level, format, stream = stdout }: LoggerOptions): RootLogger {
  const isTerminal = stream.isTTY === true;
  const isPretty = format === "pretty" || (format === "auto" && isTerminal);
  const print = isPretty ? prettyLines(isTerminal) : jsonLine;
  const sink = new LogSink(stream, (dropped) => {
    logger.warn("log lines were dropped because the reader is too slow", { dropped });
  });
  const logger = new EventLogger(level, (line) => {
    sink.write(print(line));
    // The process may end before this turn does.
    if (severities[line.level] >= severities.warn) sink.send();
  });
  return Object.assign(logger, { flush: () => sink.flush() });
}

const severities = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const;

class EventLogger implements Logger {
  readonly #least: LogLevel;
  readonly #write: (line: LogLine) => void;
  readonly #bound: LogFacts;
  readonly #isUnbound: boolean;

  constructor(least: LogLevel, write: (line: LogLine) => void, bound: LogFacts = {}) {
    this.#least = least;
    this.#write = write;
    this.#bound = bound;
    this.#isUnbound = Object.keys(bound).length === 0;
  }

  debug(event: string, facts?: LogFacts): void {
    this.#log("debug", event, facts);
  }

  info(event: string, facts?: LogFacts): void {
    this.#log("info", event, facts);
  }

  warn(event: string, facts?: LogFacts): void {
    this.#log("warn", event, facts);
  }

  error(event: string, facts?: LogFacts): void {
    this.#log("error", event, facts);
  }

  child(facts: LogFacts): Logger {
    return new EventLogger(this.#least, this.#write, { ...this.#bound, ...printableFacts(facts) });
  }

  #log(level: LogLine["level"], event: string, facts: LogFacts = {}): void {
    if (severities[level] < severities[this.#least]) return;
    this.#write({
      level,
      time: systemClock.now(),
      event: printableText(event),
      facts: this.#isUnbound ? printableFacts(facts) : { ...this.#bound, ...printableFacts(facts) },
    });
  }
}
