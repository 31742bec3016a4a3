import { Octets, sizeOf } from "./octets.ts";

const empty = Buffer.from("3000", "hex");
const commonNameType = Buffer.from("0603550403", "hex");

/** An empty Name, or one with only a common name, a UTF8String. */
export function encodeSubject(commonName: string | undefined): Uint8Array {
  if (commonName === undefined) return empty;
  const text = Buffer.from(commonName, "utf8");
  const attribute = commonNameType.length + sizeOf(text.length);
  const set = sizeOf(attribute);
  const name = sizeOf(set);
  const octets = new Octets(sizeOf(name)).open(0x30, name).open(0x31, set).open(0x30, attribute);
  return octets.raw(commonNameType).open(0x0c, text.length).raw(text).end();
}
