import { join } from "node:path";
import type { DurableFs } from "@kasbah/runtime";
import { StateError } from "../../errors.ts";
import { DurableSlot, type SlotContent } from "../embedded.ts";
import type { ControlDocument } from "./document.ts";

/** The two files of a control state: the first for even generations, the second for odd ones. */
export type Slots = readonly [DurableSlot, DurableSlot];

export function createSlots(directory: string, fs?: DurableFs): Slots {
  const slotAt = (index: number) => new DurableSlot(join(directory, `state-${index}.json`), fs);
  return [slotAt(0), slotAt(1)];
}

export function slotOf(slots: Slots, generation: number): DurableSlot {
  return generation % 2 === 0 ? slots[0] : slots[1];
}

/** The valid document with the highest generation; undefined if both are damaged or missing. */
export function newestOf(found: readonly SlotContent[]): ControlDocument | undefined {
  const sound = found.flatMap((slot) => (slot.kind === "sound" ? [slot.document] : []));
  return sound.sort((a, b) => b.generation - a.generation)[0];
}

/** Whether the directory contains a control state, valid or damaged. */
export async function holdsControlState(directory: string): Promise<boolean> {
  const found = await Promise.all(createSlots(directory).map((slot) => slot.look()));
  return found.some(({ kind }) => kind !== "missing");
}

/**
 * Reads the last valid state without changing anything, even while another process owns it.
 *
 * @throws StateError `STATE_MISSING`, `STATE_DAMAGED`
 */
export async function readControlState(directory: string): Promise<unknown> {
  const found = await Promise.all(createSlots(directory).map((slot) => slot.look()));
  const newest = newestOf(found);
  if (newest !== undefined) return newest.state;
  if (found.every(({ kind }) => kind === "missing")) {
    throw new StateError(
      "STATE_MISSING",
      `${directory} contains no control state: it is not the state directory of a CA`,
    );
  }
  throw new StateError(
    "STATE_DAMAGED",
    `every generation in ${directory} is damaged: follow docs/runbooks/lost-state.md`,
  );
}
