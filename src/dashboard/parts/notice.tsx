import type { Child } from "hono/jsx";

/** What came of an action, or what is wrong with what was asked. */
export function Notice({ tone = "good", children }: { tone?: "good" | "bad" | "warn"; children: Child }) {
  return (
    <div class={tone === "good" ? "notice" : `notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}
