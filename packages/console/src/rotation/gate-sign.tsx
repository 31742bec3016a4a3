/** A lock, open or shut. Words beside it say the same. */
export function GateSign({ open }: { readonly open: boolean }) {
  return (
    <svg class={open ? "gate-sign gate-sign-open" : "gate-sign"} viewBox="0 0 16 16" aria-hidden="true">
      <rect x="3" y="7" width="10" height="7.5" rx="1.5" />
      <path d={open ? "M5.2 7V4.6a2.8 2.8 0 0 1 5.4-1" : "M5.2 7V4.6a2.8 2.8 0 0 1 5.6 0V7"} />
    </svg>
  );
}
