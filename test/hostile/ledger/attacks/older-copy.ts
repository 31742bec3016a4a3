import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { both, forgetControl, forgetTree, type Row, remove } from "./tools.ts";

/** Restores an older state. These rows need a copy that the attacker made. */
export const withOlderCopy = (older: () => string): readonly Row[] => [
  [
    "restores an older copy of the ledger",
    "lost",
    async (t) => {
      await remove(join(t.path, "ledger"));
      await cp(join(older(), "ledger"), join(t.path, "ledger"), { recursive: true });
    },
  ],
  [
    "restores an older checkpoint with its entries, and keeps the tiles",
    "lost",
    async (t) => {
      await cp(join(older(), "ledger/0/checkpoint"), t.directory.checkpoint);
      await remove(t.directory.segments);
      await cp(join(older(), "ledger/0/segments"), t.directory.segments, { recursive: true });
    },
  ],
  [
    "restores an older checkpoint only",
    "noted",
    (t) => cp(join(older(), "ledger/0/checkpoint"), t.directory.checkpoint),
  ],
  [
    "restores an older copy of the ledger, and deletes the control state",
    "noted",
    async (t) => {
      await remove(join(t.path, "ledger"));
      await cp(join(older(), "ledger"), join(t.path, "ledger"), { recursive: true });
      await forgetControl(t);
    },
  ],
  [
    "restores an older copy of the whole state directory",
    "kept",
    async (t) => {
      await remove(t.path);
      await cp(older(), t.path, { recursive: true });
    },
  ],
  [
    "deletes the ledger and the control state",
    "kept",
    both((t) => remove(join(t.path, "ledger")), forgetControl),
  ],
  [
    "replaces key, ledger and control state",
    "noted",
    both(
      (t) => t.forge(7),
      (t) => rm(t.directory.key),
      forgetTree,
      (t) => t.sign(),
      forgetControl,
    ),
  ],
];
