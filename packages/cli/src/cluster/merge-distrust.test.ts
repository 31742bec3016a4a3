import assert from "node:assert/strict";
import type { DistrustPreviewMessage } from "@kasbah/protocol";
import { CliError } from "../errors.ts";
import { mergePreviews } from "./merge-distrust.ts";

const hour = (hours: number) => new Date(Date.UTC(2030, 0, 1, hours));
const holder = (spiffeId: string, hours: number) => ({
  spiffeId,
  leaves: 2,
  pods: 1,
  serial: `${hours}`,
  notAfter: hour(hours),
});
const preview: DistrustPreviewMessage = {
  id: "root-1",
  kind: "root",
  removed: ["root-1"],
  signer: "",
  creates: "root",
  leaves: 2,
  identities: 1,
  pods: 1,
  holders: [holder("spiffe://a", 1)],
  holdersUnknown: "",
  changesRoot: true,
};

describe("mergePreviews", () => {
  it("adds what each replica issued, and names every identity once with its last expiry", () => {
    const other = {
      ...preview,
      leaves: 4,
      identities: 2,
      pods: 2,
      holders: [holder("spiffe://b", 9), holder("spiffe://a", 3)],
    };
    const given = [preview, other].map((answer, index) => ({ replica: `kasbah-${index}`, answer }));
    const { leaves, identities, pods, holders } = mergePreviews({ given, refused: [], missing: [] });
    assert.deepEqual([leaves, identities, pods], [6, 2, 3]);
    assert.deepEqual(holders, [
      holder("spiffe://b", 9),
      { spiffeId: "spiffe://a", leaves: 4, pods: 2, serial: "3", notAfter: hour(3) },
    ]);
  });

  it("names the replica that does not know its certificates", () => {
    const unknown = { ...preview, holders: [], holdersUnknown: "no index" };
    const given = [
      { replica: "kasbah-0", answer: preview },
      { replica: "kasbah-1", answer: unknown },
    ];
    assert.equal(mergePreviews({ given, refused: [], missing: [] }).holdersUnknown, "kasbah-1: no index");
  });

  it("reports the refusal if no replica answers", () => {
    const error = new CliError("OPERATION_REFUSED", "already distrusted");
    assert.throws(
      () => mergePreviews({ given: [], refused: [{ replica: "kasbah-0", error }], missing: [] }),
      {
        code: "OPERATION_REFUSED",
      },
    );
  });
});
