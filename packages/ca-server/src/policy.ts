// The parts of admission that the operator's command uses on a policy file without a running CA.
export { identityExplanation } from "./admission/identity-explanation.ts";
export { assumedReservedNames } from "./admission/policy/assumed-names.ts";
export { loadPolicy, parsePolicy } from "./admission/policy/file.ts";
export { type PolicyReview, reviewPolicy } from "./admission/policy/review.ts";
export type { PolicyFile } from "./admission/policy/schema.ts";
export { PolicyError } from "./errors.ts";
