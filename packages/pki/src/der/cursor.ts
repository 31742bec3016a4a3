import { PkiError } from "../errors.ts";
import type { DerElement } from "./reader.ts";

/** Walks the children of an element in order. Missing and surplus elements are rejected. */
export class DerCursor {
  readonly #children: readonly DerElement[];
  readonly #name: string;
  #at = 0;

  /** `name` is the structure's name in the specification, for error messages. */
  constructor(parent: DerElement, name: string) {
    this.#children = parent.children;
    this.#name = name;
  }

  /** The next element, which must have this tag. @throws PkiError `DER_MALFORMED` */
  take(identifier: number, field: string): DerElement {
    const element = this.takeOptional(identifier);
    if (element === undefined) {
      throw new PkiError("DER_MALFORMED", `${this.#name} has no ${field} where one is required`);
    }
    return element;
  }

  /** The tag of the next element; undefined at the end. */
  get next(): number | undefined {
    return this.#children[this.#at]?.tag;
  }

  /** The next element if it has this tag. */
  takeOptional(identifier: number): DerElement | undefined {
    const element = this.#children[this.#at];
    if (element?.tag !== identifier) return undefined;
    this.#at += 1;
    return element;
  }

  /** The next element, of any type. @throws PkiError `DER_MALFORMED` */
  takeAny(field: string): DerElement {
    const element = this.#children[this.#at];
    if (element === undefined) throw new PkiError("DER_MALFORMED", `${this.#name} has no ${field}`);
    this.#at += 1;
    return element;
  }

  /** Asserts that no element follows. @throws PkiError `DER_MALFORMED` */
  end(): void {
    if (this.#at < this.#children.length) {
      throw new PkiError("DER_MALFORMED", `${this.#name} has too many elements`);
    }
  }
}

/** A cursor over the children of an element that must have this tag. @throws PkiError `DER_MALFORMED` */
export function openElement(element: DerElement, identifier: number, name: string): DerCursor {
  if (element.tag !== identifier) throw new PkiError("DER_MALFORMED", `${name} has the wrong type`);
  return new DerCursor(element, name);
}
