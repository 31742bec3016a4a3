import type { AuthorityStatusMessage, OverviewMessage } from "@kasbah/protocol";
import type { z } from "zod";
import type { Answers } from "../../cluster/answers.ts";
import { remoteRefusals } from "../../cluster/audit/refusals-of-replicas.ts";
import { authorityStatus } from "../../cluster/read-answers.ts";
import { overviewAnswer } from "../../cluster/read-overview.ts";
import { findReplicas, type Replica } from "../../cluster/replica-pods.ts";
import { Replicas, type ReplicasDeps } from "../../cluster/replicas.ts";
import { CliError } from "../../errors.ts";
import type { ClusterChoice } from "../../kubectl/cluster-choice.ts";
import { kubectlRunner } from "../../kubectl/kubectl.ts";
import { refusesNow } from "../sections/recent.ts";
import type { RefusalSample, ReplicaFacts } from "../status-facts.ts";
import { newestOfEachCode, refusalWindowMs, sampledRefusals } from "./newest-refusals.ts";
import { outdated } from "./read-machine.ts";

type Reply<Answer> = { readonly answer: Answer } | { readonly error: CliError };
type Asked<Answer> = ReadonlyMap<string, Reply<Answer>>;

/**
 * Reads how every replica of a CA in a cluster is. A replica that does not answer is a fact, too.
 *
 * @throws CliError if the replicas cannot be listed, or if there are none
 */
export async function readCluster(
  choice: ClusterChoice,
  deps: ReplicasDeps,
): Promise<readonly ReplicaFacts[]> {
  const replicas = new Replicas(choice, deps);
  const ask = <Answer>(args: readonly string[], schema: z.ZodType<Answer>) =>
    replicas.ask({ args, schema, merge: byReplica<Answer>, namesMissing: true });
  const questions = [
    findReplicas(choice, kubectlRunner(choice, deps)),
    ask(["overview", "--for-merging"], overviewAnswer),
    ask(["authority", "status"], authorityStatus),
  ] as const;
  // If one fails, the others' kubectl would otherwise still run.
  await Promise.allSettled(questions);
  const [pods, overviews, statuses] = await Promise.all(questions);
  const facts = pods.map((pod) => factsOf(pod, overviews, statuses));
  return withRefusals(facts, choice, deps);
}

function byReplica<Answer>({ given, refused, missing }: Answers<Answer>): Asked<Answer> {
  const replies = new Map<string, Reply<Answer>>();
  for (const { replica, answer } of given) replies.set(replica, { answer });
  for (const { replica, error } of [...refused, ...missing]) replies.set(replica, { error });
  return replies;
}

function factsOf(
  { name: replica, isReady: isPodReady }: Replica,
  overviews: Asked<OverviewMessage>,
  statuses: Asked<AuthorityStatusMessage>,
): ReplicaFacts {
  const [overview, status] = [overviews.get(replica), statuses.get(replica)];
  const common = { replica, isPodReady };
  const authorities = status !== undefined && "answer" in status ? { authorities: status.answer } : {};
  if (overview !== undefined && "answer" in overview)
    return { ...common, overview: overview.answer, ...authorities, missing: missingStatus(status) };
  const { code, message } = overview?.error ?? new CliError("ADMIN_UNREACHABLE", "it was not listed again");
  // The pod is there, and only this operator, or this release, cannot see into it.
  if (code === "ADMIN_OUTDATED") return { ...common, ...authorities, missing: [outdated] };
  if (code === "ADMIN_FORBIDDEN") return { ...common, ...authorities, missing: [message] };
  // Advice for the machine of the CA.
  return { ...common, failure: message.replace(/; start kasbah-server, .*$/, ""), missing: [] };
}

function missingStatus(status: Reply<unknown> | undefined): readonly string[] {
  return status !== undefined && "error" in status ? [`the authorities: ${status.error.message}`] : [];
}

/** Each pod reads its ledger, which is worth it only if there is something to find. */
async function withRefusals(
  facts: readonly ReplicaFacts[],
  choice: ClusterChoice,
  deps: ReplicasDeps,
): Promise<readonly ReplicaFacts[]> {
  const newest = facts.flatMap(({ overview }) => overview ?? []).filter((one) => refusesNow(one.activity));
  const [first] = newest;
  if (first === undefined) return facts;
  const since = new Date(first.now.getTime() - refusalWindowMs);
  const filter = { since, code: undefined, address: undefined };
  try {
    const { refusals } = await remoteRefusals(choice, filter, sampledRefusals, deps);
    const of = (name: string): readonly RefusalSample[] =>
      newestOfEachCode(refusals.filter(({ replica }) => replica === name));
    return facts.map((one) => ({ ...one, refusals: of(one.replica) }));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const part = `the callers that were refused: ${error.message}`;
    return facts.map((one) =>
      one.overview === undefined ? one : { ...one, missing: [...one.missing, part] },
    );
  }
}
