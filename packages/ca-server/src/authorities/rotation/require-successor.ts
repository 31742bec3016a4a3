import { OperationError } from "../../errors.ts";
import { type AuthorityState, authorityOf, rootOf } from "./authority-state.ts";
import type { AuthorityKind } from "./stored-authority.ts";

/**
 * Requires that the CA can create a successor itself. It has no key of a plugged-in set's root.
 *
 * @throws OperationError that says what to do instead
 */
export function requireSuccessor(
  state: AuthorityState,
  kind: AuthorityKind,
  { withIntermediate }: { readonly withIntermediate: boolean },
): void {
  const root = rootOf(state, state.signerId);
  if (kind === "intermediate" && root.id === state.signerId && !withIntermediate) {
    throw new OperationError(
      "the root signs workload certificates directly (--no-intermediate): rotate the root",
    );
  }
  const { hasKey, origin } = root;
  if (kind === "root" ? hasKey || origin === "self-signed" : hasKey && origin === "self-signed") return;
  if (authorityOf(state, state.signerId).byRequest === true) {
    throw new OperationError(
      `your PKI signed ${state.signerId}: run kasbah authority csr, have the CSR signed, and run kasbah authority adopt`,
    );
  }
  throw new OperationError(
    `${state.signerId} was plugged in: put its successor into the directory that --root-ca-dir names, which the CA watches`,
  );
}
