import { randomBytes } from "node:crypto";

const serialLength = 16;
/** The trailing octets of a workload's serial encode a time, which leaves 104 random bits. */
const timeLength = 3;
/** Three octets of five-minute steps since the Unix epoch last until 2129. */
const stepMs = 300_000;

/**
 * A random serial of 16 octets. The first octet is never zero, so every tool prints 32 hexadecimal digits;
 * this costs 1/256 of the 2^128 values.
 */
export function createSerial(): Uint8Array {
  for (;;) {
    const serial = new Uint8Array(randomBytes(serialLength));
    if (serial[0] !== 0) return serial;
  }
}

/**
 * A serial for a workload certificate: 13 random octets, then the time at which a token last proved the name.
 * A certificate that renews itself thus carries, under the CA's signature, the age of its last independent
 * proof.
 */
export function createWorkloadSerial(tokenProvenAt: Date): Uint8Array {
  const serial = createSerial();
  const steps = Math.floor(tokenProvenAt.getTime() / stepMs);
  Buffer.from(serial.buffer).writeUIntBE(steps, serialLength - timeLength, timeLength);
  return serial;
}

/**
 * The time at which a token last proved the name of a certificate with this serial, rounded down to five
 * minutes. It is meaningful only for certificates of this CA; any other serial yields an arbitrary time.
 */
export function tokenProofTime(serial: string): Date {
  const steps = Number.parseInt(serial.slice(-2 * timeLength), 16);
  return new Date(steps * stepMs);
}
