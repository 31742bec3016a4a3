import { mkdir, readdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf, syncDirectory } from "@kasbah/runtime";
import { type LedgerDirectory, prepareLedgerDirectory } from "../ledger-directory.ts";

/** Next to the ledgers, but not one of them: it contains no segments. */
const folder = "evidence";

/**
 * Moves a ledger aside, into the form of a state directory that `kasbah audit --state-dir` reads, and begins an
 * empty one in its place. Returns where it is, relative to the directory of all ledgers.
 */
export async function moveAside(directory: LedgerDirectory, now: Date): Promise<string> {
  const ledgers = dirname(directory.path);
  const name = await freeName(ledgers, now.toISOString().replaceAll(/[-:.]/g, ""));
  const parent = join(ledgers, folder, name, "ledger");
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await rename(directory.path, join(parent, "0"));
  await syncDirectory(parent);
  await syncDirectory(ledgers);
  await prepareLedgerDirectory(ledgers);
  return `${folder}/${name}`;
}

/** The last ledger that was moved aside; "" if there is none. */
export async function lastEvidence(directory: LedgerDirectory): Promise<string> {
  const last = (await namesIn(join(dirname(directory.path), folder))).toSorted().at(-1);
  return last === undefined ? "" : `${folder}/${last}`;
}

async function freeName(ledgers: string, name: string): Promise<string> {
  const taken = await namesIn(join(ledgers, folder));
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? name : `${name}-${count}`;
    if (!taken.includes(candidate)) return candidate;
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  return readdir(path).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  });
}
