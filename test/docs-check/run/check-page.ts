import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { repositoryRoot } from "../../harness/repository.ts";
import type { Page } from "../page/page.ts";
import { type CommandStep, type PageStep, stepsOf } from "../page/steps.ts";
import type { PageCluster } from "./cluster.ts";
import { type PageFailure, runSteps } from "./run-page.ts";
import { Sandbox } from "./sandbox.ts";

const setups = fileURLToPath(new URL("../setups/", import.meta.url));

/** Whether the page needs the cluster. */
export const needsCluster = ({ setup }: Page): boolean => setup?.endsWith("cluster") ?? false;

/** Runs the setup and every command of a page; undefined if all did what the page says. */
export async function checkPage(page: Page, cluster?: PageCluster): Promise<PageFailure | undefined> {
  const withClone = page.setup === "clone" || page.setup === "bare-cluster";
  await using directory = await temporaryDirectory();
  for (const folder of ["home", "work"]) await mkdir(directory.join(folder));
  await using sandbox = await Sandbox.create({
    directory: directory.path,
    withClone,
    network: cluster?.network,
  });
  return await runSteps({
    sandbox,
    steps: [...setupSteps(page), ...stepsOf(page)],
    cwd: withClone ? repositoryRoot : directory.join("work"),
    env: { ...environment(directory), ...cluster?.env },
  });
}

function setupSteps({ setup = "empty" }: Page): readonly PageStep[] {
  const step: CommandStep = {
    kind: "command",
    line: 1,
    text: `bash -euo pipefail "$SETUPS/${setup}.sh" && . "$BASH_ENV"`,
    terminal: 1,
    staysRunning: false,
    exits: 0,
    expected: undefined,
  };
  return [step];
}

/** Nothing of the developer's environment, so that a page works for every reader or for none. */
function environment(directory: TemporaryDirectory): Readonly<Record<string, string>> {
  const { PATH = "", ENVOY_BIN } = process.env;
  return {
    PATH: `${repositoryRoot}node_modules/.bin:${PATH}`,
    HOME: directory.join("home"),
    LANG: "C.UTF-8",
    TERM: "dumb",
    // Every terminal reads it.
    BASH_ENV: `${setups}functions.sh`,
    WORK: directory.join("work"),
    CLONE: repositoryRoot.replace(/\/$/, ""),
    SETUPS: setups.replace(/\/$/, ""),
    ...(ENVOY_BIN === undefined ? {} : { ENVOY_BIN }),
  };
}
