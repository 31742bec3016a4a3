import { parsePage } from "../page/page.ts";
import { stepsOf } from "../page/steps.ts";
import { isSetup, setupNames } from "../setups/names.ts";
import { languageProblems } from "./languages.ts";
import { linkProblems } from "./links.ts";
import { nameKinds, unknownNames } from "./names.ts";

/** A page and its text. */
export interface PageText {
  readonly path: string;
  readonly text: string;
}

/** What a page may not contain, found without running a command; one sentence each. */
export function findProblems(pages: readonly PageText[]): readonly string[] {
  const kinds = nameKinds();
  return pages.flatMap(({ path, text }) => [
    ...blockProblems(path, text),
    ...linkProblems(path, text),
    // These pages quote earlier releases, and flags of V8.
    ...(/^docs\/(changed-messages\.md|upgrade\.md|adr\/.*)$/.test(path)
      ? []
      : unknownNames(path, text, kinds)),
  ]);
}

function blockProblems(path: string, text: string): readonly string[] {
  try {
    const page = parsePage(path, text);
    return [
      ...languageProblems(page),
      ...(stepsOf(page).length === 0 ? [] : setupProblems(path, page.setup)),
    ];
  } catch (error) {
    if (error instanceof RangeError) return [error.message];
    throw error;
  }
}

function setupProblems(path: string, setup: string | undefined): readonly string[] {
  if (setup === undefined)
    return [`${path} has commands, but no line such as <!-- check: empty --> below its title`];
  return isSetup(setup) ? [] : [`${path}: unknown setup ${setup}: expected one of ${setupNames.join(", ")}`];
}
