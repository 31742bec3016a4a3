import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chartFiles } from "./chart-files.ts";

const root = new URL("../../", import.meta.url);

for (const [path, text] of chartFiles()) writeFileSync(fileURLToPath(new URL(path, root)), text);
