import type { LedgerLimit } from "@kasbah/ledger";
import { option, schema } from "@kasbah/runtime";

/** How long the ledger keeps its entries, and how much space it may take. */
export const ledgerSpaceOptions = {
  ledgerRetention: option({
    flag: "--ledger-retention <duration>",
    env: "KASBAH_LEDGER_RETENTION",
    help: "how long the ledger keeps its entries; older segments are deleted as a whole",
    schema: schema.duration,
    default: "365d",
    group: "Ledger",
  }),
  ledgerMaxBytes: option({
    flag: "--ledger-max-bytes <bytes>",
    env: "KASBAH_LEDGER_MAX_BYTES",
    help: "most space that the ledger may take, such as 800Mi; beyond it, the oldest entries are deleted. auto means all of the volume but 5 %; 0 means no limit, and a full volume stops the CA",
    schema: schema.parsed(parseLedgerLimit, "bytes, 0 or auto"),
    default: "auto",
    group: "Ledger",
  }),
};

const units: Readonly<Record<string, number>> = { "": 1, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };
/** Less could not hold a few segments, their index and the log of unauthenticated callers. */
const leastBytes = 64 * 1024 ** 2;

function parseLedgerLimit(text: string): LedgerLimit {
  if (text === "auto") return "auto";
  if (text === "0") return "unlimited";
  const [, digits = "", unit = ""] = /^(\d{1,15})(Ki|Mi|Gi)?$/.exec(text) ?? [];
  const bytes = Number(digits) * (units[unit] ?? 0);
  if (digits !== "" && bytes >= leastBytes && Number.isSafeInteger(bytes)) return bytes;
  throw new Error("expected auto, 0, or at least 64Mi, such as 800Mi, 2Gi or a number of bytes");
}
