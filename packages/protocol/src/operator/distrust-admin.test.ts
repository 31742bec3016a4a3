import assert from "node:assert/strict";
import fc from "fast-check";
import { type DistrustPreviewMessage, distrustAuthority, previewDistrust } from "../index.ts";

const count = fc.nat(0xffff_ffff);
const date = fc.date({ noInvalidDate: true });
const holder = fc
  .record({
    spiffeId: fc.string(),
    leaves: count,
    pods: count,
    serial: fc.string(),
    notAfter: date,
  })
  .map((one) => ({ ...one }));
const preview: fc.Arbitrary<DistrustPreviewMessage> = fc
  .tuple(
    fc.record({
      id: fc.string(),
      kind: fc.constantFrom("root" as const, "intermediate" as const),
      removed: fc.array(fc.string()),
      signer: fc.string(),
      creates: fc.constantFrom("" as const, "root" as const, "intermediate" as const),
      leaves: count,
      identities: count,
      pods: count,
      holders: fc.array(holder, { maxLength: 3 }),
      holdersUnknown: fc.string(),
      changesRoot: fc.boolean(),
    }),
    fc.record({ acceptedUntil: date, leavesUntil: date }, { requiredKeys: [] }),
  )
  .map(([always, maybe]) => ({ ...always, ...maybe }));

describe("The messages of distrust", () => {
  it("decode to what was encoded, empty fields included", () => {
    const { response } = previewDistrust;
    fc.assert(
      fc.property(preview, (message) => {
        assert.deepEqual(response.decode(response.encode(message)), message);
      }),
    );
  });

  it("name the authority in both requests", () => {
    for (const { request } of [previewDistrust, distrustAuthority])
      assert.deepEqual(request.decode(request.encode({ id: "root-1" })), { id: "root-1" });
  });
});
