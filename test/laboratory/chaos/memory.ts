import * as z from "zod";

const targets = z.array(z.object({ webSocketDebuggerUrl: z.string() }));
const heapUsage = z.object({
  id: z.literal(2),
  result: z.object({ usedSize: z.number(), backingStorageSize: z.number().default(0) }),
});

const TIMEOUT_MILLISECONDS = 5000;

/**
 * Measures the Worker's own memory, in bytes: its heap after a garbage collection, as the runtime's inspector has it. The
 * memory of the process would say little, since `wrangler dev` keeps something of every request that passes through it.
 * @returns `undefined` when the inspector does not answer
 */
export async function workerMemory(inspector: string): Promise<number | undefined> {
  try {
    const listed = await fetch(new URL("/json", inspector));
    const [target] = targets.parse(await listed.json());
    return target && (await heapAfterCollection(target.webSocketDebuggerUrl));
  } catch {
    return undefined;
  }
}

async function heapAfterCollection(url: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  // Node's second parameter, which the types of Workers do not know. wrangler lets in nobody without an Origin.
  const socket: WebSocket = Reflect.construct(WebSocket, [url, { headers: { Origin: "http://localhost" } }]);
  const tooLate = setTimeout(() => reject(new Error("the inspector does not answer")), TIMEOUT_MILLISECONDS);
  socket.addEventListener("error", () => reject(new Error("the inspector cannot be reached")));
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }));
    socket.send(JSON.stringify({ id: 2, method: "Runtime.getHeapUsage" }));
  });
  socket.addEventListener("message", ({ data }) => {
    const answer = heapUsage.safeParse(JSON.parse(String(data)));
    if (answer.success) resolve(answer.data.result.usedSize + answer.data.result.backingStorageSize);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(tooLate);
    socket.close();
  }
}
