import type { Browser, BrowserContext, Page } from "playwright-core";
import { patienceMs } from "../until.ts";

export const pageNames = ["Overview", "Identities", "Rotation", "Refusals"] as const;

export type PageName = (typeof pageNames)[number];
export type ColorScheme = "light" | "dark";

export interface VisitOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: ColorScheme;
}

/** A browser profile that opened the link of a console. */
export interface ConsoleVisit extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page reported to the browser's console, and its uncaught errors. */
  readonly complaints: readonly string[];
  /** The URL of every request of the page. */
  readonly requests: readonly string[];
  /** Opens a page by its link in the navigation, and waits for its heading. */
  show(name: PageName): Promise<void>;
}

export async function visitConsole(
  browser: Browser,
  link: URL,
  { width = 1280, height = 800, colorScheme = "light" }: VisitOptions = {},
): Promise<ConsoleVisit> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    locale: "en-GB",
    timezoneId: "UTC",
  });
  context.setDefaultTimeout(patienceMs);
  const [complaints, requests]: string[][] = [[], []];
  context.on("request", (request) => requests?.push(request.url()));
  context.on("weberror", (error) => complaints?.push(String(error.error())));
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints?.push(message.text());
  });
  const page = await context.newPage();
  await page.goto(link.href);
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  return {
    page,
    context,
    complaints: complaints ?? [],
    requests: requests ?? [],
    async show(name) {
      const tab = page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true });
      const isShown = (await tab.getAttribute("aria-current")) === "page";
      await tab.click();
      // A new page gets the focus, as a loaded document would.
      if (!isShown) await page.locator("h1:focus").waitFor({ state: "attached" });
      await page.locator("[aria-busy=true]").waitFor({ state: "detached" });
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}
