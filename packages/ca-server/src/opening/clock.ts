import { type Logger, systemClock } from "@kasbah/runtime";
import { readBootId } from "../clock/boot-id.ts";
import { type CaClock, createClock } from "../clock/create-clock.ts";
import { clockBoundsOf } from "../config/clock.ts";
import type { ServerConfig } from "../config/config.ts";
import { apiTimeOf } from "../kubernetes/create-kubernetes.ts";
import type { StateDirectory } from "../store/state-directory.ts";

/** The clock of every room but the log, whose times are those of the machine. */
export async function openClock(
  { control: directory }: StateDirectory,
  config: ServerConfig,
  logger: Logger,
): Promise<CaClock> {
  const reference = apiTimeOf(config);
  const bounds = clockBoundsOf(config);
  const bootId = await readBootId();
  return createClock({ directory, bounds, bootId, reference, clock: systemClock, logger });
}
