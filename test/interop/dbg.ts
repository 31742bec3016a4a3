import { World } from "./workload-api/world.ts";

const w = await World.start();
process.stdout.write(w.workload.socket + "\n");
let n = 0;
setInterval(() => {
  const l = w.agentLog;
  process.stderr.write(l.slice(n));
  n = l.length;
}, 500);
setTimeout(async () => {
  await w[Symbol.asyncDispose]();
  process.exit(0);
}, 420_000);
