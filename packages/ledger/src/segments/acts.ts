import type { EntryLog } from "../ports.ts";

/** A log for acts, which uses the space that is reserved for them. */
export interface ActLog extends Pick<EntryLog, "append" | "writable"> {
  /** Must be called before an act that writes state. */
  makeRoom(): Promise<void>;
}

export function actsOf(log: EntryLog): ActLog {
  return {
    get writable() {
      return log.actsWritable;
    },
    append: (entry) => log.appendAct(entry),
    makeRoom: () => log.makeRoomForAct(),
  };
}
