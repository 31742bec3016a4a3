import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import type { Browser } from "playwright-core";
import { launchChromium, whyNoChromium } from "./chromium.ts";
import { addressesIn } from "./net-log.ts";

/** A browser for the tests of one suite. */
export class BrowserSuite {
  readonly #directory: TemporaryDirectory;
  readonly browser: Browser;

  private constructor(directory: TemporaryDirectory, browser: Browser) {
    this.#directory = directory;
    this.browser = browser;
  }

  /** Skips the suite, with the reason, where no browser runs. */
  static async start(suite: Mocha.Context): Promise<BrowserSuite> {
    const missing = whyNoChromium();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      suite.skip();
    }
    const directory = await temporaryDirectory();
    return new BrowserSuite(directory, await launchChromium(directory.join("net-log.json")));
  }

  /** Closes the browser, and returns where it connected or tried to. */
  async close(): Promise<readonly string[]> {
    await this.browser.close();
    const addresses = await addressesIn(this.#directory.join("net-log.json"));
    await this.#directory.remove();
    return addresses;
  }
}
