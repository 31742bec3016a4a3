import { readFile } from "node:fs/promises";
import { describeReadFailure } from "@kasbah/runtime/read-failure";
import { readYamlDocument } from "@kasbah/runtime/yaml";
import { PolicyError } from "../../errors.ts";
import { type PolicyFile, policySchema } from "./schema.ts";

/** Parses a policy. @throws PolicyError `POLICY_INVALID` with every problem and its line */
export function parsePolicy(label: string, text: string): PolicyFile {
  const outcome = readYamlDocument(label, text, policySchema);
  if (outcome.ok) return outcome.value;
  throw new PolicyError(`${label} is not a valid policy`, outcome.problems);
}

/** Reads a policy from a file. @throws PolicyError `POLICY_INVALID` */
export async function loadPolicy(path: string): Promise<PolicyFile> {
  return parsePolicy(path, await readPolicyText(path));
}

/** @throws PolicyError `POLICY_INVALID` if the file cannot be read */
export async function readPolicyText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const problem = await describeReadFailure(path, cause, "mount it, or correct the path");
    throw new PolicyError(`cannot read ${problem}`, [], { cause });
  }
}
