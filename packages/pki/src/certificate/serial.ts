import { randomBytes } from "node:crypto";

const serialLength = 16;
/** Octets at the end of a workload's serial that tell a time, which leaves 104 random bits before them. */
const timeLength = 3;
/** Three octets of five-minute steps since the Unix epoch last until 2129. */
const stepMs = 300_000;

/**
 * A random serial of 16 octets. The first is never zero, so that every serial has 32 hexadecimal digits in
 * every tool; this takes a 1/256th of the 2^128 values away.
 */
export function createSerial(): Uint8Array {
  for (;;) {
    const serial = new Uint8Array(randomBytes(serialLength));
    if (serial[0] !== 0) return serial;
  }
}

/**
 * A serial for a workload certificate: 13 random octets, then the time at which a token last proved the name, so that a
 * certificate that renews itself carries, under the CA's signature, for how long nothing else has vouched for it.
 */
export function createWorkloadSerial(tokenProvenAt: Date): Uint8Array {
  const serial = createSerial();
  const steps = Math.floor(tokenProvenAt.getTime() / stepMs);
  Buffer.from(serial.buffer).writeUIntBE(steps, serialLength - timeLength, timeLength);
  return serial;
}

/**
 * When a token last proved the name of a certificate with this serial, rounded down to five minutes. It means something
 * only for a certificate that this CA has signed; of a serial made otherwise, it is any time of two centuries.
 */
export function tokenProofTime(serial: string): Date {
  const steps = Number.parseInt(serial.slice(-2 * timeLength), 16);
  return new Date(steps * stepMs);
}
