/** The name of the product: on every page, in the API's document and, in lower case, as the `User-Agent` of deliveries. */
export const BRAND = "Call Ledger";

const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024;

/** A silence is compared with the week before. */
const MAX_SILENCE_MINUTES = 7 * 24 * 60;

/** The settings that do not belong to one platform or one destination, checked. */
export interface Settings {
  /** Bytes. */
  maxBodyBytes: number;
  /** Whether the words of transcripts are indexed and searched. */
  searchTranscripts: boolean;
  /** Whether the audio of calls is copied into R2. */
  archiveRecordings: boolean;
  /** Whether each day is written as Parquet. */
  exportParquet: boolean;
  /** Days after which calls leave D1, once they are in Parquet; `undefined`: never. */
  hotDays: number | undefined;
  /** Days after which calls are erased; `undefined`: never. */
  retentionDays: number | undefined;
  /** Minutes without an event after which there is an alert; `undefined`: none. */
  silenceMinutes: number | undefined;
  problems: SettingProblem[];
}

/** A setting that is missing or wrong. Does not carry the value, which may be a secret. */
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
  const recordings = env.ARCHIVE_RECORDINGS || "off";
  if (recordings !== "on" && recordings !== "off") {
    problems.push({ setting: "ARCHIVE_RECORDINGS", problem: "is neither on nor off" });
  }
  const parquet = env.EXPORT_PARQUET || "off";
  if (parquet !== "on" && parquet !== "off") {
    problems.push({ setting: "EXPORT_PARQUET", problem: "is neither on nor off" });
  }
  const hot = env.HOT_DAYS ? Number(env.HOT_DAYS) : undefined;
  const isHot = hot === undefined || (Number.isSafeInteger(hot) && hot > 0);
  if (!isHot) problems.push({ setting: "HOT_DAYS", problem: "is not a whole number of days" });
  if (hot !== undefined && parquet !== "on") {
    problems.push({ setting: "HOT_DAYS", problem: "lets no call go while EXPORT_PARQUET is not on" });
  }
  const days = env.RETENTION_DAYS ? Number(env.RETENTION_DAYS) : undefined;
  const isDays = days === undefined || (Number.isSafeInteger(days) && days > 0);
  if (!isDays) problems.push({ setting: "RETENTION_DAYS", problem: "is not a whole number of days" });
  const minutes = env.SILENCE_MINUTES ? Number(env.SILENCE_MINUTES) : undefined;
  const isMinutes =
    minutes === undefined || (Number.isSafeInteger(minutes) && minutes > 0 && minutes <= MAX_SILENCE_MINUTES);
  if (!isMinutes)
    problems.push({ setting: "SILENCE_MINUTES", problem: "is not a whole number of minutes up to a week" });
  if (env.PUBLIC_URL && !/^https?:$/.test(URL.parse(env.PUBLIC_URL)?.protocol ?? "")) {
    problems.push({ setting: "PUBLIC_URL", problem: "is not an http or https URL" });
  }
  return {
    maxBodyBytes,
    searchTranscripts: search === "on",
    archiveRecordings: recordings === "on",
    exportParquet: parquet === "on",
    hotDays: isHot && parquet === "on" ? hot : undefined,
    retentionDays: isDays ? days : undefined,
    silenceMinutes: isMinutes ? minutes : undefined,
    problems,
  };
}

/** Splits a setting that holds one or more secrets, separated by commas or white space. */
export function splitSecrets(value: string | undefined): string[] {
  return (value ?? "").split(/[\s,]+/).filter((secret) => secret !== "");
}
