import type { IttyRouterType } from "itty-router";
import * as z from "zod";
import { failure, success } from "./answers.ts";

const metadata = z.looseObject({ bindings: z.array(z.looseObject({ name: z.string(), type: z.string() })) });

const bulk = z.object({
  secrets: z.record(z.string(), z.object({ text: z.string(), type: z.literal("secret_text") })),
});

type Binding = z.infer<typeof metadata>["bindings"][number];

/** A version of the Worker, as it was uploaded. */
interface Upload {
  bindings: Binding[];
  /** Names of the modules and of what else the form holds. */
  parts: string[];
}

const VERSION_ID = "11111111-2222-4333-8444-555555555555";
const DEPLOYMENT_ID = "66666666-7777-4888-9999-aaaaaaaaaaaa";

/** The one Worker of the account, which exists once something is uploaded. */
export class StandInWorker {
  readonly uploads: Upload[] = [];
  /** The names of its secrets. */
  secrets: string[] = [];
  readonly #bindings = new Map<string, Binding>();

  serve(router: IttyRouterType): void {
    const scripts = "/workers/scripts/:name";
    const exists = () => (this.uploads.length > 0 ? undefined : failure(404, 10007, "this Worker does not exist"));

    // The first deployment puts a script, the later ones add a version and deploy it.
    router.put(scripts, (request) => this.#upload(request, { deployment_id: VERSION_ID.replaceAll("-", "") }));
    router.post(`${scripts}/versions`, (request) =>
      this.#upload(request, { id: VERSION_ID, resources: { script: { etag: "etag" } } }),
    );
    router.post(`${scripts}/deployments`, () => success({ id: DEPLOYMENT_ID }));
    router.patch(`${scripts}/script-settings`, () => success({}));
    router.put(`${scripts}/schedules`, () => success({}));
    router.post(`${scripts}/subdomain`, () => success({ enabled: true, previews_enabled: true }));
    router.get("/workers/subdomain", () => success({ subdomain: "stand-in" }));

    router.get("/workers/services/:name", exists, () =>
      success({ default_environment: { environment: "production", script: { last_deployed_from: "wrangler" } } }),
    );
    router.get("/workers/workers/:name", exists, () =>
      success({ subdomain: { enabled: true, previews_enabled: true } }),
    );
    router.get(`${scripts}/settings`, exists, () => success({ bindings: [...this.#bindings.values()] }));
    router.get(`${scripts}/deployments`, exists, () =>
      success({ deployments: [{ id: DEPLOYMENT_ID, versions: [{ version_id: VERSION_ID, percentage: 100 }] }] }),
    );
    router.patch(`${scripts}/secrets-bulk`, exists, (request) => this.#setSecrets(request));
    router.get(`${scripts}/secrets`, exists, () =>
      success(this.secrets.map((name) => ({ name, type: "secret_text" }))),
    );
  }

  async #setSecrets(request: Request): Promise<Response> {
    const { secrets } = bulk.parse(await request.json());
    this.secrets.push(...Object.keys(secrets));
    return success({});
  }

  async #upload(request: Request, result: object): Promise<Response> {
    const form = await request.formData();
    const { bindings } = metadata.parse(JSON.parse(String(form.get("metadata"))));
    this.uploads.push({ bindings, parts: [...form.keys()] });
    for (const binding of bindings) if (binding.type !== "inherit") this.#bindings.set(binding.name, binding);
    return success({ ...result, startup_time_ms: 5 });
  }
}
