/** A piece of a text, by its offsets. */
export interface Place {
  start: number;
  end: number;
}

/** A token of JSON: a string, a mark, or a number or word. */
const token = /\s*("[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+)/suy;

/** An object or a list that a value is in, with the name of the member that comes next. */
interface Container {
  isList: boolean;
  name: string;
  /** Of the container itself, when it is looked for. */
  path: string | undefined;
  start: number;
}

/**
 * Finds the values of dotted paths, like `transcript.3.content`, in JSON that may be cut off. Leaves out those that are not there, or
 * that the cut goes through. Not `JSON.parse`, which does not say where a value stands. Pure.
 */
export function placesOf(json: string, paths: readonly string[]): Map<string, Place> {
  const wanted = new Set(paths);
  const deepest = Math.max(0, ...paths.map((path) => path.split(".").length));
  const places = new Map<string, Place>();
  const containers: Container[] = [];
  const here = () => (containers.length > deepest ? undefined : containers.map(({ name }) => name).join("."));
  let isName = false;
  token.lastIndex = 0;
  for (let found = token.exec(json); found !== null; found = token.exec(json)) {
    const [, text = ""] = found;
    const end = token.lastIndex;
    const start = end - text.length;
    const inner = containers.at(-1);
    if (text === "{" || text === "[") {
      containers.push({ isList: text === "[", name: text === "[" ? "0" : "", path: here(), start });
      isName = text === "{";
    } else if (text === "}" || text === "]") {
      const closed = containers.pop();
      if (closed?.path !== undefined && wanted.has(closed.path)) places.set(closed.path, { start: closed.start, end });
    } else if (text === ",") {
      isName = inner?.isList === false;
      if (inner?.isList) inner.name = String(Number(inner.name) + 1);
    } else if (text === ":") {
      isName = false;
    } else if (isName && inner !== undefined) {
      inner.name = nameOf(text);
    } else {
      const path = here();
      if (path !== undefined && wanted.has(path)) places.set(path, { start, end });
    }
  }
  return places;
}

function nameOf(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** A field that does not fit, and why. */
export interface FieldProblem {
  /** Dotted. */
  path: string;
  message: string;
}

/** Parses the detail of a body that is `invalid`: `path: message; path: message`. Empty if any part is something else. */
export function fieldsOf(detail: string): FieldProblem[] {
  const parts = detail.split("; ");
  const fields = parts.flatMap((part) => {
    const [, path = "", message = ""] = /^([^\s:]+): (.+)$/.exec(part) ?? [];
    return path === "" ? [] : [{ path, message }];
  });
  return fields.length === parts.length ? fields : [];
}
