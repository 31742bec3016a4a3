/** One event, already safe to print. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly time: Date;
  readonly event: string;
  /** Plain JSON values. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export type Printer = (line: LogLine) => string;

/** One line of JSON: level, time, the facts, and the event last. */
export function jsonLine({ level, time, event, facts }: LogLine): string {
  // The facts are inserted as text, because an object would move numeric names to its front.
  const inner = JSON.stringify(facts).slice(1, -1);
  const middle = inner === "" ? "" : `${inner},`;
  return `{"level":"${level}","time":"${time.toISOString()}",${middle}"event":${JSON.stringify(event)}}\n`;
}

const colours = { debug: 34, info: 32, warn: 33, error: 31, event: 36, facts: 90 } as const;

/** Returns a printer of lines for people, with the local time, and with colors on a terminal. */
export function prettyLines(inColour: boolean): Printer {
  const paint = (text: string, as: keyof typeof colours) =>
    inColour ? `\u001b[${colours[as]}m${text}\u001b[39m` : text;
  return ({ level, time, event, facts }) => {
    const shown = JSON.stringify(facts);
    const head = `[${timeOfDay(time)}] ${paint(level.toUpperCase(), level)}: ${paint(event, "event")}`;
    return `${head}${shown === "{}" ? "" : ` ${paint(shown, "facts")}`}\n`;
  };
}

function timeOfDay(time: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
  return `${clock}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}
