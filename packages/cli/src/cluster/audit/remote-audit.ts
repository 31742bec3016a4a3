import type { AuditSource } from "../../audit/audit-source.ts";
import type { ClusterChoice } from "../../kubectl/cluster-choice.ts";
import { Replicas, type ReplicasDeps } from "../replicas.ts";
import { mergeCertificates, mergeIdentities, mergeLast, mergeWho } from "./merge-audit.ts";
import { certificateAnswer, identitiesAnswer, lastEntries, whoAnswer } from "./read-audit.ts";

/** Includes the time to rebuild a missing index. */
const deadlineMs = 120_000;

/** Queries the ledgers of all replicas of a CA in a cluster. */
export function remoteAudit(choice: ClusterChoice, deps: ReplicasDeps): AuditSource {
  const replicas = new Replicas(choice, deps);
  return {
    async who({ spiffeId, at, limit }) {
      const when = at === undefined ? [] : [`--at=${at.toISOString()}`];
      const args = ["audit", "who", spiffeId, ...when, `--limit=${limit}`];
      const merge = (answers: Parameters<typeof mergeWho>[0]) => mergeWho(answers, limit);
      const answer = await replicas.ask({ args, schema: whoAnswer, merge, mayBeNo: true, deadlineMs });
      return { spiffeId, at, ...answer };
    },
    async certificate(wanted) {
      const ask = (key: string) =>
        replicas.ask({
          args: ["audit", "cert", key],
          schema: certificateAnswer,
          merge: mergeCertificates,
          mayBeNo: true,
          deadlineMs,
        });
      const { serial = "", fingerprint } = wanted;
      const answer = await ask(fingerprint ?? serial);
      const isFound = answer.certificates.length + answer.serving.length > 0;
      const isOther = fingerprint !== undefined && serial !== "" && !isFound;
      return { wanted, ...answer, sameSerial: isOther ? (await ask(serial)).certificates : [] };
    },
    identities: () =>
      replicas.ask({ args: ["identities"], schema: identitiesAnswer, merge: mergeIdentities, deadlineMs }),
    last(count) {
      const args = ["audit", "tail", `--lines=${count}`, "--list"];
      const merge = (answers: Parameters<typeof mergeLast>[0]) => mergeLast(answers, count);
      return replicas.ask({ args, schema: lastEntries, merge, deadlineMs });
    },
  };
}
