import type { LogFacts, Logger } from "@kasbah/runtime";

export interface RecordedEvent {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly facts: LogFacts;
}

/** A logger that keeps all events, including those of its children. */
export interface RecordingLogger extends Logger {
  readonly events: readonly RecordedEvent[];
  /** The events with this message, in order. */
  named(event: string): readonly RecordedEvent[];
}

/** Creates a logger for assertions on logged events. */
export function recordingLogger(): RecordingLogger {
  const events: RecordedEvent[] = [];
  const logger = recorder(events, {});
  return { ...logger, events, named: (event) => events.filter((each) => each.event === event) };
}

function recorder(events: RecordedEvent[], bound: LogFacts): Logger {
  const record =
    (level: RecordedEvent["level"]) =>
    (event: string, facts: LogFacts = {}) => {
      events.push({ level, event, facts: { ...bound, ...facts } });
    };
  return {
    debug: record("debug"),
    info: record("info"),
    warn: record("warn"),
    error: record("error"),
    child: (facts) => recorder(events, { ...bound, ...facts }),
  };
}
