import type { Found, LedgerEntry } from "@kasbah/ledger";

/** The columns of an export, for all kinds of entries; programs rely on their names and their order. */
export const csvColumns = [
  ...["time", "kind", "slot", "index", "referenceId", "code", "spiffeId"],
  ...["serial", "fingerprint", "spkiHash", "notBefore", "notAfter", "authority", "rule"],
  ...["caller", "credential", "pod", "podUid", "node", "peerAddress"],
  ...["problem", "expected", "seen", "fix", "causes"],
  ...["act", "arguments", "outcome", "reason", "operatorUnverified", "stage", "from", "signs", "epoch"],
] as const;

type Column = (typeof csvColumns)[number];
type Row = Partial<Record<Column, string | number | boolean | undefined>>;

export const csvHeader = lineOf([...csvColumns]);

/** One line of RFC 4180, in the order of the columns. */
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
 * Spreadsheets run what begins like a formula, whoever wrote it: an apostrophe makes text of it (CWE-1236). Signs of full
 * width count for Excel in some languages.
 */
function field(text: string): string {
  const harmless = /^[=+\-@\p{Cc}＝＋－＠]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
