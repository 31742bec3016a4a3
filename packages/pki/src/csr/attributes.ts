import { type Extension, readExtensions } from "../certificate/extension.ts";
import { openElement } from "../der/cursor.ts";
import { checkSetOrder, type DerElement } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { dottedOid } from "../der/values.ts";
import { PkiError } from "../errors.ts";
import { latin1, readGeneralNames } from "../names/general-name.ts";
import { oid, oidName } from "../oids.ts";

/** The names and extensions that the attributes of a CSR request. */
export interface RequestedAttributes {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ignored: readonly string[];
}

/**
 * Reads the `[0]` attributes of a CSR (RFC 2986 §4.1), a SET OF under a context tag. @throws PkiError
 * `DER_MALFORMED`
 */
export function readAttributes(attributes: DerElement): RequestedAttributes {
  checkSetOrder(attributes.children);
  const uris: string[] = [];
  const dnsNames: string[] = [];
  const ignored: string[] = [];
  let extensions: readonly Extension[] | undefined;
  for (const element of attributes.children) {
    const { type, values } = readAttribute(element);
    if (type !== oid.extensionRequest) {
      ignored.push(oidName(type));
    } else if (extensions !== undefined) {
      throw new PkiError("DER_MALFORMED", "there is more than one extensionRequest");
    } else {
      extensions = readExtensionRequest(values);
    }
  }
  for (const extension of extensions ?? []) sortExtension(extension, { uris, dnsNames, ignored });
  return { uris, dnsNames, ignored };
}

function readAttribute(element: DerElement): { type: string; values: readonly DerElement[] } {
  const fields = openElement(element, tag.sequence, "Attribute");
  const type = dottedOid(fields.take(tag.oid, "type").content);
  const values = fields.take(tag.set, "values").children;
  fields.end();
  return { type, values };
}

function readExtensionRequest(values: readonly DerElement[]): readonly Extension[] {
  const [extensions, ...more] = values;
  if (extensions === undefined || more.length > 0) {
    throw new PkiError("DER_MALFORMED", "extensionRequest does not have exactly one value");
  }
  return readExtensions(extensions);
}

type Wishes = { [Kind in keyof RequestedAttributes]: string[] };

function sortExtension(extension: Extension, { uris, dnsNames, ignored }: Wishes): void {
  if (extension.oid !== oid.subjectAltName) {
    ignored.push(oidName(extension.oid));
    return;
  }
  for (const name of readGeneralNames(extension.value)) {
    if (name.kind === "dNSName") dnsNames.push(latin1(name.value));
    if (name.kind === "uniformResourceIdentifier") uris.push(latin1(name.value));
    else ignored.push(name.kind);
  }
}
