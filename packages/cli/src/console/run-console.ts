import { type Clock, delay, type LogStream } from "@kasbah/runtime";
import type { Screen } from "../output/screen.ts";
import type { ConsoleAnswers } from "./answers/console-answers.ts";
import { createDataApi } from "./answers/data-api.ts";
import { loadAssets } from "./server/assets.ts";
import { handleRequest } from "./server/handle-request.ts";
import { type Handle, serveConsole } from "./server/serve-console.ts";
import { Sessions } from "./server/sessions.ts";

export interface ConsoleRun {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly answers: ConsoleAnswers;
  /** How long an answer serves every tab. */
  readonly maxAgeMs: number;
  /** The directory of the page's files. */
  readonly directory: string;
  /** Opens the link with a browser; undefined if the operator does. */
  readonly openLink: ((link: string) => Promise<StartedBrowser>) | undefined;
  readonly screen: Pick<Screen, "write">;
  readonly stderr: LogStream;
  readonly clock: Clock;
  readonly newSecret: () => string;
  readonly signal: AbortSignal;
}

interface StartedBrowser {
  /** Why none was started. */
  readonly problem: string | undefined;
  forget(): Promise<void>;
}

/** A console that no browser asks for this long has been forgotten. */
const idleMs = 12 * 3_600_000;

/** Serves the page until `signal` aborts, or no browser has asked for {@link idleMs}. @throws CliError */
export async function runConsole(run: ConsoleRun): Promise<void> {
  const { clock, signal, stderr, screen } = run;
  const assets = await loadAssets(run.directory);
  const answerData = createDataApi(run.answers, run);
  let [link, usedMs] = ["", clock.monotonicMs()];
  const onUse = () => {
    usedMs = clock.monotonicMs();
  };
  const createHandler = (port: number): Handle => {
    const sessions = new Sessions({ newSecret: run.newSecret, port });
    link = `http://127.0.0.1:${port}/#${sessions.createLink()}`;
    const onOpened = () => {
      onUse();
      stderr.write("kasbah: a browser opened the link, which is now used\n");
    };
    return (request, keep) => {
      const onAnswer = () => {
        onUse();
        keep();
      };
      return handleRequest(request, { port, sessions, assets, answerData, onUse: onAnswer, onOpened });
    };
  };
  const server = await serveConsole(run.port, createHandler, (text) => void stderr.write(text));
  screen.write(`${link}\n`);
  stderr.write(hints(server.port));
  const browser = await run.openLink?.(link);
  if (browser?.problem !== undefined)
    stderr.write(`kasbah: cannot start a browser (${browser.problem}): open the link yourself\n`);
  try {
    await untilIdle(() => usedMs, clock, signal);
  } finally {
    await Promise.all([server.close(), browser?.forget()]);
  }
}

async function untilIdle(usedMs: () => number, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    const leftMs = usedMs() + idleMs - clock.monotonicMs();
    if (leftMs <= 0 || signal.aborted) return;
    await delay(clock, leftMs, signal);
  }
}

function hints(port: number): string {
  return [
    "kasbah: the link works once, for one browser; Ctrl-C ends the console",
    `kasbah: from another machine, first: ssh -L ${port}:127.0.0.1:${port} THIS-MACHINE`,
    "",
  ].join("\n");
}
