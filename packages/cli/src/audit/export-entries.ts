import type { Found, LedgerEntry } from "@kasbah/ledger";
import { CliError } from "../errors.ts";
import type { Screen } from "../output/screen.ts";
import { csvHeader, csvLine } from "./csv.ts";

export const exportFormats = ["jsonl", "csv"] as const;
export const entryKinds = ["issued", "refused", "operator", "authority"] as const;

export interface ExportOptions {
  readonly format: (typeof exportFormats)[number];
  /** All when undefined. */
  readonly kind: LedgerEntry["kind"] | undefined;
}

export interface ExportDeps {
  readonly screen: Pick<Screen, "write">;
  /** Resolves when the reader of the screen can take more. */
  drained(): Promise<void>;
  readonly signal: AbortSignal;
}

const chunkCharacters = 65_536;

/**
 * Writes entries as fast as they are read away, in constant memory; it ends quietly when nobody reads any more.
 *
 * @throws CliError `INTERRUPTED`: what is there is not all
 */
export async function exportEntries(
  entries: AsyncIterable<Found>,
  { format, kind }: ExportOptions,
  { screen, drained, signal }: ExportDeps,
): Promise<void> {
  let text = format === "csv" ? csvHeader : "";
  for await (const found of entries) {
    if (isClosed(signal)) return;
    signal.throwIfAborted();
    if (kind !== undefined && found.entry.kind !== kind) continue;
    // The bytes as they stand: whoever has the tree can prove them.
    text += format === "csv" ? csvLine(found) : `${found.line}\n`;
    if (text.length < chunkCharacters) continue;
    screen.write(text);
    text = "";
    await drained();
    if (isClosed(signal)) return;
    signal.throwIfAborted();
  }
  screen.write(text);
}

/** Whether whoever read the output has seen enough. */
export function isClosed({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof CliError && reason.code === "OUTPUT_CLOSED";
}
