import type { Found, LedgerEntry } from "@kasbah/ledger";
import { CliError } from "../errors.ts";
import type { Screen } from "../output/screen.ts";
import { csvHeader, csvLine } from "./csv.ts";

export const exportFormats = ["jsonl", "csv"] as const;
export const entryKinds = ["issued", "refused", "operator", "authority"] as const;

export interface ExportOptions {
  readonly format: (typeof exportFormats)[number];
  /** All kinds if undefined. */
  readonly kind: LedgerEntry["kind"] | undefined;
}

export interface ExportDeps {
  readonly screen: Pick<Screen, "write">;
  /** Resolves once the reader of the screen can accept more. */
  drained(): Promise<void>;
  readonly signal: AbortSignal;
}

const chunkCharacters = 65_536;

/**
 * Writes entries only as fast as the reader accepts them, in constant memory. Returns silently if the reader
 * closes the pipe.
 *
 * @throws CliError `INTERRUPTED` if the output is incomplete
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
    // The original bytes, so that anyone with the tree can verify them.
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

/** Whether the reader of the output closed the pipe. */
function isClosed({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof CliError && reason.code === "OUTPUT_CLOSED";
}
