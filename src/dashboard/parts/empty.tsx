import type { Child } from "hono/jsx";

/** What stands where there is nothing to show: what that means, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}
