import assert from "node:assert/strict";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { rejectsWithCode } from "@kasbah/testkit";
import { digestPluggedInFiles } from "./files.ts";
import { istioFiles, OpensslHome } from "./openssl-home.fixture.ts";

type FileSet = ReadonlyMap<string, Buffer>;

describe("Plugged-in CA in a kubelet mount", () => {
  let home: OpensslHome;
  let sets: readonly [FileSet, FileSet];
  let version = 0;

  before(async () => {
    home = await OpensslHome.create();
    await home.createIntermediate("second", "root");
    // Any mixture of the two is usable, except for key and certificate: only the digest reveals it.
    await home.plugIn("good", "root", "other");
    const first = await readSet();
    await home.plugIn("second", "root");
    sets = [first, await readSet()];
  });
  after(() => home.remove());
  beforeEach(async () => {
    await rm(home.directory, { recursive: true });
    await mkdir(home.directory);
    for (const name of istioFiles) await symlink(`..data/${name}`, home.at(name));
  });

  async function readSet(): Promise<FileSet> {
    return new Map(
      await Promise.all(istioFiles.map(async (name) => [name, await readFile(home.at(name))] as const)),
    );
  }

  /**
   * Like the kubelet: creates a new directory, swaps one link, and removes the former directory immediately.
   */
  async function swapTo(files: FileSet): Promise<void> {
    const moment = `..${++version}`;
    await mkdir(home.at(moment));
    for (const [name, bytes] of files) await writeFile(join(home.at(moment), name), bytes, { mode: 0o400 });
    await symlink(moment, home.at("..data_tmp"));
    await rename(home.at("..data_tmp"), home.at("..data"));
    await rm(home.at(`..${version - 1}`), { recursive: true, force: true });
  }

  it("reports a missing file, not the absence of a CA, while the mount's links are dangling", async () => {
    await rejectsWithCode(home.load(), "PLUGGED_IN_REJECTED");
    await swapTo(sets[0]);
    assert.ok(await home.load());
  });

  it("rejects the kubelet's usual file modes, and names the path that the operator knows", async () => {
    await swapTo(sets[0]);
    await rm(home.at(`..${version}/ca-key.pem`));
    await writeFile(home.at(`..${version}/ca-key.pem`), "", { mode: 0o644 });
    const { message } = await rejectsWithCode(home.load(), "AUTHORITY_KEY_EXPOSED");
    assert.ok(message.startsWith(`${home.at("ca-key.pem")} has mode 0644`));
  });

  it("reads all files behind the link that is swapped, so that no name leads elsewhere meanwhile", async () => {
    await swapTo(sets[0]);
    await mkdir(home.at("..late"));
    for (const [name, bytes] of sets[1]) {
      await writeFile(join(home.at("..late"), name), bytes, { mode: 0o400 });
    }
    // The third and fourth file as seen by a reader whose first two reads happened before a swap.
    for (const name of ["root-cert.pem", "cert-chain.pem"]) {
      await rm(home.at(name));
      await symlink(`..late/${name}`, home.at(name));
    }
    assert.equal((await home.loadWhole()).roots.roots.length, 2);
  });

  it("always loads one complete set in a thousand loads with a swap during each", async () => {
    const digests: string[] = [];
    for (const set of sets) {
      await swapTo(set);
      digests.push(await digestPluggedInFiles(home.directory));
    }
    const seen = new Set<string | undefined>();
    for (let round = 0; round < 1000; round++) {
      const loading = home.load();
      // Each swap starts at a different point of the load.
      for (let wait = 0; wait < round % 9; wait++) await setImmediate();
      const [set] = await Promise.all([loading, swapTo(sets[round % 2 === 0 ? 0 : 1])]);
      seen.add(set?.digest);
    }
    assert.deepEqual([...seen].sort(), digests.sort());
  });

  it("never loads a mixture when the link alternates between two directories without a pause", async () => {
    for (const [index, files] of sets.entries()) {
      await mkdir(home.at(`..v${index}`));
      for (const [name, bytes] of files)
        await writeFile(home.at(`..v${index}/${name}`), bytes, { mode: 0o400 });
    }
    let isDone = false;
    let swaps = 0;
    const swapping = (async () => {
      while (!isDone) {
        await symlink(`..v${++swaps % 2}`, home.at("..next"));
        await rename(home.at("..next"), home.at("..data"));
      }
    })();
    const keys = new Set<string>();
    try {
      for (let taken = 0; taken < 100; ) {
        const set = await home.load().catch((error: Error) => {
          assert.match(error.message, /changed during each of 5 reads|dangling link/);
          return undefined;
        });
        if (set === undefined) continue;
        taken += 1;
        const { signer, roots, digest } = set;
        keys.add(`${signer.certificate.fingerprint} ${roots.hash} ${digest}`);
      }
    } finally {
      isDone = true;
      await swapping;
    }
    assert.equal(keys.size, 2, `${swaps} swaps`);
  });
});
