import { writeFile } from "node:fs/promises";
import { bundleAgent, licensesPath } from "./bundle-agent.ts";
import { bundleServer } from "./bundle-server.ts";
import { licensesOf, packagesIn } from "./contents.ts";

const [agent] = await Promise.all([bundleAgent(), bundleServer()]);
await writeFile(licensesPath, await licensesOf(await packagesIn(agent)));
