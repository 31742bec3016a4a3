import { randomBytes } from "node:crypto";

const serialLength = 16;
/** The trailing octets of a workload's serial encode a time, which leaves 104 random bits. */
const timeLength = 3;
/** Longer serials contain a mark before the time: of the pod, or of the issuer of the token. */
const podMarkLength = 8;
const issuerMarkLength = 5;
const podSerialLength = 20;
const issuerSerialLength = 18;
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
 * the mark of a pod it has 20 octets, the most that RFC 5280 §4.1.2.2 allows, of which 70 bits are random; with that of
 * an issuer it has 18, of which 78 bits are random.
 */
export function createWorkloadSerial(tokenProvenAt: Date, mark?: string): Uint8Array {
  const serial = mark === undefined ? createSerial() : markedSerial(Buffer.from(mark, "hex"));
  const steps = Math.floor(tokenProvenAt.getTime() / stepMs);
  Buffer.from(serial.buffer).writeUIntBE(steps, serial.length - timeLength, timeLength);
  return serial;
}

/** The first octet is positive, because a sign octet would make the serial too long. */
function markedSerial(mark: Uint8Array): Uint8Array {
  const serial = new Uint8Array(lengthWith(mark));
  serial.set(createSerial());
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  serial.set(mark, serial.length - timeLength - mark.length);
  return serial;
}

function lengthWith({ length }: Uint8Array): number {
  if (length === podMarkLength) return podSerialLength;
  if (length === issuerMarkLength) return issuerSerialLength;
  throw new RangeError(`a mark has ${podMarkLength} octets (a pod) or ${issuerMarkLength} (an issuer)`);
}

/**
 * The mark of the pod in the serial of a workload certificate; undefined if it names none. It is meaningful only for
 * certificates of this CA.
 */
export function podMarkOf(serial: string): string | undefined {
  return serial.length === 2 * podSerialLength ? markIn(serial, podMarkLength) : undefined;
}

/** The same for the mark of the issuer whose token obtained the certificate. */
export function issuerMarkOf(serial: string): string | undefined {
  return serial.length === 2 * issuerSerialLength ? markIn(serial, issuerMarkLength) : undefined;
}

function markIn(serial: string, length: number): string {
  return serial.slice(-2 * (timeLength + length), -2 * timeLength);
}

/**
 * The time at which a token last proved the name of a certificate with this serial, rounded down to five
 * minutes. It is meaningful only for certificates of this CA; any other serial yields an arbitrary time.
 */
export function tokenProofTime(serial: string): Date {
  const steps = Number.parseInt(serial.slice(-2 * timeLength), 16);
  return new Date(steps * stepMs);
}
