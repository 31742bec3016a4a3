import { untilSeen } from "@kasbah/testkit";
import { LoggedProcess } from "../../../harness/logged-process.ts";
import { patienceMs } from "../../../harness/until.ts";

/** Runs a command to its end; the exit code of one that hangs is null. */
export async function runCommand(
  title: string,
  command: readonly string[],
): Promise<{ readonly code: number | null; readonly log: string }> {
  const running = new LoggedProcess({ title, command });
  try {
    await untilSeen(`end of ${title}`, patienceMs, () => (running.hasExited ? true : undefined));
  } catch {
    await running.kill();
    return { code: null, log: `${title} hangs: ${running.log}` };
  }
  const { code } = await running.exited;
  return { code, log: running.log };
}
