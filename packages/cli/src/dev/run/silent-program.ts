import { connect } from "node:net";
import type { Clock } from "@kasbah/runtime";
import type { Listen } from "../settings/listen.ts";

const afterMs = 10_000;

/** Tells a beginner why every call fails: the program does not listen where `--listen` says. */
export async function hintAtSilentProgram(
  listen: readonly Listen[],
  say: (text: string) => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await clock.sleep(afterMs, signal).catch(() => undefined);
  for (const { appPort } of listen) {
    if (signal.aborted) return;
    if ((await accepts("127.0.0.1", appPort)) || (await accepts("::1", appPort))) continue;
    say(
      `nothing listens on port ${appPort} of this machine: let the program listen there, or correct --listen`,
    );
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 });
    const end = (isOpen: boolean) => {
      resolve(isOpen);
      socket.destroy();
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
