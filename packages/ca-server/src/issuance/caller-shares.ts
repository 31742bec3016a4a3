import type { SpiffeId } from "@kasbah/pki";
import type { Caller } from "./ports.ts";
import type { IssuancePolicy, Rate, Ruling, Share } from "./rules.ts";

export interface ShareRequest {
  readonly caller: Caller;
  /** The identity of the certificate. */
  readonly subject: SpiffeId;
  /** The addresses that one host controls: the peer's, with IPv6 its /64. It is read only if it is needed. */
  readonly peer: { readonly addressGroup: string };
}

/** Several pods may share a credential without a pod: behind one address, or as VMs with one name. */
const withoutPodFactor = 10;
/** A node has up to this many pods, whose proxy requests all of their certificates at once when it starts. */
const podsOfNode = 250;
/** How often a node proxy may start in a minute. */
const startsOfNode = 4;

/**
 * The buckets that a call draws from. All replicas of a Deployment share one name, so a bucket never belongs to
 * a name alone, unless the operator's policy says so.
 */
export function sharesOf(request: ShareRequest, ruling: Ruling, policy: IssuancePolicy): readonly Share[] {
  const { caller, subject } = request;
  const { rate } = ruling.terms;
  if (rate !== undefined)
    return [{ key: `${podOf(caller) ?? caller.spiffeId} for ${subject}`, rate, rule: ruling.rule }];
  const { defaultRate = 0 } = policy;
  return defaultRate === 0 ? [] : defaultShares(request, defaultRate);
}

function defaultShares({ caller, subject, peer }: ShareRequest, perMinute: number): readonly Share[] {
  const pod = podOf(caller);
  if (pod === undefined) {
    const key = `${caller.spiffeId} from ${peer.addressGroup} for ${subject}`;
    return [{ key, rate: rateOf(withoutPodFactor * perMinute) }];
  }
  const own = { key: `${pod} for ${subject}`, rate: rateOf(perMinute) };
  return subject.toString() === caller.spiffeId.toString() ? [own] : [own, nodeShare(pod, perMinute)];
}

/**
 * A pod draws from one bucket, whether it presents its token or a certificate. A pod that the CA cannot tell from
 * those of other clusters is named by the issuer as well, so that no issuer draws from the buckets of another.
 */
function podOf({ pod, podMark, credential }: Caller): string | undefined {
  if (podMark !== undefined) return `pod ${podMark}`;
  return pod && `pod ${pod.uid} of ${credential.issuer ?? "this cluster"}`;
}

/** All names of one node proxy together. A stolen proxy could otherwise use the rates of all pods on its node. */
function nodeShare(pod: string, perMinute: number): Share {
  const total = withoutPodFactor * perMinute;
  const rate = {
    perMinute: Math.max(podsOfNode, total),
    burst: Math.max(startsOfNode * podsOfNode, total),
  };
  return { key: `${pod} for its node`, rate };
}

function rateOf(perMinute: number): Rate {
  return { perMinute, burst: perMinute };
}
