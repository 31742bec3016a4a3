export { encodeCertificateReply, encodeChainElements } from "./certificate-reply.ts";
export * from "./health.ts";
export * from "./operator/admission-admin.ts";
export type { AuthorityMessage, LeafMessage } from "./operator/authority.ts";
export * from "./operator/authority-admin.ts";
export type {
  AuthorityStatusMessage,
  OutstandingRequestMessage,
  RootClientMessage,
} from "./operator/authority-status.ts";
export * from "./operator/clock-admin.ts";
export * from "./operator/distrust-admin.ts";
export type { NoFields } from "./operator/fields.ts";
export * from "./operator/ledger-admin.ts";
export type * from "./operator/overview.ts";
export * from "./operator/overview-admin.ts";
export type { RotationMessage } from "./operator/rotation.ts";
export * from "./operator/state-admin.ts";
export * from "./workload.ts";
