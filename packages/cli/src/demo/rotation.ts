import type { DemoWorld } from "./demo.ts";
import type { Mesh } from "./mesh.ts";
import { mustHold } from "./proof.ts";
import { startTraffic } from "./traffic.ts";
import type { Workload } from "./workload.ts";

const deadlineMs = 30_000;
const pollEveryMs = 200;
/** Traffic before the first and after the last rotation, so that both sides of it are seen. */
const marginMs = 1000;

interface Counters {
  readonly handshakes: number;
  readonly resumed: number;
}

/** Requests on fresh connections while both workloads change key and certificate. */
export async function showRotation(mesh: Mesh, world: DemoWorld): Promise<void> {
  const { print, clock, signal } = world;
  print.step("Rotation of both workloads under traffic");
  const workloads = [mesh.frontend, mesh.backend];
  const before = await Promise.all(workloads.map(serialInUse));
  const countersBefore = await countersOf(mesh);
  const traffic = startTraffic(mesh.entry, clock);
  try {
    await clock.sleep(marginMs, signal);
    const after = await Promise.all(workloads.map((workload, i) => nextSerial(workload, before[i], world)));
    await clock.sleep(marginMs, signal);
    workloads.forEach(({ name }, i) => {
      print.row(name, `serial ${before[i]}`);
      print.row("", `    to ${after[i]}`);
    });
  } finally {
    await traffic.stop();
  }
  await report(mesh, world, traffic.result(), countersBefore);
}

async function report(
  mesh: Mesh,
  { print }: DemoWorld,
  { requests, failures, firstFailure }: { requests: number; failures: number; firstFailure?: string },
  before: Counters,
): Promise<void> {
  const after = await countersOf(mesh);
  const handshakes = after.handshakes - before.handshakes;
  const resumed = after.resumed - before.resumed;
  print.row("requests", `${requests}`);
  print.row("handshakes", `${handshakes} full mTLS, ${resumed} resumed`);
  print.row("failures", `${failures}`);
  mustHold(
    failures === 0,
    `${failures} of ${requests} requests failed during rotation, the first: ${firstFailure}`,
  );
  mustHold(handshakes >= requests, `${requests} requests made only ${handshakes} handshakes`);
  mustHold(resumed === 0, `${resumed} sessions were resumed`);
  print.good("both rotated, no request failed");
}

/** The serial of the certificate that this Envoy uses now; undefined while it changes. */
async function serialInUse({ admin, spiffeId }: Workload): Promise<string | undefined> {
  const certificates = await admin.certificates();
  return certificates.find(({ uris }) => uris.includes(spiffeId))?.serial;
}

async function nextSerial(workload: Workload, before: string | undefined, world: DemoWorld): Promise<string> {
  const { clock, signal } = world;
  const startedAt = clock.monotonicMs();
  for (;;) {
    const serial = await serialInUse(workload);
    if (serial !== undefined && serial !== before) return serial;
    mustHold(
      clock.monotonicMs() - startedAt < deadlineMs,
      `${workload.name} did not rotate within ${deadlineMs / 1000} s`,
    );
    await clock.sleep(pollEveryMs, signal);
  }
}

async function countersOf({ backend }: Mesh): Promise<Counters> {
  const [handshakes, resumed] = await Promise.all([
    backend.admin.stat("listener.inbound.ssl.handshake"),
    backend.admin.stat("listener.inbound.ssl.session_reused"),
  ]);
  return { handshakes, resumed };
}
