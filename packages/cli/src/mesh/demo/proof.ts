import { CliError } from "../../errors.ts";

/** Ends the demo with a reason if a check fails. @throws CliError `PROOF_FAILED` */
export function mustHold(held: boolean, otherwise: string): asserts held {
  if (!held) throw new CliError("PROOF_FAILED", otherwise);
}
