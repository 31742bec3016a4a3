import { CliError } from "../../errors.ts";

/** Ends the demo with the reason when something that must hold does not. @throws CliError `PROOF_FAILED` */
export function mustHold(held: boolean, otherwise: string): asserts held {
  if (!held) throw new CliError("PROOF_FAILED", otherwise);
}
