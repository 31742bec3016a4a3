import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../../harness/ca-process.ts";
import { serverBin } from "../../harness/repository.ts";
import { suiteTimeoutMs } from "../../harness/until.ts";
import { accepts, type CaSet } from "./ca-set.ts";
import { inParallel } from "./in-parallel.ts";
import { caSets } from "./table.ts";
import { type MadeSet, Workshop } from "./workshop.ts";

/** In `npm test`, a few sets of every table; all of them with KASBAH_CA_SETS=all. */
const share = process.env["KASBAH_CA_SETS"] === "all" ? 1 : 9;
const refused = caSets.filter(({ kasbah }) => "refuses" in kasbah).filter((_, index) => index % share === 0);

const base: CaSet = {
  name: "base",
  certificates: { root: { subject: "/O=base/CN=root" }, mesh: { subject: "/O=base/CN=mesh" } },
  kasbah: accepts,
};
const successor: CaSet = { ...base, name: "successor" };

describe("CA whose plugged-in files are replaced while it runs", function () {
  this.timeout(suiteTimeoutMs);
  let directory: TemporaryDirectory;
  let ca: RunningCa;
  let sets: readonly MadeSet[];
  let baseRoot: string;

  before(async () => {
    directory = await temporaryDirectory();
    await Promise.all([
      mkdir(directory.join("base")),
      mkdir(directory.join("others")),
      mkdir(directory.join("cacerts")),
    ]);
    const own = new Workshop(directory.join("base"));
    const [first, next] = await inParallel([base, successor], (set) => own.make(set));
    assert.ok(first && next);
    baseRoot = await readFile(first.rootsPath, "utf8");
    const others = new Workshop(directory.join("others"));
    sets = [...(await inParallel(refused, (set) => others.make(set))), next];
    for (const { rootsPath } of sets) {
      await writeFile(rootsPath, (await readFile(rootsPath, "utf8")) + baseRoot);
    }
    await mount(first);
    await writePolicy([]);
    ca = await startCa({ flags: ["--root-ca-dir", directory.join("cacerts"), "--policy", policyPath()] });
  });
  after(async () => {
    await ca?.stop();
    await directory.remove();
  });

  const policyPath = () => directory.join("policy.yaml");
  const writePolicy = (dnsNames: readonly string[]) => {
    const allow = { allow: true, dnsNames, dangerouslyPublicNames: true };
    return writeFile(policyPath(), JSON.stringify({ version: 1, default: allow }));
  };

  /** Swaps the whole set in one step, as the kubelet does. */
  async function mount({ directory: target }: MadeSet): Promise<void> {
    const link = directory.join("cacerts", "..data_tmp");
    await symlink(target, link);
    await rename(link, directory.join("cacerts", "..data"));
  }

  async function warnings(): Promise<string> {
    const { ready, warnings: found = [] } = await ca.process.readiness();
    assert.ok(ready);
    return found.join("\n");
  }

  const adoptions = () => ca.process.log.split("plugged-in CA adopted").length - 1;

  it("refuses each faulty set with its reason and certificate, stays ready and keeps its signer", async () => {
    for (const made of sets.slice(0, -1)) {
      const { kasbah: expected, name } = made.set;
      assert.ok("refuses" in expected);
      await writePolicy(made.set.dnsNames ?? []);
      await mount(made);
      const isReported = async () => {
        const found = await warnings();
        return expected.refuses.test(found) && found.includes(expected.names);
      };
      await eventually(isReported).catch(async () => assert.fail(`${name}: ${await warnings()}`));
    }
    assert.equal(adoptions(), 0);
    assert.ok((await ca.process.rootPem()).includes(baseRoot.trim()));
  });

  it("reports a faulty set with --check-config and exits with 2, and nothing about one that works", async () => {
    const [faulty, works] = [sets[0], sets.at(-1)];
    assert.ok(faulty && works && "refuses" in faulty.set.kasbah);
    const check = ({ directory: set }: MadeSet) => {
      const flags = ["--check-config", "--root-ca-dir", set, "--kubernetes-api", "https://api.invalid"];
      return spawnSync(process.execPath, [serverBin, ...flags], { encoding: "utf8" });
    };
    const refusal = check(faulty);
    assert.equal(refusal.status, 2);
    assert.match(refusal.stderr, faulty.set.kasbah.refuses);
    assert.match(refusal.stderr, /--root-ca-dir: .*\((PLUGGED_IN_REJECTED|REHEARSAL_FAILED)\)/);
    assert.equal(check(works).status, 0);
  });

  it("takes the next set that works", async () => {
    const next = sets.at(-1);
    assert.ok(next);
    await mount(next);
    await eventually(() => adoptions() === 1);
  });
});
