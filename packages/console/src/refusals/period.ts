/** How far back the list of refusals reaches, in the words of `kasbah refusals --since`. */
export const periods = [
  { value: "10m", text: "10 min" },
  { value: "1h", text: "1 h" },
  { value: "24h", text: "24 h" },
  { value: "7d", text: "7 d" },
] as const;

export type Period = (typeof periods)[number]["value"];

/** The period in the address of the page; an hour if it is missing or unknown. */
export function periodIn(text: string | undefined): Period {
  return periods.find(({ value }) => value === text)?.value ?? "1h";
}
