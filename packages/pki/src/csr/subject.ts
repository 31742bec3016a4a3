import { openElement } from "../der/cursor.ts";
import type { DerElement } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { dottedOid } from "../der/values.ts";
import { PkiError } from "../errors.ts";
import { oid } from "../oids.ts";

/** The facts of a requested subject that matter, since the CA never copies the subject. */
export interface RequestedSubject {
  readonly hasCommonName: boolean;
  /**
   * Whether no attribute has a value. Stock agents send `O=` with an empty PrintableString; ztunnel sends an
   * empty subject.
   */
  readonly isEmpty: boolean;
}

/**
 * Reads a Name (RFC 5280 §4.1.2.4) without checking its strings: X.520 would forbid the empty one that Istio
 * sends. @throws PkiError `DER_MALFORMED`
 */
export function readRequestedSubject(name: DerElement): RequestedSubject {
  let hasCommonName = false;
  let isEmpty = true;
  for (const attribute of name.children.flatMap(attributesOf)) {
    if (attribute.value.length === 0) continue;
    isEmpty = false;
    hasCommonName ||= attribute.type === oid.commonName;
  }
  return { hasCommonName, isEmpty };
}

function attributesOf(rdn: DerElement): { type: string; value: Uint8Array }[] {
  openElement(rdn, tag.set, "RelativeDistinguishedName");
  if (rdn.children.length === 0) throw new PkiError("DER_MALFORMED", "RelativeDistinguishedName is empty");
  return rdn.children.map((element) => {
    const fields = openElement(element, tag.sequence, "AttributeTypeAndValue");
    const type = dottedOid(fields.take(tag.oid, "type").content);
    const { content } = fields.takeAny("value");
    fields.end();
    return { type, value: content };
  });
}
