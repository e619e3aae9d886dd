/** The three examples of the payload page, exactly as they stand there. */
export const pageExamples = {
  start: `{
  "event": "call.start",
  "timestamp": "2024-07-15T14:30:00Z",
  "agent_id": "agent_abc123",
  "call_id": "call_xyz789",
  "call_direction": "inbound",
  "caller_phone": "+15551234567",
  "agent_phone": "+15559876543"
}`,
  end: `{
  "event": "call.end",
  "timestamp": "2024-07-15T14:35:00Z",
  "agent_id": "agent_abc123",
  "call_id": "call_xyz789",
  "duration_seconds": 300,
  "disposition": "successful",
  "transcript": [
    {"role": "agent", "content": "Hello! How can I help?", "timestamp": "..."},
    {"role": "user", "content": "I have a question...", "timestamp": "..."}
  ],
  "variables": {
    "customer_name": "Jane Smith",
    "issue_type": "billing"
  }
}`,
  analytics: `{
  "event": "analytics.completed",
  "timestamp": "2024-07-15T14:36:00Z",
  "agent_id": "agent_abc123",
  "call_id": "call_xyz789",
  "metrics": {
    "satisfaction_score": 4,
    "issue_resolved": true,
    "follow_up_needed": false,
    "product_discussed": "Widget Pro"
  }
}`,
};

interface CallIds {
  call_id: string;
  agent_id?: string;
}

/** The three events of a call in the documented vocabulary, with room for more fields. */
export function documentedCall({ call_id, agent_id = "agent_1" }: CallIds) {
  return {
    start: (more: object = {}) => ({
      event: "call.start",
      timestamp: "2024-07-15T14:30:00Z",
      agent_id,
      call_id,
      call_direction: "inbound",
      caller_phone: "+15551234567",
      agent_phone: "+15559876543",
      ...more,
    }),
    end: (more: object = {}) => ({
      event: "call.end",
      timestamp: "2024-07-15T14:35:00Z",
      agent_id,
      call_id,
      duration_seconds: 300,
      disposition: "successful",
      transcript: [{ role: "user", content: "My dog ate the invoice.", timestamp: "..." }],
      variables: { customer_name: "Robin Example" },
      ...more,
    }),
    analytics: (more: object = {}) => ({
      event: "analytics.completed",
      timestamp: "2024-07-15T14:36:00Z",
      agent_id,
      call_id,
      metrics: { satisfaction_score: 4, issue_resolved: true, product_discussed: "Widget Pro" },
      ...more,
    }),
  };
}

/** The same in the platform's vocabulary. `callId` carries its start, as the platform's do. */
export function atomsCall({ call_id, agent_id = "agent_1" }: CallIds) {
  const envelope = (id: string, eventType: string, metadata: object) => ({
    url: "https://ledger.example.com/webhooks/atoms",
    description: "Support line",
    event: `${agent_id}.${eventType}`,
    id: `${call_id}-${id}`,
    metadata: { agentId: agent_id, eventType, conversationType: "telephonyOutbound", callId: call_id, ...metadata },
  });
  const callData = {
    fromNumber: "+15559876543",
    toNumber: "+15551234567",
    callDuration: 61.25,
    callStatus: "completed",
    callDirection: "telephony_outbound",
    answerTime: "2024-07-15T14:30:02.100Z",
    endTime: "2024-07-15T14:31:03.350Z",
  };
  return {
    start: (metadata: object = {}) =>
      envelope("start", "pre-conversation", { fromPhone: "+15559876543", toPhone: "+15551234567", ...metadata }),
    end: (metadata: object = {}) =>
      envelope("end", "post-conversation", {
        recordingUrl: `https://recordings.example.com/${call_id}.wav`,
        callData,
        transcript: [{ role: "user", content: "¿Hablan español?", timestamp: "2024-07-15T14:30:06.500Z" }],
        variables: { timezone: "America/New_York", customer_name: "Robin Example" },
        ...metadata,
      }),
    analytics: (metadata: object = {}) =>
      envelope("analytics", "analytics-completed", {
        analytics: {
          summary: "Asked for Spanish.",
          dispositionMetrics: [
            { identifier: "satisfaction_score", value: 4, confidence: 0.9, reasoning: "Said thanks." },
          ],
          successMetrics: [{ identifier: "issue_resolved", value: true }],
        },
        callData,
        ...metadata,
      }),
  };
}
