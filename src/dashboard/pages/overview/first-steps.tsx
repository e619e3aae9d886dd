import { Page } from "../../ui/layout.tsx";
import { Badge, Empty, Row, Sheet } from "../../ui/parts.tsx";
import type { Viewer } from "../../ui/viewer.ts";

/** A platform as the first steps show it. */
export interface OfferedPlatform {
  name: string;
  /** The setting that switches it on. */
  secretsSetting: string;
  isOn: boolean;
}

interface FirstStepsProps {
  /** Of this Worker, as the viewer's browser knows it. */
  origin: string;
  platforms: readonly OfferedPlatform[];
  viewer: Viewer;
}

/** The overview of a ledger without any call: each platform's webhook address, and how to switch it on. */
export function FirstSteps({ origin, platforms, viewer }: FirstStepsProps) {
  const isAnyOn = platforms.some(({ isOn }) => isOn);
  return (
    <Page title="Overview" viewer={viewer} section="/">
      <div class="sheet">
        <Empty title="No calls yet">
          <p>
            {isAnyOn
              ? "Enter the address below at your platform as the webhook’s, and calls show here as they happen."
              : "No platform is switched on: every event is refused until the secret of one is set."}
          </p>
          <p>
            <a href="/quarantine">Something came in and is not here?</a>
          </p>
        </Empty>
      </div>
      <Sheet title="Platforms" note="set secrets where you deploy from">
        <ul class="rows">
          {platforms.map(({ name, secretsSetting, isOn }) => (
            <Row aside={isOn ? <Badge tone="good">on</Badge> : <Badge>off</Badge>}>
              <code class="anywhere">{`${origin}/webhooks/${name}`}</code>
              <span class="small soft">
                {isOn ? "signed with " : "switch it on: "}
                <code class="anywhere">{isOn ? secretsSetting : `npx wrangler secret put ${secretsSetting}`}</code>
              </span>
            </Row>
          ))}
        </ul>
      </Sheet>
    </Page>
  );
}
