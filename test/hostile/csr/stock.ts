import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Case } from "../../harness/csr/cases.ts";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));

/** CSRs of the usual tools: a stricter CA would lock out stock clients. */
export const stock: readonly Case[] = globSync("*-csr/*.csr.pem", { cwd: fixtures })
  .sort()
  .map((file) => ({
    title: `by ${file.replace("-csr/", ": ").replace(".csr.pem", "")}`,
    pem: readFileSync(`${fixtures}${file}`, "utf8"),
    verdict: "accepted",
  }));
