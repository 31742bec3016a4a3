import type { EntryLog } from "../ports.ts";

/** The log for acts, which uses the space that is reserved for them. */
export function actsOf(log: EntryLog): Pick<EntryLog, "append" | "writable"> {
  return {
    get writable() {
      return log.actsWritable;
    },
    append: (entry) => log.appendAct(entry),
  };
}
