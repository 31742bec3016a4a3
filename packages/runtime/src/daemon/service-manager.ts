import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Logger } from "../log/log.ts";

/** How long systemd may take to answer. */
const withinMs = 10_000;

/**
 * Reports to systemd that the daemon has started. Node cannot send to this socket (a Unix datagram socket), so
 * systemd's own program does. If that fails, systemd waits until the start timeout of the unit, hence the warning.
 */
export async function reportStarted(
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Promise<void> {
  const { PATH, NOTIFY_SOCKET } = environment;
  try {
    const env = { PATH, NOTIFY_SOCKET };
    await promisify(execFile)("systemd-notify", ["--ready"], { env, timeout: withinMs });
  } catch (error) {
    logger.warn("cannot report the start to systemd", { error });
  }
}
