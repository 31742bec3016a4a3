import { AuditIndex, ledgerDirectoryAt, openLedgerForReading } from "@kasbah/ledger";
import { memoryOf } from "../machine/process-figures.ts";
import { msOf } from "./ms-of.ts";
import { nameOf, timeOf } from "./write-ledger.ts";

/** The cost of queries on an existing index. */
export interface AskFigures {
  readonly openMs: number;
  readonly whoMs: number;
  readonly serialMs: number;
  /** The growth of the process's memory, its JavaScript heap included. */
  readonly moreMib: number;
}

const [stateDirectory = "", sizeText = "0"] = process.argv.slice(2);
const { index: path } = ledgerDirectoryAt(`${stateDirectory}/ledger`);
const before = memoryOf(process.pid).anonymousMib;
const openMs = await msOf(async () => AuditIndex.open(path).close());
const reader = await openLedgerForReading(stateDirectory);
const middle = timeOf(Number(sizeText) / 2);
const whoMs = await msOf(() => reader.who(nameOf(7), middle, 20));
const serialMs = await msOf(() => reader.certificate({ serial: "0".repeat(32) }));
for (let name = 0; name < 1_000; name += 1) await reader.who(nameOf(name), middle, 20);
const moreMib = memoryOf(process.pid).anonymousMib - before;
await reader.close();

const figures: AskFigures = { openMs, whoMs, serialMs, moreMib };
process.stdout.write(JSON.stringify(figures));
