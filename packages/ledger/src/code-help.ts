import type { CodeHelp } from "@kasbah/runtime";
import type { LedgerErrorCode } from "./errors.ts";

const ofLedger = { section: "Ledger and proofs", exit: 1 } as const;

/** The CA's refusals explain `LEDGER_UNAVAILABLE`. */
export const ledgerCodeHelp = {
  LEDGER_DAMAGED: {
    ...ofLedger,
    level: "error",
    cause:
      "entries, tiles and checkpoint of a ledger contradict each other, or its key is missing; the message says where. The CA does not start, because each further signature would vouch for the damage",
    fix: "[`kasbah audit verify`](audit.md) names the first affected entry; restore the directory from a backup, or move `ledger/0` aside for the auditors: the CA then starts a new ledger and reports `LEDGER_LOST` until an operator accepts it",
  },
  STATE_MISSING: {
    ...ofLedger,
    cause: "a command of `kasbah audit` found no ledger in the directory",
    fix: "name the CA's directory with `--state-dir`",
  },
  NOTE_MALFORMED: {
    ...ofLedger,
    cause: "a signed note, or a key to verify one, is malformed",
    fix: "use the complete, unedited file or key",
  },
  NOTE_UNVERIFIED: {
    ...ofLedger,
    cause: "a note is not signed by the trusted key, or was changed afterwards",
    fix: "do not trust it; ask its sender for the right one, and check the key",
  },
  CHECKPOINT_INVALID: {
    ...ofLedger,
    cause: "the signed text is not a checkpoint, or it is a checkpoint of another log",
    fix: "compare the log's name with the key's",
  },
  PROOF_MALFORMED: { ...ofLedger, cause: "a proof file is malformed", fix: "use the unedited file" },
  PROOF_INVALID: {
    ...ofLedger,
    cause:
      "the entry is not at the position in the log that the proof states, or the proof is for another key",
    fix: "do not trust the entry",
  },
} satisfies Record<Exclude<LedgerErrorCode, "LEDGER_UNAVAILABLE">, CodeHelp>;
