import { AgentError } from "../../errors.ts";

/** Responses in a row that may go out to a client that reads none: rotations of hours, or a client that only asks. */
const maxUnread = 64;

/**
 * Sends to a client for as long as it reads. One that has stopped would make us keep every response for it: it is
 * better off with a new stream and the newest secret. Throws CLIENT_TOO_SLOW.
 */
export function pacedSend<Response>(send: (response: Response) => boolean): (response: Response) => void {
  let unread = 0;
  return (response) => {
    unread = send(response) ? 0 : unread + 1;
    if (unread < maxUnread) return;
    throw new AgentError(
      "CLIENT_TOO_SLOW",
      `${unread} responses were not read; open a new stream, and read what it brings`,
    );
  };
}
