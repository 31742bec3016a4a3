interface Part {
  readonly type: string;
  readonly value: string;
}

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/**
 * The parts of an instant in UTC, for node-cron, which asks `Intl` for them. The tables for all languages and
 * zones of `Intl` would take a seventh of the agent's memory, and a sweep every ten seconds is the same in
 * every zone.
 */
export class UtcDateTimeFormat {
  readonly #namesZone: boolean;

  constructor(_locale: string, options: Intl.DateTimeFormatOptions = {}) {
    this.#namesZone = options.timeZoneName !== undefined;
  }

  formatToParts(date: Date): readonly Part[] {
    if (this.#namesZone) return [{ type: "timeZoneName", value: "GMT" }];
    return [
      { type: "weekday", value: weekdays[date.getUTCDay()] ?? "" },
      part("month", date.getUTCMonth() + 1),
      part("day", date.getUTCDate()),
      { type: "year", value: String(date.getUTCFullYear()) },
      part("hour", date.getUTCHours()),
      part("minute", date.getUTCMinutes()),
      part("second", date.getUTCSeconds()),
    ];
  }
}

function part(type: string, value: number): Part {
  return { type, value: String(value).padStart(2, "0") };
}
