import assert from "node:assert/strict";
import { violationsOf } from "./accessibility.ts";
import { type ConsoleVisit, pageNames } from "./console-visit.ts";
import { walkByKeyboard } from "./keyboard.ts";

/** Serious and critical violations exclude people; the others are printed for readers of the test. */
const excluding = /^(serious|critical) /;

/** Fails if a page excludes people who see little contrast, or who use a keyboard or a screen reader. */
export async function assertAccessible({ page, show }: ConsoleVisit): Promise<void> {
  for (const name of pageNames) {
    await show(name);
    const violations = await violationsOf(page);
    const serious = violations.filter((one) => excluding.test(one));
    assert.deepEqual(serious, [], name);
    for (const one of violations) process.stdout.write(`      ${name}: ${one}\n`);
  }
}

/** Fails unless each page is reached and left with Tab and Enter alone, and shows where the focus is. */
export async function assertKeyboardReaches({ page, show }: ConsoleVisit): Promise<void> {
  for (const name of pageNames) {
    await show(name);
    const stops = await walkByKeyboard(page);
    const said = stops.map(({ what }) => what);
    for (const other of pageNames) assert.ok(said.includes(`a ${other}`), `${name}: ${said}`);
    const hidden = stops.filter(({ isVisible }) => !isVisible);
    assert.deepEqual(hidden, [], name);
  }
  for (const name of pageNames) {
    await page.getByRole("navigation").getByRole("link", { name, exact: true }).focus();
    await page.keyboard.press("Enter");
    // The new page takes the focus, without which the next one would lose it.
    await page.locator("h1:focus").waitFor({ state: "attached" });
    await page.locator(`nav a[aria-current="page"]`, { hasText: name }).waitFor();
  }
}

/** Fails if a page is wider than the window of a small screen, or of text at twice its size. */
export async function assertFits({ page, show }: ConsoleVisit): Promise<void> {
  for (const name of pageNames) {
    await show(name);
    const [content, window] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok((content ?? 0) <= (window ?? 0), `${name}: ${content} of ${window} pixels`);
  }
}
