const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024;

/** The settings that do not belong to one platform or one destination, checked. */
export interface Settings {
  /** Bytes. */
  maxBodyBytes: number;
  /** Whether the words of transcripts are indexed and searched. */
  searchTranscripts: boolean;
  problems: SettingProblem[];
}

/** A setting that is missing or wrong; never its value. */
export interface SettingProblem {
  setting: string;
  problem: string;
}

/** Reads the settings. Never throws: problems are listed, and `/healthz` names them. */
export function readSettings(env: Env): Settings {
  const problems: SettingProblem[] = [];
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
  return { maxBodyBytes, searchTranscripts: search === "on", problems };
}

/** Splits a setting that holds one or more secrets, separated by commas or white space. */
export function splitSecrets(value: string | undefined): string[] {
  return (value ?? "").split(/[\s,]+/).filter((secret) => secret !== "");
}
