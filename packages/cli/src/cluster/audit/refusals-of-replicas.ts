import {
  type DroppedRefusals,
  EntryError,
  isDropped,
  type RefusedEntry,
  readEntryValue,
} from "@kasbah/ledger";
import { z } from "zod";
import { entryOfPrinted } from "../../audit/render/printed-entry.ts";
import type { ClusterChoice } from "../../kubectl/cluster-choice.ts";
import type { RefusalFilter } from "../../refusals/refusal-filter.ts";
import { byTime, type RefusalList } from "../../refusals/refusal-list.ts";
import { type Answers, noAnswerError } from "../answers.ts";
import { Replicas, type ReplicasDeps } from "../replicas.ts";

const deadlineMs = 120_000;

const printedRefusal = z.object({
  traceId: z.string().max(32).optional(),
  entry: z.unknown().transform((value, context): RefusedEntry => {
    try {
      const entry = readEntryValue(value);
      if (entry.kind === "refused") return entry;
      context.addIssue({ code: "custom", message: "expected a refusal" });
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
    return z.NEVER;
  }),
});
const refusal = printedRefusal.transform(({ entry, traceId }) => ({ entry: entryOfPrinted(entry, traceId) }));

const count = z.int().min(0);
const answer = z.object({
  refusals: z.array(refusal).max(100_000),
  total: count,
  dropped: z.array(z.custom<DroppedRefusals>(isDropped)).max(100_000),
  codes: z.record(z.string().max(100), count),
});

/** Reads the refusals in the ledgers of all replicas of a CA in a cluster. */
export function remoteRefusals(
  choice: ClusterChoice,
  { since, code, address }: RefusalFilter,
  lines: number,
  deps: ReplicasDeps,
): Promise<RefusalList> {
  const args = [
    ...["refusals", `--since=${since.toISOString()}`, `--lines=${lines}`],
    ...(code === undefined ? [] : [`--code=${code}`]),
    ...(address === undefined ? [] : [`--address=${address.text}`]),
  ];
  const merge = (answers: Answers<z.infer<typeof answer>>) => mergeRefusals(answers, lines);
  return new Replicas(choice, deps).ask({ args, schema: answer, merge, deadlineMs });
}

function mergeRefusals(answers: Answers<z.infer<typeof answer>>, lines: number): RefusalList {
  if (answers.given.length === 0) throw noAnswerError(answers);
  const all = answers.given.flatMap(({ replica, answer: { refusals } }) =>
    refusals.map(({ entry }) => ({ entry, replica })),
  );
  const codes = new Map<string, number>();
  for (const { answer: one } of answers.given)
    for (const [code, number] of Object.entries(one.codes)) codes.set(code, (codes.get(code) ?? 0) + number);
  return {
    refusals: all.sort(byTime).slice(-Math.max(lines, 1)).slice(0, lines),
    total: answers.given.reduce((sum, one) => sum + one.answer.total, 0),
    dropped: answers.given.flatMap(({ answer: { dropped } }) => dropped),
    codes: Object.fromEntries([...codes].sort(([, one], [, other]) => other - one)),
  };
}
