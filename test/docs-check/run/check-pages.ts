import { systemClock } from "@kasbah/runtime";
import type { Page } from "../page/page.ts";
import { type CommandStep, stepsOf } from "../page/steps.ts";
import { checkPage, needsCluster } from "./check-page.ts";
import { type PageCluster, withCluster } from "./cluster.ts";
import type { PageFailure } from "./run-page.ts";

export interface PageResult {
  readonly path: string;
  /** What to print about a failure; undefined if there is none. */
  readonly report: string | undefined;
  readonly isSkipped: boolean;
}

type Say = (line: string) => void;

/** Runs the pages that have commands: those of the cluster one after the other, and the rest beside them. */
export async function checkPages(pages: readonly Page[], say: Say): Promise<readonly PageResult[]> {
  const busy = pages.filter((page) => commandsOf(page).length > 0);
  const others = busy.filter((page) => !needsCluster(page));
  // The pages that install kasbah come first, so that the others share one installation.
  const inCluster = busy
    .filter(needsCluster)
    .toSorted((one, other) => installsFirst(other) - installsFirst(one));
  const results = await Promise.all([
    inTurn(others, (page) => timed(page, say, () => checkPage(page))),
    inCluster.length === 0 ? [] : withCluster(say, (cluster) => checkInCluster(inCluster, say, cluster)),
  ]);
  return results.flat();
}

/** Without a cluster, which the kubernetes suite skips in the same case, its pages are not run. */
async function checkInCluster(
  pages: readonly Page[],
  say: Say,
  cluster: PageCluster | undefined,
): Promise<readonly PageResult[]> {
  if (cluster !== undefined) return inTurn(pages, (page) => timed(page, say, () => checkPage(page, cluster)));
  return pages.map(({ path }) => ({ path, report: undefined, isSkipped: true }));
}

const installsFirst = ({ setup }: Page) => Number(setup === "bare-cluster");

const commandsOf = (page: Page) =>
  stepsOf(page).filter((step): step is CommandStep => step.kind === "command");

async function inTurn<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}

async function timed(
  page: Page,
  say: Say,
  check: () => Promise<PageFailure | undefined>,
): Promise<PageResult> {
  const startedAt = systemClock.monotonicMs();
  const failure = await check();
  const seconds = ((systemClock.monotonicMs() - startedAt) / 1000).toFixed(1);
  const commands = commandsOf(page);
  const compared = commands.filter(({ expected }) => expected !== undefined).length;
  const outcome = failure === undefined ? "ok" : "FAILED";
  say(
    `${outcome.padEnd(6)} ${page.path}  ${commands.length} commands, ${compared} outputs compared, ${seconds} s`,
  );
  if (failure !== undefined) say(`\n${reportOf(page, failure)}\n`);
  return { path: page.path, report: failure && reportOf(page, failure), isSkipped: false };
}

function reportOf({ path }: Page, { line, command, problem }: PageFailure): string {
  return `${path}:${line}: $ ${command}\n  ${problem}`;
}
