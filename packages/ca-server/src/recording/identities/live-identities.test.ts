import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import type { IssuedEntry } from "@kasbah/ledger";
import { issued, noon, spiffe } from "@kasbah/testkit/ledger";
import { LiveIdentities } from "./live-identities.ts";

const minuteMs = 60_000;
const at = (minutes: number) => new Date(noon + minutes * minuteMs);

/** Valid from noon for 100 minutes, so it is late from minute 75 on. */
function leaf(name: string, changes: Partial<IssuedEntry> = {}): IssuedEntry {
  const [notBefore, notAfter] = [at(0).toISOString(), at(100).toISOString()];
  return issued({ spiffeId: spiffe(name), notBefore, notAfter, ...changes });
}

describe("LiveIdentities", () => {
  const unread = { serialsAt: async () => assert.fail("no serial has to be read") };
  const read = (identities: LiveIdentities, minutes: number, forMerging = false) =>
    identities.totals(at(minutes), { forMerging });

  it("stays within its bound however many names are issued, and says until when its totals are partial", async () => {
    const identities = new LiveIdentities(unread, 100);
    identities.seeded();
    for (let each = 0; each < 10_000; each += 1) identities.issued(leaf(`n${each}`));
    assert.deepEqual(await read(identities, 1), { live: 100, late: 0, soonest: [], partial: true });
    identities.issued(leaf("n7", { notAfter: at(300).toISOString() }));
    const after = await read(identities, 101);
    assert.deepEqual([after.live, after.partial], [1, false]);
    identities.issued(leaf("new", { notAfter: at(200).toISOString() }));
    assert.equal((await read(identities, 102)).live, 2);
  });

  it("is partial until the ledger has been read", async () => {
    const identities = new LiveIdentities(unread);
    assert.deepEqual(await read(identities, 0), { live: 0, late: 0, soonest: [], partial: true });
    identities.seeded();
    assert.equal((await read(identities, 0)).partial, false);
  });

  it("counts an identity as late from three quarters of its lifetime on, and no longer once it has expired", async () => {
    const identities = new LiveIdentities(unread);
    identities.seeded();
    const entry = leaf("a");
    identities.issued(entry);
    const seen = async (minutes: number) => {
      const { live, late } = await read(identities, minutes);
      return [live, late];
    };
    assert.deepEqual(await seen(75), [1, 0]);
    assert.deepEqual(await seen(75.1), [1, 1]);
    assert.deepEqual((await read(identities, 80)).soonest, [
      { spiffeId: spiffe("a"), serial: entry.serial, notBefore: at(0), notAfter: at(100) },
    ]);
    assert.deepEqual(await seen(100.1), [0, 0]);
  });

  it("is not late once it is renewed, even if older certificates of it are", async () => {
    const identities = new LiveIdentities(unread);
    identities.issued(leaf("a"));
    identities.issued(leaf("a", { notBefore: at(50).toISOString(), notAfter: at(150).toISOString() }));
    identities.found([{ spiffeId: spiffe("a"), index: 1, notBeforeMs: noon, notAfterMs: noon + 1 }]);
    const { live, late } = await read(identities, 90);
    assert.deepEqual([live, late], [1, 0]);
  });

  it("lists the twenty that expire first, with the serials of those that it found in the ledger", async () => {
    const asked: (readonly number[])[] = [];
    const identities = new LiveIdentities({
      serialsAt: async (indices) => {
        asked.push(indices);
        return indices.map((index) => (index === 3 ? undefined : `serial-${index}`));
      },
    });
    for (let each = 99; each >= 0; each -= 1)
      identities.found([
        {
          spiffeId: spiffe(`n${each}`),
          index: each,
          notBeforeMs: noon,
          notAfterMs: at(100 + each).getTime(),
        },
      ]);
    identities.seeded();
    const { live, late, soonest } = await read(identities, 99);
    assert.deepEqual([live, soonest.length, soonest[0]?.spiffeId], [100, 20, spiffe("n0")]);
    assert.equal(late, 32);
    assert.deepEqual(
      soonest.slice(2, 5).map(({ serial }) => serial),
      ["serial-2", "", "serial-4"],
    );
    assert.deepEqual(asked, [Array.from({ length: 20 }, (_, each) => each)]);
    await read(identities, 99);
    assert.deepEqual(asked[1], [3], "a serial is read once");
  });

  it("names the identities that are not late by their hashes only if that is requested for a merge", async () => {
    const identities = new LiveIdentities(unread);
    identities.seeded();
    identities.issued(leaf("late"));
    for (const name of ["b", "a"]) identities.issued(leaf(name, { notAfter: at(1_000).toISOString() }));
    const { fresh, soonest } = await read(identities, 90, true);
    const bytes = Buffer.from(fresh ?? "", "base64");
    const hashes = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)].sort();
    assert.deepEqual([hashes, bytes.length], [[crc32(spiffe("a")), crc32(spiffe("b"))].sort(), 8]);
    assert.deepEqual(
      soonest.map(({ spiffeId }) => spiffeId),
      [spiffe("late")],
    );
    assert.equal((await read(identities, 90)).fresh, undefined);
  });
});
