import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";

/** Where the output of a child goes: appended to a file of mode 0600, or to a function that shows it. */
export type LogTarget = { readonly logFile: string } | { readonly onOutput: TakeOutput };

export type TakeOutput = (text: string, stream: "stdout" | "stderr") => void;

/** The output of a child, for the message about its failure. */
export interface ChildLog {
  /** `its log /tmp/ca.log`, or `its output`. */
  readonly name: string;
  /** The end of it. */
  end(): Promise<string>;
}

/** The log of a child that is about to start. */
interface OpenLog {
  readonly log: ChildLog;
  readonly stdio: readonly [number | "pipe", number | "pipe"];
  /** Connects the started child. */
  attach(child: ChildProcess): void;
  /** Resolves once the output of a child that has ended is complete. */
  drained(): Promise<void>;
}

const keptCharacters = 4000;
/** A program that the child has left behind may keep the pipes open. */
const drainWithinMs = 300;

export function createLog(target: LogTarget): OpenLog {
  return "logFile" in target ? fileLog(target.logFile) : shownLog(target.onOutput);
}

function fileLog(path: string): OpenLog {
  const descriptor = openSync(path, "a", 0o600);
  return {
    log: { name: `its log ${path}`, end: () => readFile(path, "utf8").catch(() => "") },
    stdio: [descriptor, descriptor],
    attach: () => closeSync(descriptor),
    drained: async () => {},
  };
}

function shownLog(onOutput: TakeOutput): OpenLog {
  let kept = "";
  let closed: Promise<unknown> = Promise.resolve();
  let streams: readonly (Readable | null)[] = [];
  const take: TakeOutput = (text, stream) => {
    kept = `${kept}${text}`.slice(-keptCharacters);
    onOutput(text, stream);
  };
  return {
    log: { name: "its output", end: async () => kept },
    stdio: ["pipe", "pipe"],
    attach: (child) => {
      child.stdout?.setEncoding("utf8").on("data", (text: string) => take(text, "stdout"));
      child.stderr?.setEncoding("utf8").on("data", (text: string) => take(text, "stderr"));
      streams = [child.stdout, child.stderr];
      // A child that could not start closes nothing.
      closed = once(child, "close").catch(() => {});
    },
    drained: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, drainWithinMs);
      });
      await Promise.race([closed, late]).finally(() => clearTimeout(timer));
      // Open pipes would keep our process alive.
      for (const stream of streams) stream?.destroy();
    },
  };
}
