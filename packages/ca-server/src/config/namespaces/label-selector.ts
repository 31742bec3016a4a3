import { isSubdomain } from "@kasbah/pki";

type Labels = Readonly<Record<string, string>>;

/** A selector of objects by their labels, as `kubectl get --selector` reads it. */
export interface ParsedSelector {
  matches(labels: Labels): boolean;
}

type Requirement = (labels: Labels) => boolean;

const name = "(?:[A-Za-z0-9][A-Za-z0-9._-]{0,61})?[A-Za-z0-9]";
const key = `(?:[a-z0-9.-]+/)?${name}`;
const forms = {
  equality: new RegExp(`^(?<key>${key})\\s*(?<operator>==?|!=)\\s*(?<value>(?:${name})?)$`),
  set: new RegExp(`^(?<key>${key})\\s+(?<operator>in|notin)\\s*\\((?<values>[^()]*)\\)$`),
  existence: new RegExp(`^(?<operator>!?)\\s*(?<key>${key})$`),
};
const value = new RegExp(`^${name}$`);

/**
 * Reads requirements such as `mesh=on,env in (a,b),!legacy`, all of which must hold. As in Kubernetes, `!=` and `notin`
 * also match objects without the label. Comparisons of numbers are not supported.
 *
 * @throws Error with the expected form
 */
export function parseLabelSelector(text: string): ParsedSelector {
  const requirements = text.split(/,(?![^()]*\))/).map((part) => parseRequirement(part.trim()));
  return { matches: (labels) => requirements.every((holds) => holds(labels)) };
}

function parseRequirement(text: string): Requirement {
  const { equality, set, existence } = forms;
  const found = (equality.exec(text) ?? set.exec(text) ?? existence.exec(text))?.groups;
  const { key: label = "", operator = "", value: equal, values } = found ?? malformed();
  const [prefix, rest] = label.split("/");
  if (rest !== undefined && !isSubdomain(prefix ?? "")) malformed();
  if (equal !== undefined) {
    return operator === "!="
      ? (labels) => labelValue(labels, label) !== equal
      : (labels) => labelValue(labels, label) === equal;
  }
  if (values === undefined) return (labels) => Object.hasOwn(labels, label) === (operator !== "!");
  const listed = new Set(values.split(",").map((one) => parseValue(one.trim())));
  return operator === "in"
    ? (labels) => listed.has(labelValue(labels, label) ?? "")
    : (labels) => !listed.has(labelValue(labels, label) ?? "");
}

/** An empty value in a list would match objects without the label by mistake. */
function parseValue(text: string): string {
  return value.test(text) ? text : malformed();
}

function labelValue(labels: Labels, label: string): string | undefined {
  return Object.hasOwn(labels, label) ? labels[label] : undefined;
}

function malformed(): never {
  throw new Error('expected a label selector such as "istio-injection=enabled" or "env in (a,b),!legacy"');
}
