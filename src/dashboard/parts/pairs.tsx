import type { Child } from "hono/jsx";

/** Names and their values. */
export function Pairs({ pairs }: { pairs: readonly { name: string; value: Child }[] }) {
  return (
    <dl class="pairs">
      {pairs.map(({ name, value }) => (
        <div key={name}>
          <dt>
            <bdi>{name}</bdi>
          </dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
