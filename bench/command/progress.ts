/** Shows how far a run is: a bar that is redrawn on a terminal, a line for each suite elsewhere. */
export interface Progress {
  /** Suite `index` of `count` is done up to `share`. */
  show(suite: string, index: number, count: number, share: number, text: string): void;
  /** A line that stays. */
  say(text: string): void;
  end(): void;
}

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const barWidth = 24;
const clearLine = "\r\x1b[K";

export function createProgress(terminal: Terminal): Progress {
  let shown = "";
  const isBar = terminal.isTTY === true;
  return {
    show(suite, index, count, share, text) {
      const total = (index + Math.min(share, 1)) / count;
      const filled = Math.round(total * barWidth);
      const bar = `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
      const line = `${bar} ${String(Math.floor(total * 100)).padStart(3)} %  ${suite}: ${text}`;
      if (isBar) terminal.write(`${clearLine}${line.slice(0, (terminal.columns ?? 80) - 1)}`);
      else if (shown !== suite) terminal.write(`bench: ${suite} (${index + 1} of ${count})\n`);
      shown = suite;
    },
    say(text) {
      terminal.write(`${isBar ? clearLine : ""}bench: ${text}\n`);
    },
    end() {
      if (isBar) terminal.write(clearLine);
    },
  };
}
