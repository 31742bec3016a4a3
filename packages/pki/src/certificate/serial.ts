import { randomBytes } from "node:crypto";

const serialLength = 16;
/** The trailing octets of a workload's serial encode a time, which leaves 104 random bits. */
const timeLength = 3;
/** Longer serials contain the mark of the pod before the time. */
const markedSerialLength = 20;
const podMarkLength = 8;
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
 * A serial for a workload certificate: random octets, then the time at which a token last proved the name. A
 * certificate that renews itself thus carries, under the CA's signature, the age of its last independent proof. With
 * the mark of a pod it has 20 octets, the most that RFC 5280 §4.1.2.2 allows, of which 70 bits are random.
 */
export function createWorkloadSerial(tokenProvenAt: Date, podMark?: string): Uint8Array {
  const serial = podMark === undefined ? createSerial() : markedSerial(podMark);
  const steps = Math.floor(tokenProvenAt.getTime() / stepMs);
  Buffer.from(serial.buffer).writeUIntBE(steps, serial.length - timeLength, timeLength);
  return serial;
}

/** The first octet is positive, because a sign octet would make the serial too long. */
function markedSerial(podMark: string): Uint8Array {
  const mark = Buffer.from(podMark, "hex");
  if (mark.length !== podMarkLength) throw new RangeError(`a pod mark has ${podMarkLength} octets`);
  const serial = new Uint8Array(markedSerialLength);
  serial.set(createSerial());
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  serial.set(mark, markedSerialLength - timeLength - podMarkLength);
  return serial;
}

/**
 * The mark of the pod in the serial of a workload certificate; undefined if it names none. It is meaningful only for
 * certificates of this CA.
 */
export function podMarkOf(serial: string): string | undefined {
  if (serial.length !== 2 * markedSerialLength) return undefined;
  return serial.slice(-2 * (timeLength + podMarkLength), -2 * timeLength);
}

/**
 * The time at which a token last proved the name of a certificate with this serial, rounded down to five
 * minutes. It is meaningful only for certificates of this CA; any other serial yields an arbitrary time.
 */
export function tokenProofTime(serial: string): Date {
  const steps = Number.parseInt(serial.slice(-2 * timeLength), 16);
  return new Date(steps * stepMs);
}
