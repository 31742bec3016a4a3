import { cliPage } from "./cli/page.ts";
import { configPage } from "./config/page.ts";
import { errorsPage } from "./errors/page.ts";
import { metricsPage } from "./metrics/page.ts";

const mark = "<!-- Generated from the code by npm run reference: do not edit. -->\n";

/** The pages that the code generates, by path. */
export function referencePages(): ReadonlyMap<string, string> {
  const pages = { cli: cliPage, errors: errorsPage, metrics: metricsPage, config: configPage };
  return new Map(
    Object.entries(pages).map(([name, render]) => [`docs/reference/${name}.md`, withMark(render())]),
  );
}

/** Below the title, which stays the first line. */
function withMark(page: string): string {
  return page.replace("\n\n", `\n\n${mark}\n`);
}
