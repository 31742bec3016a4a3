import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { provideFloorNode } from "../../scripts/release/floor-node.ts";
import { npmOn } from "../../scripts/release/npm.ts";
import type { PackedRelease } from "../../scripts/release/pack.ts";
import { packTwice } from "../../scripts/release/pack-twice.ts";
import { type Installation, installRelease } from "../../scripts/release/trial.ts";
import { commandsOn } from "../../scripts/release/walk-page.ts";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { npmCli } from "./npm-cli.ts";

/** The npm package of this run, installed where nothing else is. */
export interface InstalledPackage {
  readonly packed: PackedRelease;
  readonly installed: Installation;
  /** The oldest supported Node, on which it runs. */
  readonly node: string;
}

let directory: TemporaryDirectory | undefined;
let provided: InstalledPackage | undefined;

/** Returns the package that all suites share. */
export function installedPackage(): InstalledPackage {
  if (provided === undefined)
    throw new Error("no package is installed: run mocha with --require ./test/packages/hooks.ts");
  return provided;
}

/** Mocha finds these hooks by their names. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    // The first run fetches Node and Envoy.
    this.timeout(setUpTimeoutMs);
    directory = await temporaryDirectory();
    const npm = npmOn(process.execPath, npmCli());
    const node = await provideFloorNode(npm, process.env["KASBAH_FLOOR_NODE"]);
    const packed = await packTwice(npm, directory.join("workshop"), directory.join("out"));
    const plan = { node, npmCli: npmCli(), tarball: packed.path, envoy: await testEnvoy() };
    const installed = await installRelease({ ...plan, folder: directory.join("trial") });
    provided = { packed, installed, node };
    // For suites that run pages.
    process.env["KASBAH_COMMANDS"] = await commandsOn(node, installed, directory.join("commands"));
  },

  async afterAll(): Promise<void> {
    await directory?.remove();
  },
};
