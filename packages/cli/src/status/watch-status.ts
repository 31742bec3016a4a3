import { type Clock, delay, printableText } from "@kasbah/runtime";
import { CliError } from "../errors.ts";
import { plainTime } from "../output/relative-time.ts";
import type { Screen } from "../output/screen.ts";
import type { StatusReport } from "./report.ts";

export interface WatchDeps {
  readonly read: () => Promise<StatusReport>;
  readonly render: (report: StatusReport) => string;
  readonly everyMs: number;
  readonly screen: Screen;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const toTop = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";
const clearScreen = "\u001b[2J";

/**
 * Shows the report again and again until the signal, in place on a terminal. What cannot be determined now may be known
 * again after the CA has restarted.
 */
export async function watchStatus({
  read,
  render,
  everyMs,
  screen,
  clock,
  signal,
}: WatchDeps): Promise<void> {
  if (screen.interactive) screen.write(clearScreen);
  while (!signal.aborted) {
    const text = await read().then(render, (error: unknown) => {
      if (signal.aborted) return undefined;
      if (error instanceof CliError) return `${plainTime(clock.now())}  ${unknownText(error)}`;
      throw error;
    });
    if (text === undefined) return;
    screen.write(screen.interactive ? inPlace(text) : text);
    await delay(clock, everyMs, signal);
  }
}

/** The line of a report that cannot be made. */
function unknownText({ code, message }: CliError): string {
  return `cannot be determined: ${printableText(message)} (${code})\n`;
}

function inPlace(text: string): string {
  return `${toTop}${text.replaceAll("\n", `${clearLine}\n`)}${clearBelow}`;
}
