// What the operator's command may do with a policy file, without a server.

export { explainIdentity, type IdentityExplanation } from "./admission/explain-identity.ts";
export { loadPolicy } from "./admission/policy/file.ts";
export type { PolicyFile } from "./admission/policy/schema.ts";
export { PolicyError } from "./errors.ts";
export { type DecisionMessage, decisionMessage } from "./recording/decision-message.ts";
