type Path = string | null | undefined;

/** The ways to other pages of a listing, of those there are. */
export function Paging({ first, next }: { first: Path; next: Path }) {
  if (!first && !next) return null;
  return (
    <nav class="actions" aria-label="Pages">
      {first && (
        <a class="button" href={first}>
          First page
        </a>
      )}
      {next && (
        <a class="button" href={next}>
          Next page
        </a>
      )}
    </nav>
  );
}
