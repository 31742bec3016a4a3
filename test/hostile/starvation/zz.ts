import { startCa } from "../../harness/ca-process.ts";
import { vitalsOf } from "../../harness/vitals.ts";
import { attacksOn } from "./attacks.ts";
import { Swarm } from "./swarm.ts";
const only = process.argv[2];
for (const title of ["sends headers without", "forged", "one pod", "health without", "reads no answer", "watches", "idle"]) {
  if (only && !title.includes(only)) continue;
  const ca = await startCa({ env: { NODE_OPTIONS: "--max-old-space-size=256" } });
  const all = await attacksOn(ca);
  const [name, attack] = Object.entries(all).find(([t]) => t.includes(title))!;
  const before = await vitalsOf(ca.pid);
  const swarm = new Swarm({ ...attack, addressOf: () => "127.0.0.2" });
  for (let i = 0; i < 3; i++) {
    await new Promise((r) => setTimeout(r, 2500));
    const v = await vitalsOf(ca.pid).catch(() => undefined);
    const m: any = {};
    try { const t = await ca.process.status("/metrics", 5000);
    for (const k of ["kasbah_connections", "kasbah_calls_in_flight", "kasbah_calls_waiting", "kasbah_watches", "kasbah_max_connections", "nodejs_heap_size_used_bytes"]) m[k] = t.split("\n").find((l) => l.startsWith(k + " "))?.split(" ")[1];
    m.ev = t.split("\n").filter((l) => l.startsWith("kasbah_evictions{"));
    m.ref = t.split("\n").filter((l) => l.startsWith("kasbah_refusals{"));
    } catch (e) { m.e = String(e); }
    console.log(name, before.rssMiB | 0, v && [v.rssMiB | 0, v.peakMiB | 0, v.cpuMs], JSON.stringify(m));
  }
  swarm.stop();
  await ca.stop();
}
process.exit(0);
