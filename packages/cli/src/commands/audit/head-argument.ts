import type { KnownHead } from "@kasbah/ledger";
import { InvalidArgumentError, Option } from "commander";
import { knownHeadSchema } from "../../cluster/audit/known-head.ts";

/** `--head`: a `kasbah` outside the pod passes the heads that other places know. */
export function headOption(): Option {
  return new Option("--head <json>").argParser(parseHead).hideHelp();
}

function parseHead(text: string, before: readonly KnownHead[] = []): readonly KnownHead[] {
  try {
    return [...before, knownHeadSchema.parse(JSON.parse(text))];
  } catch {
    throw new InvalidArgumentError("expected a head as kasbah audit heads --json prints it.");
  }
}
