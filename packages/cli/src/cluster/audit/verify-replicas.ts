import type { KnownHeadMessage, KnownHeadsMessage } from "@kasbah/protocol";
import { z } from "zod";
import { headsOfLedger } from "../../audit/known-heads.ts";
import type { SlotVerdict } from "../../audit/render/verdict.ts";
import type { ClusterChoice } from "../../kubectl/cluster-choice.ts";
import { type Answers, noAnswerError } from "../answers.ts";
import { Replicas, type ReplicasDeps } from "../replicas.ts";
import { knownHeadSchema } from "./known-head.ts";

/** Reading a million entries takes minutes. */
const deadlineMs = 900_000;
const text = z.string().max(4_000);
const count = z.int().min(0);
const finding = z.object({ index: count.optional(), place: text, problem: text });
const verdict = z.object({
  slot: z.string().max(200),
  keyFrom: z.enum(["given", "beside the ledger"]),
  ...{ origin: text, first: count, size: count, signed: count },
  findings: z.array(finding).max(10_000),
  notes: z.array(text).max(100_000).default([]),
});
const verified = z.object({ ledgers: z.array(verdict).max(100) });
const heads = z.object({ replica: z.string().max(300), heads: z.array(knownHeadSchema).max(1_000) });

/** Verifies the ledger of each replica against what the other replicas, and the given copies, know about it. */
export async function verifyReplicas(
  choice: ClusterChoice,
  copies: readonly KnownHeadsMessage[],
  deps: ReplicasDeps,
): Promise<readonly SlotVerdict[]> {
  const replicas = new Replicas(choice, deps);
  const known = await replicas.ask({ args: ["audit", "heads"], schema: heads, merge: (all) => all.given });
  const all = [...known.map(({ answer }) => answer), ...copies];
  const headsFor = (pod: string) => {
    const { replica = pod, heads: own = [] } = known.find((one) => one.replica === pod)?.answer ?? {};
    const origin = own.find((head) => head.replica === replica)?.origin ?? "";
    return headsOfLedger(all, { replica, origin });
  };
  return replicas.ask({
    args: (pod) => ["audit", "verify", ...headArguments(headsFor(pod))],
    ...{ schema: verified, merge: mergeVerdicts, mayBeNo: true, deadlineMs },
  });
}

/** They become a part of a URL, which proxies in front of an API server limit to 8 KiB. */
const maxArgumentCharacters = 5_000;

/** The arguments for as many heads as one call can name, the longest ledgers first, and each head once. */
export function headArguments(heads: readonly KnownHeadMessage[]): readonly string[] {
  const named = new Map<string, string>();
  for (const head of heads.toSorted((one, other) => other.size - one.size)) {
    const { origin, size, root, loss } = head;
    const key = JSON.stringify([origin, size, root, loss]);
    if (!named.has(key)) named.set(key, `--head=${JSON.stringify(head)}`);
  }
  let characters = 0;
  return [...named.values()].filter((argument, at) => {
    characters += argument.length;
    return at === 0 || characters <= maxArgumentCharacters;
  });
}

function mergeVerdicts(answers: Answers<z.infer<typeof verified>>): readonly SlotVerdict[] {
  if (answers.given.length === 0) throw noAnswerError(answers);
  return answers.given.flatMap(({ replica, answer }) =>
    answer.ledgers.map((one) => ({ ...one, slot: `${one.slot} of ${replica}` })),
  );
}
