import type { AuthorityStatusMessage } from "@kasbah/protocol";
import type { Clock } from "@kasbah/runtime";
import { CliError } from "../errors.ts";
import { plainTime } from "./relative-time.ts";

const everyMs = 1000;

/** Prints each stage as it begins, until no rotation is under way. Aborting the signal leaves the rotation running. Throws CliError `ROTATION_ABORTED`. */
export async function followRotation(
  first: AuthorityStatusMessage,
  world: {
    readonly read: () => Promise<AuthorityStatusMessage>;
    readonly write: (text: string) => void;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): Promise<AuthorityStatusMessage> {
  let status = first;
  let shown = "";
  while (status.rotation !== undefined) {
    const { stage, since, to, earliest } = status.rotation;
    const until = earliest === undefined ? "" : `, until ${plainTime(earliest)} at the earliest`;
    const line = `${plainTime(since)}  ${to} ${stage}${until}\n`;
    if (line !== shown) world.write(line);
    shown = line;
    await world.clock.sleep(everyMs, world.signal);
    status = await world.read();
  }
  const successor = status.authorities.find(({ id }) => id === first.rotation?.to);
  if (successor !== undefined && successor.stage !== "active") {
    throw new CliError("ROTATION_ABORTED", `the rotation was aborted: ${successor.id} is ${successor.stage}`);
  }
  world.write("the rotation is done\n");
  return status;
}
