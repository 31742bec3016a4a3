import { basename, resolve } from "node:path";
import { repositoryRoot } from "../../test/harness/repository.ts";
import { givenCa } from "../contenders/by-address.ts";
import type { Contender } from "../contenders/contender.ts";
import { whyNoPeer } from "../contenders/go-peer.ts";
import { istio, istioPeer } from "../contenders/istio.ts";
import { kasbahIn } from "../contenders/kasbah.ts";
import { stepCa, stepCaPeer } from "../contenders/step-ca.ts";
import type { Options } from "./options.ts";

/** The name of this checkout's CA in the tables. */
export const ours = "kasbah";

/** The CAs to measure: this checkout's first, then other checkouts, peers, and one given by address. */
export function contendersOf(
  { servers, peers, given }: Options,
  say: (text: string) => void,
): readonly Contender[] {
  const others = servers.map((server) => {
    const [name = "", directory] = server.includes("=")
      ? server.split("=", 2)
      : [basename(resolve(server)), server];
    return kasbahIn(resolve(directory ?? "."), name);
  });
  const known = [
    { peer: istioPeer, contender: istio(say) },
    { peer: stepCaPeer, contender: stepCa(say) },
  ];
  const installed = known.filter(({ peer }) => {
    const why = peers === false ? undefined : whyNoPeer(peer, peers === true);
    if (why !== undefined) say(why);
    return peers !== false && why === undefined;
  });
  return [
    kasbahIn(repositoryRoot, ours),
    ...others,
    ...installed.map(({ contender }) => contender),
    ...(given === undefined ? [] : [givenCa(given)]),
  ];
}
