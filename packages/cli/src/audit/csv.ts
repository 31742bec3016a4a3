import type { Found, LedgerEntry } from "@kasbah/ledger";

/** The columns of an export, the same for all kinds of entries. Programs rely on their names and order. */
export const csvColumns = [
  ...["time", "kind", "slot", "index", "referenceId", "code", "spiffeId"],
  ...["serial", "fingerprint", "spkiHash", "notBefore", "notAfter", "authority", "rule"],
  ...["caller", "credential", "pod", "podUid", "node", "peerAddress"],
  ...["problem", "expected", "seen", "fix", "causes"],
  ...["act", "arguments", "outcome", "reason", "operatorUnverified", "stage", "from", "signs", "epoch"],
  // New columns are added at the end.
  "traceId",
] as const;

type Column = (typeof csvColumns)[number];
type Row = Partial<Record<Column, string | number | boolean | undefined>>;

export const csvHeader = lineOf([...csvColumns]);

/** One RFC 4180 line with the values in the order of the columns. */
export function csvLine(found: Found): string {
  const row: Row = { slot: found.slot, index: found.index, ...rowOf(found.entry) };
  return lineOf(csvColumns.map((column) => String(row[column] ?? "")));
}

function rowOf(entry: LedgerEntry): Row {
  if (entry.kind === "operator")
    return { ...entry, arguments: entry.arguments && JSON.stringify(entry.arguments) };
  if (entry.kind === "authority") return { ...entry };
  const { caller, ...rest } = entry;
  return {
    ...rest,
    code: entry.kind === "issued" ? "ISSUED" : entry.code,
    caller: caller?.spiffeId,
    credential: caller?.kind,
    pod: caller?.pod?.name,
    podUid: caller?.pod?.uid,
    node: caller?.node,
    ...(entry.kind === "refused" ? { causes: entry.causes?.join("; ") } : {}),
  } as Row;
}

function lineOf(fields: readonly string[]): string {
  return `${fields.map(field).join(",")}\r\n`;
}

/**
 * Spreadsheets run text that looks like a formula, no matter who wrote it; an apostrophe prevents that
 * (CWE-1236). In some languages, Excel also accepts full-width signs.
 */
function field(text: string): string {
  const harmless = /^[=+\-@\p{Cc}＝＋－＠]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
