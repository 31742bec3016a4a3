import { AgentError } from "../../errors.ts";

/**
 * Maximum consecutive unread responses: hours of rotations, or a client that sends requests and never reads.
 */
const maxUnread = 64;

/**
 * Sends responses until the client stops reading. Buffering for a stalled client would use memory without
 * limit, and a new stream gets the newest secret anyway. Throws CLIENT_TOO_SLOW.
 */
export function pacedSend<Response>(send: (response: Response) => boolean): (response: Response) => void {
  let unread = 0;
  return (response) => {
    unread = send(response) ? 0 : unread + 1;
    if (unread < maxUnread) return;
    throw new AgentError(
      "CLIENT_TOO_SLOW",
      `the client left ${unread} responses unread; open a new stream and read every response`,
    );
  };
}
