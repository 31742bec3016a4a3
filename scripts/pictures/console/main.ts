// Writes docs/pictures/console-*.png: the console of a real CA, in light and dark. `npm run pictures:console` runs it after
// a change of the page. Its dates and numbers are those of the run, so the files change each time.
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { systemClock } from "@kasbah/runtime";
import { startCa } from "../../../test/harness/ca-process.ts";
import { launchChromium, whyNoChromium } from "../../../test/harness/console/chromium.ts";
import { ConsoleProcess } from "../../../test/harness/console/console-process.ts";
import {
  type ColorScheme,
  type PageName,
  visitConsole,
} from "../../../test/harness/console/console-visit.ts";
import { causeTraffic } from "../../../test/harness/console/traffic.ts";
import { currentKasbah } from "../../../test/harness/kasbah-command.ts";
import { repositoryRoot } from "../../../test/harness/repository.ts";

const shots = [
  ["Overview", "light"],
  ["Overview", "dark"],
  ["Identities", "light"],
  ["Rotation", "dark"],
  ["Refusals", "light"],
] as const satisfies readonly (readonly [PageName, ColorScheme])[];

/** Long enough for a curve. */
const minutes = 4;

const missing = whyNoChromium();
if (missing !== undefined) throw new Error(missing);
await using ca = await startCa();
for (let minute = 0; minute <= minutes; minute++) {
  process.stdout.write(`traffic: minute ${minute} of ${minutes}\n`);
  for (let call = 0; call <= (minute * 3) % 4; call++) await causeTraffic(ca);
  if (minute < minutes) await systemClock.sleep(60_000);
}
await currentKasbah(["authority", "rotate", "--root", "--state-dir", ca.stateDir]);
// A relative path, so that the pictures show no temporary directory.
await using command = new ConsoleProcess(["--state-dir", "state"], {}, dirname(ca.stateDir));
const browser = await launchChromium("/dev/null");
try {
  const visit = await visitConsole(browser, await command.link(), { width: 1000, height: 640 });
  for (const [name, colorScheme] of shots) {
    await visit.show(name);
    await visit.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const path = `docs/pictures/console-${name.toLowerCase()}-${colorScheme}.png`;
    await visit.page.screenshot({ path: join(repositoryRoot, path), animations: "disabled" });
    process.stdout.write(`${path}: ${(await stat(join(repositoryRoot, path))).size} bytes\n`);
  }
} finally {
  await browser.close();
}
