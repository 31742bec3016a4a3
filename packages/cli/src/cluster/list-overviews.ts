import type { OverviewMessage } from "@kasbah/protocol";
import { mergeIdentityTotals } from "../authority/merge-identity-totals.ts";
import type { Overviews } from "../authority/overviews.ts";
import { type Answers, noAnswerError } from "./answers.ts";

/** @throws CliError the first failure if no replica answered */
export function listOverviews(answers: Answers<OverviewMessage>): Overviews {
  const { given, refused, missing } = answers;
  if (given.length === 0) throw noAnswerError(answers);
  return {
    given: given.map(({ replica, answer }) => ({ replica, overview: answer })),
    missing: [...refused, ...missing],
    identities: mergeIdentityTotals(given.map(({ answer }) => answer.identities)),
  };
}
