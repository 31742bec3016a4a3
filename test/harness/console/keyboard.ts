import type { Page } from "playwright-core";

/** An element that has the focus. */
export interface FocusStop {
  /** Role or tag, and the name that a screen reader says. */
  readonly what: string;
  /** Whether anything shows that it has the focus. */
  readonly isVisible: boolean;
}

/** More elements than a page has. */
const maxStops = 400;

/** Presses Tab until the focus has been everywhere, and reports each stop. */
export async function walkByKeyboard(page: Page): Promise<readonly FocusStop[]> {
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    for (const seen of document.querySelectorAll("[data-seen]")) seen.removeAttribute("data-seen");
  });
  const stops: FocusStop[] = [];
  let hasLeft = false;
  while (stops.length < maxStops) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(focusStop);
    // Tab starts where the focus was last, so the walk goes on once from the top.
    if (stop === "seen" || (stop === "outside" && hasLeft)) return stops;
    if (stop === "outside") hasLeft = true;
    else stops.push(stop);
  }
  throw new Error(`the focus never left the page: ${stops.slice(-5).map(({ what }) => what)}`);
}

/** Runs in the page. */
function focusStop(): FocusStop | "outside" | "seen" {
  const element = document.activeElement;
  if (element === null || element === document.body) return "outside";
  if (element.hasAttribute("data-seen")) return "seen";
  element.setAttribute("data-seen", "");
  // The scrolling box of a grid draws the outline for it.
  const isMarked = [element, element.parentElement ?? element].some((one) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    return outlineStyle !== "none" && outlineWidth !== "0px";
  });
  const box = element.getBoundingClientRect();
  const role = element.getAttribute("role") ?? element.tagName.toLowerCase();
  const name = element.getAttribute("aria-label") ?? element.textContent ?? "";
  return {
    what: `${role} ${name.trim().slice(0, 40)}`,
    isVisible: isMarked && box.width > 0 && box.height > 0,
  };
}
