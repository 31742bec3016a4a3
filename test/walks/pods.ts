import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { Pod } from "../harness/pod.ts";
import { WallClock } from "../harness/wall-clock.ts";
import type { Place } from "./walk.ts";

/** What is wrong in a pod. */
export interface PodChanges {
  readonly rootPem?: string;
  readonly token?: string;
  /** How far the clock of the pod is ahead, and the path of libfaketime. */
  readonly clock?: { readonly library: string; readonly aheadMs: number };
}

export interface PodOrder extends PodChanges {
  readonly ca: HostPort;
  readonly rootPem: string;
  readonly token: string;
}

export interface BrokenPod {
  readonly pod: Pod;
  /** Where `kasbah-agent doctor` examines the pod. */
  readonly place: Place;
}

/** A pod whose agent has started. */
export async function startPod(
  running: AsyncDisposableStack,
  { ca, rootPem, token, clock }: PodOrder,
): Promise<BrokenPod> {
  const pod = running.use(await Pod.create({ ca: { address: ca, authority: { rootPem } }, token }));
  const time = clock === undefined ? {} : await wrongTime(pod, clock);
  const agent = pod.start({ env: time });
  const env = {
    ...time,
    CA_ADDR: formatHostPort(ca),
    CA_ROOT_CA: pod.rootPath,
    KASBAH_TOKEN_FILE: pod.token.join("token"),
    KASBAH_SDS_SOCKET: pod.socket,
    KASBAH_STATUS_ADDRESS: await agent.statusAddress(),
  };
  return { pod, place: { env } };
}

async function wrongTime(pod: Pod, { library, aheadMs }: NonNullable<PodOrder["clock"]>) {
  const clock = new WallClock(library, pod.path("clock"));
  await clock.step(aheadMs);
  return clock.env;
}
