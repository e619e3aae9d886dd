/**
 * Stands between a Worker and its stores: sees every operation with its parameters (of a batch of D1 the values that are bound), may
 * take its time, and hands on what came back.
 */
export type Around = <T>(
  store: "D1" | "R2" | "queue",
  operation: string,
  perform: () => Promise<T>,
  parameters?: readonly unknown[],
) => Promise<T>;

/** The environment with every store operation going through `around`; everything else is as it was. */
export function wrapStores(env: Env, around: Around): Env {
  return {
    ...env,
    DB: wrapDatabase(env.DB, around),
    ARCHIVE: wrapMethods(env.ARCHIVE, (...asked) => around("R2", ...asked)),
    SYNC_QUEUE: wrapMethods(env.SYNC_QUEUE, (...asked) => around("queue", ...asked)),
  };
}

const statementOperations: ReadonlySet<string | symbol> = new Set(["run", "all", "first", "raw"]);

function wrapDatabase(database: D1Database, around: Around): D1Database {
  return new Proxy(database, {
    get(target, property) {
      if (property === "withSession") {
        return (constraint?: string) => wrapSession(target.withSession(constraint), around);
      }
      return wrappedOperation(target, property, around);
    },
  });
}

function wrapSession(session: D1DatabaseSession, around: Around): D1DatabaseSession {
  return new Proxy(session, { get: (target, property) => wrappedOperation(target, property, around) });
}

/** D1 looks into the statements of a batch and takes only its own. */
const originals = new WeakMap<D1PreparedStatement, { statement: D1PreparedStatement; values: readonly unknown[] }>();

function wrapStatement(
  statement: D1PreparedStatement,
  around: Around,
  bound: readonly unknown[] = [],
): D1PreparedStatement {
  const wrapped = new Proxy(statement, {
    get(target, property) {
      if (property === "bind") return (...values: unknown[]) => wrapStatement(target.bind(...values), around, values);
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== "function" || !statementOperations.has(property)) return value;
      return (...parameters: unknown[]) =>
        around("D1", String(property), async () => Reflect.apply(value, target, parameters), bound);
    },
  });
  originals.set(wrapped, { statement, values: bound });
  return wrapped;
}

function wrappedOperation(target: D1Database | D1DatabaseSession, property: string | symbol, around: Around) {
  if (property === "prepare") return (query: string) => wrapStatement(target.prepare(query), around);
  if (property === "batch") {
    return (statements: D1PreparedStatement[]) =>
      around(
        "D1",
        "batch",
        () => target.batch(statements.map((one) => originals.get(one)?.statement ?? one)),
        statements.flatMap((one) => originals.get(one)?.values ?? []),
      );
  }
  // An exec would pass uncounted: better to find out.
  throw new Error(`the bench does not know D1Database.${String(property)}`);
}

function wrapMethods<Store extends object>(
  store: Store,
  around: <T>(operation: string, perform: () => Promise<T>, parameters: readonly unknown[]) => Promise<T>,
): Store {
  return new Proxy(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== "function") return value;
      // Native methods insist on the binding itself as `this`.
      return (...parameters: unknown[]) =>
        around(String(property), async () => Reflect.apply(value, target, parameters), parameters);
    },
  });
}
