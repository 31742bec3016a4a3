import type { ConsoleLevel } from "../api.ts";

const levelWords: Readonly<Record<ConsoleLevel, string>> = {
  ok: "OK",
  warning: "Warning",
  critical: "Critical",
};

/** A mark with a shape of its own for each level, so that it can be read without colors. */
export function LevelMark({ level }: { readonly level: ConsoleLevel }) {
  return (
    <svg class={`mark mark-${level}`} viewBox="0 0 16 16" role="img" aria-label={levelWords[level]}>
      {level === "ok" && <circle cx="8" cy="8" r="7" />}
      {level === "warning" && <path d="M8 1 15.5 14.5H.5Z" />}
      {level === "critical" && <path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5Z" />}
      {level === "ok" ? (
        <path class="sign" d="m4.8 8.2 2.2 2.2 4.2-4.6" />
      ) : (
        <path class="sign" d={level === "warning" ? "M8 6v4.2M8 12v.6" : "M8 4v5M8 11.2v.8"} />
      )}
    </svg>
  );
}
