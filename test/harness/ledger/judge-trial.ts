import { type LedgerTrial, openTrialLedger, type PristineLedger, type TrialOptions } from "./ledger-trial.ts";

/**
 * How a manipulation comes to light: the CA does not start; the CA reports a loss and keeps the evidence; `verify`
 * names it after the start; `verify` mentions it in a note; or only a kept key or checkpoint shows it. A ledger is
 * intact if it extends the kept checkpoint and every entry is there; it may have a forged entry after it.
 */
export type Discovery = "refused" | "lost" | "broken" | "noted" | "kept" | "intact" | "forged" | "silent";

export interface TrialVerdict {
  readonly discovery: Discovery;
  /** What an operator reads. */
  readonly words: string;
}

/** Starts the CA on a manipulated directory, stops it, and looks for what an operator can see. */
export async function judgeTrial(
  trial: LedgerTrial,
  { kept, keptKey }: PristineLedger,
  options: TrialOptions = {},
): Promise<TrialVerdict> {
  let warnings: readonly string[];
  try {
    const { ledger, stop } = await openTrialLedger(trial.path, options);
    warnings = ledger.loss.warnings();
    await stop();
  } catch (error) {
    // Every error of the disk and of the ledger has a code; a bug has none.
    if (!(error instanceof Error) || !("code" in error)) throw error;
    return { discovery: "refused", words: error.message };
  }
  const own = await trial.verify();
  const words = JSON.stringify([warnings, own.findings, own.notes]);
  if (warnings.length > 0) return { discovery: own.findings.length > 0 ? "lost" : "silent", words };
  if (own.findings.length > 0) return { discovery: "broken", words };
  if (own.notes.length > noteOfThePristine) return { discovery: "noted", words };
  const { findings, first, size } = await trial.verify(keptKey, kept);
  if (findings.length > 0) return { discovery: "kept", words: JSON.stringify(findings) };
  if (first > 0) return { discovery: "silent", words };
  return { discovery: size === kept.size ? "intact" : "forged", words };
}

/** The pristine ledger says once when it got its anchor. */
const noteOfThePristine = 1;
