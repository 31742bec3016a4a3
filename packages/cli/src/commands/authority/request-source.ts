import { adoptChainOffline, createRequestOffline } from "@kasbah/ca-server/state";
import type { NewRequestMessage, SignedChainMessage } from "@kasbah/protocol";
import type { AuthorityStatusMessage } from "../../authority/admin-client.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type ActOptions, onRunningOrStopped, withStoppedNote } from "./stopped-ca.ts";

export function createRequest(at: ActOptions, deps: CommandDeps): Promise<NewRequestMessage> {
  return onRunningOrStopped(
    {
      running: (ca) => ca.createRequest(),
      stopped: (place, requester) => createRequestOffline(requester, place),
    },
    at,
    deps,
  );
}

export function adoptChain(
  signed: SignedChainMessage,
  at: ActOptions,
  deps: CommandDeps,
): Promise<AuthorityStatusMessage> {
  return onRunningOrStopped(
    {
      running: (ca) => ca.adoptChain(signed),
      stopped: async (place, requester) =>
        withStoppedNote(await adoptChainOffline(signed, requester, place), place),
    },
    at,
    deps,
  );
}
