/** A fault in one line of the encoder's source. */
export interface SourceFault {
  readonly file: string;
  readonly line: string;
  readonly faulty: string;
}

const fault = (file: string, line: string, faulty: string): SourceFault => ({ file, line, faulty });

/** Faults that a person could make in the encoder. Each is planted alone. */
export const sourceFaults: Readonly<Record<string, SourceFault>> = {
  "the border of short lengths is 129": fault(
    "octets.ts",
    "if (contentLength < 0x80)",
    "if (contentLength < 0x81)",
  ),
  "the border of short lengths is 127": fault(
    "octets.ts",
    "if (contentLength < 0x80)",
    "if (contentLength < 0x7f)",
  ),
  "the border of one length octet is 257": fault(
    "octets.ts",
    "if (contentLength < 0x100)",
    "if (contentLength < 0x101)",
  ),
  "the border of one length octet is 255": fault(
    "octets.ts",
    "if (contentLength < 0x100)",
    "if (contentLength < 0xff)",
  ),
  "length octets are in reverse order": fault(
    "octets.ts",
    "this.octet(contentLength >> shift)",
    "this.octet(contentLength >> (8 * (lengthOctets - 1) - shift))",
  ),
  "the first length octet is wrong": fault("octets.ts", "0x80 | lengthOctets", "0x80 | (lengthOctets + 1)"),
  "a serial with a high bit has no sign octet": fault("encode.ts", ">= 0x80 ? 1 : 0", ">= 0x100 ? 1 : 0"),
  "every serial has a sign octet": fault("encode.ts", ">= 0x80 ? 1 : 0", ">= 0x00 ? 1 : 0"),
  "the version is 2": fault("encode.ts", '"a003020102"', '"a003020101"'),
  "the times are swapped": fault("encode.ts", "writeTime(octets, begin);\n", "writeTime(octets, end);\n"),
  "the key precedes the subject": fault(
    "encode.ts",
    "octets.raw(subject).raw(spki)",
    "octets.raw(spki).raw(subject)",
  ),
  "the names precede the other extensions": fault(
    "encode.ts",
    "octets.raw(frame.extensions).raw(names)",
    "octets.raw(names).raw(frame.extensions)",
  ),
  "the extensions have another tag": fault("encode.ts", ".open(0xa3, explicit)", ".open(0xa2, explicit)"),
  "the signature has unused bits": fault(
    "encode.ts",
    ".octet(0x00).raw(signature)",
    ".octet(0x01).raw(signature)",
  ),
  "GeneralizedTime begins in 2051": fault("time.ts", "year < 2050", "year <= 2050"),
  "GeneralizedTime begins in 2049": fault("time.ts", "year < 2050", "year < 2049"),
  "months count from 0": fault("time.ts", "time.getUTCMonth() + 1", "time.getUTCMonth()"),
  "the day is the day of the week": fault("time.ts", "time.getUTCDate()", "time.getUTCDay()"),
  "minutes stand for hours": fault("time.ts", "time.getUTCHours()", "time.getUTCMinutes()"),
  "seconds are dropped": fault("time.ts", "time.getUTCSeconds()", "0"),
  "numbers have no leading zero": fault("time.ts", "value < 10", "value < 0"),
  "no zone": fault("time.ts", 'concat("Z")', 'concat("")'),
  "the names are not critical": fault("names.ts", '"0603551d110101ff"', '"0603551d11"'),
  "the names are critical beside a subject": fault("names.ts", '"0603551d11"', '"0603551d110101ff"'),
  "the names have the type of the issuer's": fault("names.ts", '"0603551d110101ff"', '"0603551d120101ff"'),
  "URI and DNS have each other's tag": fault("names.ts", "dns: 0x82, uri: 0x86", "dns: 0x86, uri: 0x82"),
  "the last name is left out": fault("names.ts", "names.entries()", "names.slice(0, -1).entries()"),
  "the common name is an IA5String": fault("subject.ts", "0x0c, text.length", "0x16, text.length"),
  "the common name is a surname": fault("subject.ts", '"0603550403"', '"0603550404"'),
  "the subject is always empty": fault("subject.ts", "commonName === undefined", "true"),
  "keyEncipherment is dataEncipherment": fault(
    "profile.ts",
    "keyEncipherment: 0x20",
    "keyEncipherment: 0x10",
  ),
  "the usage of signatures is contentCommitment": fault(
    "profile.ts",
    "digitalSignature: 0x80",
    "digitalSignature: 0x40",
  ),
  "the key usage has no unused bits": fault("profile.ts", "0x03, 0x02, unused, bits", "0x03, 0x02, 0, bits"),
  "the key usage is not critical": fault("profile.ts", '"300e0603551d0f0101ff0404"', '"300b0603551d0f0404"'),
  "leaves are for servers only": fault("profile.ts", "serverOnly ? frames.server", "true ? frames.server"),
  "serving certificates are for clients": fault(
    "profile.ts",
    "serverOnly ? frames.server",
    "false ? frames.server",
  ),
  "clientAuth is codeSigning": fault(
    "profile.ts",
    "07030106082b06010505070302",
    "07030106082b06010505070303",
  ),
  "leaves are authorities": fault(
    "profile.ts",
    '"300c0603551d130101ff04023000"',
    '"300f0603551d130101ff040530030101ff"',
  ),
  "the constraints are not critical": fault(
    "profile.ts",
    '"300c0603551d130101ff04023000"',
    '"30090603551d1304023000"',
  ),
  "the authority's key identifier is left out": fault(
    "profile.ts",
    "if (issuerKeyId === undefined)",
    "if (true)",
  ),
  "the authority's key identifier is that of the subject": fault(
    "profile.ts",
    '"0603551d23"',
    '"0603551d0e"',
  ),
  "all issuers share one frame": fault(
    "profile.ts",
    "new WeakMap<Certificate, OfIssuer>()",
    "new (class extends Map { get() { return [...this.values()][0]; } })()",
  ),
  "all key algorithms share one frame": fault(
    "profile.ts",
    "ofIssuer.get(leafKey)",
    "[...ofIssuer.values()][0]",
  ),
  "the issuer's own issuer is written": fault("profile.ts", "issuer.subject]", "issuer.issuer]"),
};
