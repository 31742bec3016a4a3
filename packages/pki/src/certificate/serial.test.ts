import assert from "node:assert/strict";
import { createSerial, createWorkloadSerial, issuerMarkOf, podMarkOf, tokenProofTime } from "./serial.ts";

const hex = (serial: Uint8Array) => Buffer.from(serial).toString("hex");

describe("createSerial", () => {
  it("creates unique serials of sixteen octets, the first of which is not zero", () => {
    const serials = Array.from({ length: 2000 }, createSerial);
    assert.ok(serials.every((serial) => serial.length === 16 && serial[0] !== 0));
    assert.equal(new Set(serials.map((serial) => serial.join())).size, serials.length);
  });

  it("encodes in a workload's serial the time at which a token last proved its name, rounded down", () => {
    for (const time of ["1970-01-01T00:00:00Z", "2030-06-01T11:59:59.999Z", "2129-01-01T00:00:00Z"]) {
      const provenAt = new Date(time);
      const lateMs = provenAt.getTime() - tokenProofTime(hex(createWorkloadSerial(provenAt))).getTime();
      assert.ok(lateMs >= 0 && lateMs < 300_000, `${time}: ${lateMs} ms`);
    }
  });

  it("creates workload serials that differ in 104 random bits even at the same time", () => {
    const provenAt = new Date("2030-01-01T00:00:00Z");
    const serials = Array.from({ length: 2000 }, () => hex(createWorkloadSerial(provenAt)));
    assert.equal(new Set(serials.map((serial) => serial.slice(0, 26))).size, serials.length);
    assert.equal(new Set(serials.map((serial) => serial.slice(26))).size, 1);
    assert.ok(serials.every((serial) => serial.length === 32));
  });

  it("creates positive serials of twenty octets with the mark of a pod, the time and 70 random bits", () => {
    const [provenAt, mark] = [new Date("2030-01-01T00:00:00Z"), "0123456789abcdef"];
    const serials = Array.from({ length: 2000 }, () => hex(createWorkloadSerial(provenAt, mark)));
    assert.equal(new Set(serials.map((serial) => serial.slice(0, 18))).size, serials.length);
    for (const serial of serials) {
      assert.match(serial, /^[4-7][0-9a-f]{39}$/);
      assert.equal(podMarkOf(serial), mark);
      assert.equal(tokenProofTime(serial).getTime(), provenAt.getTime());
    }
  });

  it("creates positive serials of eighteen octets with the mark of an issuer, the time and 78 random bits", () => {
    const [provenAt, mark] = [new Date("2030-01-01T00:00:00Z"), "0123456789"];
    const serials = Array.from({ length: 2000 }, () => hex(createWorkloadSerial(provenAt, mark)));
    assert.equal(new Set(serials.map((serial) => serial.slice(0, 20))).size, serials.length);
    for (const serial of serials) {
      assert.match(serial, /^[4-7][0-9a-f]{35}$/);
      assert.deepEqual([issuerMarkOf(serial), podMarkOf(serial)], [mark, undefined]);
      assert.equal(tokenProofTime(serial).getTime(), provenAt.getTime());
    }
    assert.equal(issuerMarkOf(hex(createWorkloadSerial(provenAt, "0123456789abcdef"))), undefined);
  });

  it("finds no mark in the serial of a certificate without a pod, or of an earlier release", () => {
    assert.equal(podMarkOf(hex(createWorkloadSerial(new Date()))), undefined);
    assert.equal(issuerMarkOf(hex(createWorkloadSerial(new Date()))), undefined);
  });

  it("creates no serial with a mark of another length", () => {
    for (const mark of ["", "00", "0123456789abcdef00"])
      assert.throws(() => createWorkloadSerial(new Date(), mark), RangeError);
  });
});
