import { writeFile } from "node:fs/promises";
import { bundleAgent, licensesPath } from "./bundle-agent.ts";
import { licensesOf, packagesIn } from "./contents.ts";

const metafile = await bundleAgent();
await writeFile(licensesPath, await licensesOf(await packagesIn(metafile)));
