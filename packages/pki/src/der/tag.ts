/** Identifier octets (X.690 §8.1.2) of the universal types that X.509 and PKCS#10 use. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Identifier octet of a primitive context-specific element, such as a GeneralName's `[6]`. */
export function primitiveTag(number: number): number {
  return 0x80 | number;
}

/** Identifier octet of a constructed context-specific element, such as the extensions' `[3]`. */
export function constructedTag(number: number): number {
  return 0xa0 | number;
}
