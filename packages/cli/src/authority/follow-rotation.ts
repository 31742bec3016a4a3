import type { AuthorityStatusMessage } from "@kasbah/protocol";
import { type Clock, printableText } from "@kasbah/runtime";
import { CliError } from "../errors.ts";
import { plainTime } from "../output/relative-time.ts";

/** A rotation takes days, during which the CA may be restarted. */
const patienceMs = 120_000;

export interface FollowDeps {
  /** Interval between two queries. */
  readonly everyMs: number;
  readonly read: () => Promise<AuthorityStatusMessage>;
  readonly write: (text: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Prints each stage as it begins, until the rotation is complete. The signal does not stop the rotation.
 * @throws CliError `ROTATION_ABORTED`; or the error of `read`, if it stays `ADMIN_UNREACHABLE` for two
 * minutes
 */
export async function followRotation(
  first: AuthorityStatusMessage,
  follower: FollowDeps,
): Promise<AuthorityStatusMessage> {
  const successor = first.rotation?.to;
  let status = first;
  let shown = "";
  while (status.rotation !== undefined && status.rotation.to === successor) {
    const { stage, since, to, earliest } = status.rotation;
    const until = earliest === undefined ? "" : `, until at least ${plainTime(earliest)}`;
    const line = `${printableText(`${plainTime(since)}  ${to} ${stage}${until}`)}\n`;
    if (line !== shown) follower.write(line);
    shown = line;
    status = await nextStatus(follower);
  }
  if (successor !== undefined) refuseAborted(status, successor);
  follower.write("rotation complete\n");
  return status;
}

/** The next rotation may already have started, in which case the successor is active or retiring. */
function refuseAborted({ rotation, authorities }: AuthorityStatusMessage, successor: string): void {
  const stage = authorities.find(({ id }) => id === successor)?.stage ?? "retired";
  const isReplaced = stage === "retiring" && rotation?.aborted === false;
  if (stage === "active" || isReplaced) return;
  throw new CliError("ROTATION_ABORTED", `the rotation was aborted: ${successor} is ${stage}`);
}

async function nextStatus({
  read,
  write,
  clock,
  signal,
  everyMs,
}: FollowDeps): Promise<AuthorityStatusMessage> {
  const giveUpAtMs = clock.monotonicMs() + patienceMs;
  for (let isKnown = false; ; isKnown = true) {
    await clock.sleep(everyMs, signal);
    try {
      return await read();
    } catch (error) {
      const isAway = error instanceof CliError && error.code === "ADMIN_UNREACHABLE";
      if (!isAway || clock.monotonicMs() > giveUpAtMs) throw error;
      if (!isKnown) write("the CA does not answer; it resumes the rotation after it restarts\n");
    }
  }
}
