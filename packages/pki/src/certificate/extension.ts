import { openElement } from "../der/cursor.ts";
import type { DerElement } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { dottedOid } from "../der/values.ts";
import { PkiError } from "../errors.ts";
import { oidName } from "../oids.ts";

/** One X.509 extension (RFC 5280 §4.2) with its value still encoded. */
export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/**
 * Reads an Extensions structure. No extension may occur twice, since parsers disagree on which of the two
 * counts.
 * @throws PkiError `DER_MALFORMED`
 */
export function readExtensions(extensions: DerElement): readonly Extension[] {
  const seen = new Set<string>();
  openElement(extensions, tag.sequence, "Extensions");
  return extensions.children.map((element) => {
    const extension = readExtension(element);
    if (seen.has(extension.oid)) {
      throw new PkiError("DER_MALFORMED", `the extension ${oidName(extension.oid)} occurs twice`);
    }
    seen.add(extension.oid);
    return extension;
  });
}

function readExtension(element: DerElement): Extension {
  const fields = openElement(element, tag.sequence, "Extension");
  const oid = dottedOid(fields.take(tag.oid, "extnID").content);
  const flag = fields.takeOptional(tag.boolean);
  if (flag !== undefined && flag.content[0] === 0) {
    throw new PkiError("DER_MALFORMED", "not canonical DER: the default value of critical is encoded");
  }
  const { content } = fields.take(tag.octetString, "extnValue");
  fields.end();
  return { oid, critical: flag !== undefined, value: content };
}
