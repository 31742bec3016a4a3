import type { Mesh } from "../local/mesh.ts";
import { startTraffic, type Traffic, type TrafficResult } from "../local/traffic.ts";
import type { Workload } from "../local/workload.ts";
import type { DemoDeps } from "./demo-deps.ts";
import { mustHold } from "./proof.ts";

const deadlineMs = 30_000;
const pollEveryMs = 200;
/** Traffic before the first and after the last rotation. */
const marginMs = 1000;

interface Counters {
  readonly handshakes: number;
  readonly resumed: number;
}

/** Shows requests on new connections while both workloads rotate key and certificate. */
export async function showRotation(mesh: Mesh, deps: DemoDeps): Promise<void> {
  const { print, clock } = deps;
  const workloads = [mesh.frontend, mesh.backend];
  print.step("Rotation of both workloads under traffic, with a new connection per request");
  const before = await Promise.all(workloads.map(serialInUse));
  const countersBefore = await countersOf(mesh);
  const traffic = startTraffic(mesh.entry, clock);
  try {
    const after = await untilRotated(workloads, before, traffic, deps);
    workloads.forEach(({ name }, i) => {
      print.row(name, `serial ${before[i]}`);
      print.row("", `  then ${after[i]}`);
    });
  } finally {
    await traffic.stop();
  }
  await report(mesh, deps, traffic.result(), countersBefore);
}

async function report(
  mesh: Mesh,
  { print }: DemoDeps,
  { requests, failures, firstFailure }: TrafficResult,
  before: Counters,
): Promise<void> {
  const after = await countersOf(mesh);
  const handshakes = after.handshakes - before.handshakes;
  const resumed = after.resumed - before.resumed;
  print.row("requests", `${requests}`);
  print.row("handshakes", `${handshakes} full mTLS, ${resumed} resumed`);
  print.row("failures", `${failures}`);
  mustHold(failures === 0, `${failures} of ${requests} requests failed, the first with: ${firstFailure}`);
  mustHold(handshakes >= requests, `${requests} requests needed only ${handshakes} handshakes`);
  mustHold(resumed === 0, `${resumed} TLS sessions were resumed`);
  print.good("both Envoys have new keys and certificates, and no request failed");
}

/** Waits for new serials in place of `before`. */
async function untilRotated(
  workloads: readonly Workload[],
  before: readonly (string | undefined)[],
  traffic: Traffic,
  { print, clock, signal }: DemoDeps,
): Promise<readonly (string | undefined)[]> {
  const startedAt = clock.monotonicMs();
  await clock.sleep(marginMs, signal);
  for (;;) {
    const serials = await Promise.all(workloads.map(serialInUse));
    if (serials.every((serial, i) => serial !== undefined && serial !== before[i])) {
      await clock.sleep(marginMs, signal);
      return serials;
    }
    const seconds = Math.floor((clock.monotonicMs() - startedAt) / 1000);
    mustHold(seconds < deadlineMs / 1000, `the workloads did not both rotate within ${seconds} s`);
    const { requests, failures } = traffic.result();
    print.progress(`${seconds} s of about 10: ${requests} requests, ${failures} failures`);
    await clock.sleep(pollEveryMs, signal);
  }
}

/** The serial of the certificate that this Envoy currently uses; undefined during a rotation. */
async function serialInUse({ admin, spiffeId }: Workload): Promise<string | undefined> {
  const certificates = await admin.certificates();
  return certificates.find(({ uris }) => uris.includes(spiffeId))?.serial;
}

async function countersOf({ backend }: Mesh): Promise<Counters> {
  const [handshakes, resumed] = await Promise.all([
    backend.admin.stat("listener.inbound.ssl.handshake"),
    backend.admin.stat("listener.inbound.ssl.session_reused"),
  ]);
  return { handshakes, resumed };
}
