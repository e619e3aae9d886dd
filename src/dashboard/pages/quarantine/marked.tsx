import { type Mark, Sheet } from "../../ui/parts.tsx";
import { type FieldProblem, placesOf } from "./places.ts";

/** The mark of a field in the text that is shown. */
interface FieldMark extends Mark {
  id: string;
  path: string;
}

/** Finds the marks of fields in a text, in their order; one that lies within another is left out. */
export function findMarks(text: string, paths: readonly string[]): FieldMark[] {
  const found = [...placesOf(text, paths)].map(([path, place]) => ({ ...place, path }));
  const marks: FieldMark[] = [];
  for (const place of found.sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (place.start >= (marks.at(-1)?.end ?? 0)) marks.push({ ...place, id: `place-${marks.length + 1}` });
  }
  return marks;
}

/** The fields that do not fit, each with a link to its place in the body. */
export function Fields({ fields, marks }: { fields: readonly FieldProblem[]; marks: readonly FieldMark[] }) {
  return (
    <Sheet title="What does not fit">
      <ul>
        {fields.map(({ path, message }) => {
          const mark = marks.find((candidate) => candidate.path === path);
          return (
            <li>
              {mark === undefined ? <strong>{path}</strong> : <a href={`#${mark.id}`}>{path}</a>}: {message}
              {mark === undefined && <span class="soft small"> (not in what is shown below)</span>}
            </li>
          );
        })}
      </ul>
    </Sheet>
  );
}
