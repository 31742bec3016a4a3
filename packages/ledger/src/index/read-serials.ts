import { LineSource } from "../segments/line-source.ts";
import { entryOf } from "../segments/read-entry.ts";
import type { AuditIndex } from "./audit-index.ts";

/** The serials of the certificates in some entries; undefined for those that cannot be read. */
export async function readSerials(
  index: Pick<AuditIndex, "placeOf"> | undefined,
  segments: string,
  indices: readonly number[],
): Promise<readonly (string | undefined)[]> {
  const lines = new LineSource(segments);
  const serials: (string | undefined)[] = [];
  try {
    // Looked up first, because the index may change while lines are read.
    for (const place of indices.map((each) => index?.placeOf(each))) {
      const line = place && (await lines.read(place));
      const entry = line && entryOf(line);
      serials.push(entry?.kind === "issued" ? entry.serial : undefined);
    }
  } finally {
    await lines.close();
  }
  return serials;
}
