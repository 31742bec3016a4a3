import { OperationError } from "../errors.ts";
import type { MovedState } from "./move-state.ts";
import type { OpenedOwner } from "./open-owner.ts";

/** Moves the CA of this process to its Secret or to its state directory, if this replica leads. */
export function createMover(
  { owner, directory, secret }: Pick<OpenedOwner, "owner" | "directory" | "secret">,
  leads: () => boolean,
): (to: "secret" | "directory") => Promise<MovedState> {
  return async (to) => {
    if (secret === undefined) {
      throw new OperationError(
        "this CA was started without a Secret: set --state-secret (ca.stateSecret in the chart) and restart it; it continues on its state directory until it is moved",
      );
    }
    const destination = to === "secret" ? secret : directory;
    if (owner.placeName === destination.place.name)
      throw new OperationError(`the CA already is in ${destination.place.name}`);
    if (!leads()) {
      throw new OperationError("this replica does not lead: run the command at the replica that leads");
    }
    return owner.move(destination);
  };
}
