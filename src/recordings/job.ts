import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { recordingAddress } from "../fetching/recording.ts";
import { logError } from "../log.ts";
import { attemptRecording } from "./attempt.ts";
import type { CopyLimits } from "./copy.ts";

export interface RecordingParameters {
  /** `calls.id`: Workflows keeps parameters for days, and this says nothing of anybody. */
  id: number;
}

/** The row in `ledger_recordings` says when the next attempt is due. */
const stepConfig = { retries: { limit: 0, delay: "1 second" }, timeout: "10 minutes" } as const;

/** Makes one attempt at the recording of a call, which may take minutes. The id of the instance is that of the attempt. */
export class RecordingJob extends WorkflowEntrypoint<Env, RecordingParameters> {
  protected readonly limits: CopyLimits = { stallMs: 60_000, totalMs: 9 * 60_000, maxBytes: 200_000_000 };

  override async run(
    { payload: { id }, instanceId: attempt_id }: Readonly<WorkflowEvent<RecordingParameters>>,
    step: WorkflowStep,
  ): Promise<void> {
    await step.do("copy the recording", stepConfig, async () => {
      try {
        const stores = { db: this.env.DB, bucket: this.env.ARCHIVE };
        await attemptRecording({ id, attempt_id }, stores, this.limits, (...call) =>
          recordingAddress(...call, this.env),
        );
      } catch (error) {
        logError({ message: "an attempt at a recording failed" }, error);
      }
    });
  }
}
