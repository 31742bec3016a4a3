import type { TakeOutput } from "../../mesh/processes/child-log.ts";

/** Where the lines of all parts go. */
export interface OutputTargets {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly colour: boolean;
}

const colours = [36, 33, 35, 34, 32];

/**
 * Shows the output of several programs with the name of each before its lines. Text appears at once, so that a
 * prompt without a line feed is seen; a part that interrupts an open line begins a new one.
 */
export class OutputLines {
  readonly #targets: OutputTargets;
  readonly #width: number;
  readonly #parts: readonly string[];
  readonly #muted = new Set<string>();
  /** The part that has written a line without its line feed. */
  #open: string | undefined;

  constructor(parts: readonly string[], targets: OutputTargets) {
    this.#parts = parts;
    this.#targets = targets;
    this.#width = Math.max(...parts.map(({ length }) => length));
  }

  /** Takes the output of one part. */
  takeFrom(part: string): TakeOutput {
    const prefix = this.#prefixOf(part);
    return (text, stream) => {
      if (text !== "" && !this.#muted.has(part))
        this.#targets[stream](this.#withPrefixes(part, prefix, text));
    };
  }

  /** Shows nothing more of these parts: how they end when they are stopped concerns no one. */
  mute(...parts: readonly string[]): void {
    for (const part of parts) this.#muted.add(part);
  }

  #withPrefixes(part: string, prefix: string, text: string): string {
    const breaks = this.#open !== undefined && this.#open !== part ? "\n" : "";
    const continues = this.#open === part;
    this.#open = text.endsWith("\n") ? undefined : part;
    const body = text.endsWith("\n") ? text.slice(0, -1) : text;
    const lines = body.split("\n").map((line, i) => (i === 0 && continues ? line : `${prefix}${line}`));
    return `${breaks}${lines.join("\n")}${text.endsWith("\n") ? "\n" : ""}`;
  }

  #prefixOf(part: string): string {
    const name = `${part.padEnd(this.#width)} | `;
    const colour = colours[Math.max(this.#parts.indexOf(part), 0) % colours.length];
    return this.#targets.colour ? `\u001b[${colour}m${name}\u001b[0m` : name;
  }
}
