import { createSerial } from "@kasbah/pki";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import type { AuthorityOperations } from "../../authorities/operations.ts";
import { timeGate } from "../../authorities/rotation/rotation-gate.ts";
import { RotationDriver } from "../../authorities/rotation-driver.ts";
import { SelfSigned } from "../../authorities/self-signed.ts";
import type { OperatorAct } from "../../recording/operator-log.ts";
import { onStoppedCa, type StoppedCa, type StoppedCaOptions } from "./ca.ts";

/** For display only: a stopped CA destroys no key. */
const standardKeepMs = 7 * 86_400_000;

/**
 * Performs an operation on the stored state of a CA that does not run, with the same code as a running one.
 * @throws as {@link onStoppedCa}
 */
export function operateStopped(
  act: OperatorAct,
  work: (operations: AuthorityOperations) => Promise<AuthorityStatusMessage>,
  options: StoppedCaOptions,
): Promise<AuthorityStatusMessage> {
  const replaced = act.arguments?.["kind"] === "root" ? "give up all" : "give up intermediates";
  const lostKeys = act.act === "rotate" ? replaced : "refuse";
  return onStoppedCa({ ...act, lostKeys, work: (ca) => work(operationsOn(ca, options)) }, options);
}

function operationsOn(
  { keeper, keys, profile, writer, rehearse }: StoppedCa,
  { clock, logger }: StoppedCaOptions,
): AuthorityOperations {
  const selfSigned = new SelfSigned({ profile, keys, writer, newSerial: createSerial, rehearse, clock });
  const never = () => ({ stop: () => undefined });
  return new RotationDriver({
    ...{ keeper, keys, selfSigned, profile, gate: timeGate, automatic: true, leads: () => true },
    ...{ holds: () => "the CA is stopped", minStageMs: 0, keepRetiredKeysMs: standardKeepMs },
    // No stage begins here, and the CA creates cross-certificates when it starts.
    ...{ beforeAdvance: async () => undefined, rootClients: () => [] },
    ...{ starts: never, advances: never, clock, logger },
  });
}
