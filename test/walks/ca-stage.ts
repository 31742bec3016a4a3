import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { currentKasbah } from "../harness/kasbah-command.ts";
import { type SavedIssuer, saveIssuer } from "../harness/token-issuer.ts";

/** A machine on which the incidents of CAs are caused, each in a state directory of its own. */
export class CaStage {
  readonly directory: TemporaryDirectory;
  /** What the incidents start ends with it. */
  readonly running: AsyncDisposableStack;
  readonly issuer: SavedIssuer;

  private constructor(directory: TemporaryDirectory, running: AsyncDisposableStack, issuer: SavedIssuer) {
    this.directory = directory;
    this.running = running;
    this.issuer = issuer;
  }

  static async create(running: AsyncDisposableStack): Promise<CaStage> {
    const directory = await temporaryDirectory();
    running.defer(() => directory.remove());
    return new CaStage(directory, running, await saveIssuer(directory.join("issuer")));
  }

  /** Starts a CA without waiting for it. */
  launch(stateDir: string, ...flags: readonly string[]): CaProcess {
    return this.running.use(new CaProcess({ stateDir, flags: [...this.issuer.flags, ...flags] }));
  }

  /** The state directory of a CA that has its authorities, and has not yet run. */
  async initialize(name: string): Promise<string> {
    const stateDir = this.directory.join(name);
    await currentKasbah(["init", "--state-dir", stateDir]);
    return stateDir;
  }
}
