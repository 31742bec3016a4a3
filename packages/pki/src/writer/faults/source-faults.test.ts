import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { temporaryDirectory } from "@kasbah/testkit";
import { PkiError } from "../../errors.ts";
import { encodeLeafContent, encodeSignedLeaf } from "../leaf/encode.ts";
import { prepareLeaf } from "../leaf/profile.ts";
import { isAsByLibrary } from "../oracle.fixture.ts";
import { type GoodOrder, goodOrders, inspectLeaf } from "./orders.fixture.ts";
import { type SourceFault, sourceFaults } from "./source-faults.fixture.ts";

const sources = fileURLToPath(new URL("../leaf/", import.meta.url));

interface Encoder {
  readonly encodeLeafContent: typeof encodeLeafContent;
  readonly encodeSignedLeaf: typeof encodeSignedLeaf;
  readonly prepareLeaf: typeof prepareLeaf;
}

/** The encoder with a fault in its source, loaded from a copy of its folder. */
async function loadFaulty({ file, line, faulty }: SourceFault, folder: string): Promise<Encoder> {
  await cp(sources, folder, { recursive: true });
  const text = await readFile(`${folder}/${file}`, "utf8");
  assert.equal(text.split(line).length, 2, `${file} contains the line once: ${line}`);
  await writeFile(
    `${folder}/${file}`,
    text.replace(line, () => faulty),
  );
  const load = (name: string) => import(pathToFileURL(`${folder}/${name}`).href);
  return { ...(await load("encode.ts")), ...(await load("profile.ts")) };
}

/** The leaf of the order; undefined if the encoder gave up. */
async function encodeBy(encoder: Encoder, { template, issuer }: GoodOrder): Promise<Uint8Array | undefined> {
  const { publicKey, serverOnly = false } = template;
  try {
    const frame = encoder.prepareLeaf(issuer.certificate, publicKey.algorithm, serverOnly);
    const content = encoder.encodeLeafContent(template, frame);
    return encoder.encodeSignedLeaf(content, frame, await issuer.signingKey.sign(content));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function isRefused(der: Uint8Array, order: GoodOrder): boolean {
  try {
    inspectLeaf(der, order);
    return false;
  } catch (error) {
    if (error instanceof PkiError) return true;
    throw error;
  }
}

async function countWrong(encoder: Encoder): Promise<number> {
  let wrong = 0;
  for (const order of goodOrders) {
    const der = await encodeBy(encoder, order);
    const isSeen = der === undefined || !(await isAsByLibrary(der, order.template, order.issuer.certificate));
    assert.equal(
      der === undefined || isRefused(der, order),
      isSeen,
      "the lint refuses what the library sees",
    );
    if (isSeen) wrong += 1;
  }
  return wrong;
}

describe("A fault in the source of the encoder", () => {
  it("is not seen if none is planted", async () => {
    assert.equal(await countWrong({ encodeLeafContent, encodeSignedLeaf, prepareLeaf }), 0);
  });

  for (const [what, fault] of Object.entries(sourceFaults)) {
    it(`is refused by the lint and seen by the library: ${what}`, async () => {
      await using directory = await temporaryDirectory();
      const wrong = await countWrong(await loadFaulty(fault, directory.join("leaf")));
      assert.ok(wrong > 0, "one of the orders shows the fault");
    });
  }
});
