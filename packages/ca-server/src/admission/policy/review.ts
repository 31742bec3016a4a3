import { readYamlDocument } from "@kasbah/runtime/yaml";
import type { ReservedNames } from "../../issuance/names/reserved-names.ts";
import { readPolicyText } from "./file.ts";
import { findingsIn, type PolicyFinding } from "./findings.ts";
import { type PolicyFile, policySchema } from "./schema.ts";

/** The verdict on a policy file that no CA has loaded yet. */
export interface PolicyReview {
  /** Undefined if the file is no policy. */
  readonly policy: PolicyFile | undefined;
  /** The reasons to reject it, each with its line. */
  readonly problems: readonly string[];
  /** What its author should know, each with its line. */
  readonly advice: readonly string[];
}

/**
 * Reviews a policy more strictly than a CA loads it: a CA that already runs with such a policy must not lose it.
 * @throws PolicyError `POLICY_INVALID` if the file cannot be read
 */
export async function reviewPolicy(path: string, reserved: ReservedNames): Promise<PolicyReview> {
  const text = await readPolicyText(path);
  const read = (severity?: PolicyFinding["severity"]) =>
    readYamlDocument(path, text, schemaWith(severity, reserved));
  const outcome = read();
  if (!outcome.ok) return { policy: undefined, problems: outcome.problems, advice: [] };
  const [faults, advice] = [read("fault"), read("advice")];
  return {
    policy: outcome.value,
    problems: faults.ok ? [] : faults.problems,
    advice: advice.ok ? [] : advice.problems,
  };
}

/** The document reports the issues of a schema with their lines. */
function schemaWith(severity: PolicyFinding["severity"] | undefined, reserved: ReservedNames) {
  return policySchema.superRefine((file, context) => {
    for (const found of findingsIn(file, reserved)) {
      if (found.severity === severity)
        context.addIssue({ code: "custom", path: [...found.path], message: found.message });
    }
  });
}
