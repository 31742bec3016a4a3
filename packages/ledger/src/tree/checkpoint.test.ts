import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { leafHash } from "./merkle.ts";
import { signNote } from "./note.ts";
import { createNoteKey } from "./note-key.ts";

const origin = "example.com/behind-the-sofa";
/** The example of c2sp.org/tlog-checkpoint. */
const text = `${origin}\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n`;
const root = Buffer.from("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", "base64");
const key = createNoteKey(origin, generateKeyPairSync("ed25519").privateKey);

describe("openCheckpoint", () => {
  it("rejects every form but the canonical one", () => {
    const lines = text.split("\n");
    const withLine = (at: number, line: string) => lines.with(at, line).join("\n");
    for (const changed of [
      "",
      "\n",
      "\n\n\n",
      text.slice(0, -1),
      `${text}\n`,
      `\n${text}`,
      withLine(0, ""),
      lines.toSpliced(2, 1).join("\n"),
      ...[
        "",
        "-1",
        "+1",
        "01",
        "00",
        "1.0",
        "1e3",
        "0x10",
        " 1",
        "1 ",
        "١",
        "9007199254740992",
        "1".repeat(400),
      ].map((size) => withLine(1, size)),
      ...[
        "",
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I",
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=",
        "CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=",
        " CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        Buffer.alloc(31).toString("base64"),
        Buffer.alloc(33).toString("base64"),
      ].map((hash) => withLine(2, hash)),
      `${text}\nextension\n`,
    ]) {
      throwsWithCode(() => parseCheckpoint(changed), "CHECKPOINT_INVALID");
    }
  });

  it("refuses to sign a name that would add a line, and impossible sizes and roots", () => {
    const fields = { origin, size: 1, root };
    for (const wrong of ["", "a\n", "\na", "a\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="])
      throwsWithCode(() => formatCheckpoint({ ...fields, origin: wrong }), "CHECKPOINT_INVALID");
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53, 1e21])
      throwsWithCode(() => formatCheckpoint({ ...fields, size }), "CHECKPOINT_INVALID");
    throwsWithCode(() => formatCheckpoint({ ...fields, root: root.subarray(1) }), "CHECKPOINT_INVALID");
    throwsWithCode(() => signCheckpoint({ ...fields, origin: "a\rb" }, key), "NOTE_MALFORMED");
  });

  it("rejects a checkpoint of another log signed with the same key", () => {
    const note = signCheckpoint({ origin: "example.com/other", size: 1, root }, key);
    const { message } = throwsWithCode(
      () => openCheckpoint(note, key.verifier, origin),
      "CHECKPOINT_INVALID",
    );
    assert.match(message, /expected the log example\.com\/behind-the-sofa, found example\.com\/other/);
  });

  it("rejects a checkpoint whose text was changed or that another key signed", () => {
    throwsWithCode(
      () => openCheckpoint(signNote("hello\n", key), key.verifier, origin),
      "CHECKPOINT_INVALID",
    );
    const otherKey = createNoteKey(origin, generateKeyPairSync("ed25519").privateKey);
    const note = signCheckpoint({ origin, size: 1, root }, otherKey);
    throwsWithCode(() => openCheckpoint(note, key.verifier, origin), "NOTE_UNVERIFIED");
  });

  it("reads and writes the specification's example", () => {
    assert.deepEqual(parseCheckpoint(text), { origin, size: 20_852_163, root });
    assert.equal(formatCheckpoint(parseCheckpoint(text)), text);
  });

  it("keeps the extension lines of other logs", () => {
    const extended = `${text}opaque\nlines\n`;
    assert.deepEqual(parseCheckpoint(extended).extensions, ["opaque", "lines"]);
    assert.equal(formatCheckpoint(parseCheckpoint(extended)), extended);
  });

  it("opens signed checkpoints of any size", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array(), (size, data) => {
        const checkpoint = { origin, size, root: leafHash(data) };
        assert.deepEqual(openCheckpoint(signCheckpoint(checkpoint, key), key.verifier, origin), checkpoint);
      }),
    );
  });
});
