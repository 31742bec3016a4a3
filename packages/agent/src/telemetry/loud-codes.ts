/** Failed renewals that need a human. An unreachable CA, for example, usually recovers without one. */
export const loudCodes: ReadonlySet<string> = new Set([
  "CA_REFUSED",
  "CA_REPLY_INVALID",
  "CA_IDENTITY_MISMATCH",
  "CONFIG_INVALID",
  "UNEXPECTED",
]);
