import { stdout } from "node:process";
import { type Logger as Pino, pino, stdTimeFunctions } from "pino";
import { type LogFacts, printableFacts } from "./log-facts.ts";
import { LogSink, type LogStream } from "./log-sink.ts";
import { prettyLines } from "./pretty-lines.ts";
import { printableText } from "./printable-text.ts";

/** Writes events: a short constant sentence, and facts beside it. One event is one line. */
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
  /** Resolves when every line so far was written or lost, after a second at most; wait for it before exiting. */
  flush(): Promise<void>;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
/** `auto` is `pretty` on a terminal and `json` elsewhere. */
export type LogFormat = "auto" | "json" | "pretty";

/**
 * Creates a logger to `stream` (standard output if absent). Logging never blocks and never throws. Control and
 * bidirectional characters are escaped; errors show name, code, message and causes; `Secret`s, PEM blocks and JWTs
 * are redacted.
 */
export function createLogger(o: { level: LogLevel; format: LogFormat; stream?: LogStream }): RootLogger {
  const stream = o.stream ?? stdout;
  const isTerminal = stream.isTTY === true;
  const isPretty = o.format === "pretty" || (o.format === "auto" && isTerminal);
  const print = isPretty ? prettyLines(isTerminal) : (line: string) => line;
  const sink = new LogSink(stream, (dropped) => {
    logger.warn("log lines were dropped because nobody read them", { dropped });
  });
  const logger = new EventLogger(pino(pinoOptions(o.level), { write: (line) => sink.write(print(line)) }));
  return Object.assign(logger, { flush: () => sink.flush() });
}

function pinoOptions(level: LogLevel) {
  return {
    level,
    base: null,
    messageKey: "event",
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
}

class EventLogger implements Logger {
  readonly #pino: Pino;
  readonly #bound: LogFacts;

  constructor(pinoLogger: Pino, bound: LogFacts = {}) {
    this.#pino = pinoLogger;
    this.#bound = bound;
  }

  debug(event: string, facts?: LogFacts): void {
    this.#write("debug", event, facts);
  }

  info(event: string, facts?: LogFacts): void {
    this.#write("info", event, facts);
  }

  warn(event: string, facts?: LogFacts): void {
    this.#write("warn", event, facts);
  }

  error(event: string, facts?: LogFacts): void {
    this.#write("error", event, facts);
  }

  child(facts: LogFacts): Logger {
    // Not pino's own children: they would write a name twice where parent and child both have it.
    return new EventLogger(this.#pino, { ...this.#bound, ...printableFacts(facts) });
  }

  #write(level: "debug" | "info" | "warn" | "error", event: string, facts: LogFacts = {}): void {
    if (!this.#pino.isLevelEnabled(level)) return;
    this.#pino[level]({ ...this.#bound, ...printableFacts(facts) }, printableText(event));
  }
}
