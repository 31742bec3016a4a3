import { writeFile } from "node:fs/promises";
import { bundleAgent, licensesPath } from "./bundle-agent.ts";
import { bundleConsole } from "./bundle-console.ts";
import { bundleServer, bundleTraces, bundleWorker } from "./bundle-server.ts";
import { licensesOf, packagesIn } from "./contents.ts";

const [agent] = await Promise.all([
  bundleAgent(),
  bundleServer(),
  bundleWorker(),
  bundleTraces(),
  bundleConsole(),
]);
await writeFile(licensesPath, await licensesOf(await packagesIn(agent)));
