import { loadPolicy } from "../admission/policy/file.ts";
import { loadTokenIssuers } from "../authn/jwks/issuers-file.ts";
import { PolicyError, TokenIssuersError } from "../errors.ts";
import type { CallerConfig } from "./callers.ts";

type NamedFiles = Pick<CallerConfig, "policy" | "tokenIssuers">;

/** Everything that is wrong with the files that the configuration names, with their lines. */
export async function fileProblems({ policy, tokenIssuers }: NamedFiles): Promise<readonly string[]> {
  const problems = await Promise.all([
    policy === undefined ? [] : problemsOf("--policy", loadPolicy(policy)),
    tokenIssuers === undefined ? [] : problemsOf("--token-issuers", loadTokenIssuers(tokenIssuers)),
  ]);
  return problems.flat();
}

async function problemsOf(flag: string, loading: Promise<unknown>): Promise<readonly string[]> {
  try {
    await loading;
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError || error instanceof TokenIssuersError)) throw error;
    const { problems, message } = error;
    return (problems.length === 0 ? [message] : problems).map((problem) => `${flag}: ${problem}`);
  }
}
