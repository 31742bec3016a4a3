import type {
  AuthorityStatusMessage,
  DecisionMessage,
  IdentityExplanationMessage,
  RootClientMessage,
} from "../authority/admin-client.ts";
import type { FromReplica, Replicated } from "../authority/replicated.ts";
import { CliError } from "../errors.ts";
import { type Answers, describeFailed, noAnswerError } from "./answers.ts";

// One function per query merges the JSON of all replicas into one answer, in the format of a single CA.

/** The newest state of all replicas; replicas with a different state are listed. */
export function mergeStatus(answers: Answers<AuthorityStatusMessage>): Replicated<AuthorityStatusMessage> {
  const status = mergeAlike(answers, stateOf, ({ epoch }) => epoch);
  const warnings = new Map<string, string[]>();
  for (const { replica, answer } of answers.given) {
    for (const text of answer.warnings) warnings.set(text, [...(warnings.get(text) ?? []), replica]);
  }
  const merged = [...warnings].map(([text, replicas]) =>
    replicas.length === answers.given.length ? text : `${replicas.join(", ")}: ${text}`,
  );
  const clients = answers.given.flatMap(({ answer }) => answer.rootClients ?? []);
  return {
    ...status,
    warnings: merged,
    ...(clients.length === 0 ? {} : { rootClients: latestOfEach(clients) }),
  };
}

/** Each replica knows only its own clients, and the latest answer to a client counts. */
function latestOfEach(clients: readonly RootClientMessage[]): readonly RootClientMessage[] {
  const sorted = clients.toSorted((one, other) => one.until.getTime() - other.until.getTime());
  const latest = new Map(sorted.map((each) => [`${each.spiffeId} ${each.address}`, each]));
  return [...latest.values()].reverse();
}

/** The state that replicas of one CA share. They may compute different times for the end of a stage. */
function stateOf({ trustDomain, epoch, paused, automatic, authorities }: AuthorityStatusMessage): unknown {
  const each = authorities.map(({ id, stage, signs, fingerprint }) => [id, stage, signs, fingerprint]);
  return [trustDomain, epoch, paused, automatic, each];
}

/** Each replica loads the policy itself, so for moments one may already have the next version. */
export function mergeExplanations(
  answers: Answers<IdentityExplanationMessage>,
): Replicated<IdentityExplanationMessage> {
  return mergeAlike(answers, (explanation) => explanation);
}

/** Only the replica that handled a call has a record of it. */
export function firstKnown(answers: Answers<DecisionMessage>): FromReplica<DecisionMessage> {
  const { given, refused, missing } = answers;
  const [known] = given;
  if (known !== undefined) return { ...known.answer, replica: known.replica };
  const [first] = refused;
  if (first === undefined) throw noAnswerError(answers);
  const subject =
    refused.length === 1
      ? "the only replica that answered has no call"
      : `none of the ${refused.length} replicas that answered has a call`;
  const reason =
    refused.length === 1 && missing.length === 0
      ? `${first.replica}: ${first.error.message}`
      : `${subject} with this reference: it was handled before the last restart, or its entry is past retention; search the CA's log for the reference`;
  const unasked = missing.map(describeFailed).join("; ");
  const rest = unasked === "" ? "" : `. These replicas did not answer and may have it: ${unasked}`;
  throw new CliError("OPERATION_REFUSED", `${reason}${rest}`);
}

/**
 * Chooses the answer with the highest rank, then the most common answer, then the first one. Lists the
 * replicas that differ.
 *
 * @throws CliError the first failure if no replica answered
 */
function mergeAlike<T extends object>(
  answers: Answers<T>,
  likenessOf: (one: T) => unknown,
  rankOf: (one: T) => number = () => 0,
): Replicated<T> {
  const keyOf = (one: T) => JSON.stringify(likenessOf(one));
  const groups = Object.values(Object.groupBy(answers.given, ({ answer }) => keyOf(answer)))
    .filter((group) => group !== undefined)
    .map((group) => ({ group, rank: Math.max(...group.map(({ answer }) => rankOf(answer))) }))
    .sort((one, other) => other.rank - one.rank || other.group.length - one.group.length);
  const chosen = groups[0]?.group[0]?.answer;
  if (chosen === undefined) throw noAnswerError(answers);
  const others = answers.given.filter(({ answer }) => keyOf(answer) !== keyOf(chosen));
  if (others.length === 0) return chosen;
  return { ...chosen, otherwise: others.map(({ replica, answer }) => ({ ...answer, replica })) };
}
