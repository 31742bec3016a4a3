import type { AuthorityKind, AuthorityOrigin, AuthorityStage } from "./rotation/authority-record.ts";

/** What an operator may do with the authorities; every call answers with what holds after it. */
export interface AuthorityOperations {
  status(): AuthorityStatus;
  /** @throws OperationError when a rotation is under way, or the authority can not be made here. */
  rotate(kind: AuthorityKind): Promise<AuthorityStatus>;
  pause(): Promise<AuthorityStatus>;
  resume(): Promise<AuthorityStatus>;
  /** @throws OperationError from `retiring` on, or when the epoch is not the one given. */
  abort(options: { readonly ifEpoch?: number }): Promise<AuthorityStatus>;
}

export interface AuthorityStatus {
  readonly trustDomain: string;
  /** Grows with every transition. */
  readonly epoch: number;
  /** Whether rotations start by themselves. */
  readonly automatic: boolean;
  readonly paused: boolean;
  readonly authorities: readonly AuthorityView[];
  readonly rotation?: RotationView;
  /** What an operator should look at, in sentences. */
  readonly warnings: readonly string[];
  /** When this state came from a backup. */
  readonly restoredAt?: Date;
}

export interface AuthorityView {
  readonly id: string;
  readonly kind: AuthorityKind;
  readonly origin: AuthorityOrigin;
  readonly stage: AuthorityStage;
  /** Of all authorities one chain signs: an intermediate and its root, or a root alone. */
  readonly signs: boolean;
  readonly trusted: boolean;
  readonly fingerprint: string;
  readonly serial: string;
  readonly keyType: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly stageSince: Date;
  /** When its replacement starts by itself. */
  readonly rotatesAt?: Date;
}

export interface RotationView {
  readonly kind: AuthorityKind;
  readonly from: string;
  readonly to: string;
  readonly stage: AuthorityStage;
  readonly since: Date;
  readonly mayAdvance: boolean;
  /** Why the next stage may begin, or may not yet. */
  readonly reason: string;
  /** When the gate opens at the earliest. */
  readonly earliest?: Date;
  /** True while it leads back to the former authority. */
  readonly aborted: boolean;
}
