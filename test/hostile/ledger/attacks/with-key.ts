import { mkdir, rm, truncate } from "node:fs/promises";
import { entryLine } from "@kasbah/testkit/ledger";
import { both, forgetControl, forgetTree, pruning, type Row, remove } from "./tools.ts";

/** Manipulations by someone who has the ledger's key as well. */
export const withKey: readonly Row[] = [
  [
    "rewrites an old entry and signs everything again",
    "lost",
    both(
      (t) => t.forge(7),
      forgetTree,
      (t) => t.sign(),
    ),
  ],
  [
    "rewrites the last anchored entry and signs everything again",
    "lost",
    both(
      (t) => t.forge(1_300),
      forgetTree,
      (t) => t.sign(),
    ),
  ],
  [
    "removes an entry and signs everything again",
    "lost",
    both(
      (t) => t.rewrite(700, (lines, at) => lines.splice(at, 1, ...lines.slice(at + 1, at + 2))),
      forgetTree,
      (t) => t.sign(),
    ),
  ],
  [
    "cuts the tail and signs the rest",
    "lost",
    both(
      (t) => truncate(t.segment(1_299), 2_000),
      forgetTree,
      (t) => t.sign(),
    ),
  ],
  [
    "swaps two entries and signs everything again",
    "lost",
    both(
      (t) => t.rewrite(300, (lines, at) => lines.splice(at, 2, lines[at + 1] ?? "", lines[at] ?? "")),
      forgetTree,
      (t) => t.sign(),
    ),
  ],
  [
    "begins an empty ledger with the key",
    "lost",
    both(
      (t) => remove(t.directory.segments),
      forgetTree,
      (t) => mkdir(t.directory.segments),
      (t) => t.sign(),
    ),
  ],
  [
    "rewrites an old entry, signs it, and deletes the control state",
    "noted",
    both(
      (t) => t.forge(7),
      forgetTree,
      (t) => t.sign(),
      forgetControl,
    ),
  ],
  [
    "cuts the tail, signs the rest, and deletes the control state",
    "kept",
    both(
      (t) => truncate(t.segment(1_299), 2_000),
      forgetTree,
      (t) => t.sign(),
      forgetControl,
    ),
  ],
  [
    "drops the past with an entry that retention removed it",
    "noted",
    both(
      (t) => t.append(pruning),
      (t) => t.sign(),
      (t) => rm(t.segment(0)),
    ),
  ],
  [
    "adds an entry that the CA never wrote",
    "forged",
    both(
      (t) => t.append(entryLine(8_000).trimEnd()),
      (t) => t.sign(),
    ),
  ],
  [
    "begins an empty ledger with the key, and deletes the control state",
    "kept",
    both(
      (t) => remove(t.directory.segments),
      forgetTree,
      (t) => mkdir(t.directory.segments),
      (t) => t.sign(),
      forgetControl,
    ),
  ],
];
