import { StateError } from "../errors.ts";
import { createDocument, parseDocument } from "../store/control/document.ts";

/** The files that mark a place which does not own the CA that it contains. */
export const arrivingMark = "arriving.json";
export const movedMark = "moved.json";

/** The other place of a move, and the control state at that time. */
export interface Mark {
  readonly place: string;
  readonly state: unknown;
  /** Continues the count of writes, so that a watcher recognizes the next owner's state as newer. */
  readonly generation: number;
}

export function encodeMark({ place, state, generation }: Mark): string {
  return JSON.stringify(createDocument(generation, { place, state }));
}

/** @throws StateError `STATE_DAMAGED` */
export function parseMark(text: string, path: string): Mark {
  const document = parseDocument(text, path);
  const content = document?.state;
  if (document !== undefined && isMark(content)) return { ...content, generation: document.generation };
  throw new StateError("STATE_DAMAGED", `${path} is damaged: restore it from a backup`);
}

function isMark(value: unknown): value is Pick<Mark, "place" | "state"> {
  return (
    typeof value === "object" &&
    value !== null &&
    "place" in value &&
    typeof value.place === "string" &&
    "state" in value
  );
}
