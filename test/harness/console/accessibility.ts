import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";

/** Rules of WCAG 2.2 at level AA, contrast included, and axe's best practices. */
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The violations of the page as it is now, one line each: impact, rule and the elements. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  // The page's own policy forbids scripts of others, so the code is evaluated from outside.
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(async (values): Promise<AxeResults> => {
    const loaded = (globalThis as unknown as { axe: typeof axe }).axe;
    return loaded.run({ runOnly: { type: "tag", values } });
  }, tags);
  if (!passes.some(({ id }) => id === "color-contrast")) throw new Error("axe measured no contrast");
  return violations.map(
    ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  );
}
