const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024;

/** The environment, read once a request into what the code can rely on. */
export interface Settings {
  /** Any of them may have signed an event; empty: no event can be accepted. */
  webhookSecrets: string[];
  /** In bytes. */
  maxBodyBytes: number;
  /** Whether what is said in a call is to be found by its words. */
  searchTranscripts: boolean;
  problems: SettingProblem[];
}

/** What is missing or wrong with a setting; never its value. */
export interface SettingProblem {
  setting: string;
  problem: string;
}

/** Reads the settings. Never throws: what is wrong is listed, and `/healthz` says so. */
export function readSettings(env: Env): Settings {
  const problems: SettingProblem[] = [];
  const webhookSecrets = (env.WEBHOOK_SECRETS ?? "").split(/[\s,]+/).filter((secret) => secret !== "");
  if (webhookSecrets.length === 0) problems.push({ setting: "WEBHOOK_SECRETS", problem: "is not set" });
  if (!env.API_TOKEN) problems.push({ setting: "API_TOKEN", problem: "is not set" });

  let maxBodyBytes = Number(env.MAX_BODY_BYTES || DEFAULT_MAX_BODY_BYTES);
  if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes <= 0) {
    problems.push({ setting: "MAX_BODY_BYTES", problem: "is not a whole number of bytes" });
    maxBodyBytes = DEFAULT_MAX_BODY_BYTES;
  }
  const search = env.SEARCH_TRANSCRIPTS || "on";
  if (search !== "on" && search !== "off") {
    problems.push({ setting: "SEARCH_TRANSCRIPTS", problem: "is neither on nor off" });
  }
  return { webhookSecrets, maxBodyBytes, searchTranscripts: search === "on", problems };
}
