/** The server's stream of what goes on: sessions, runs and calls (`GET /jmcp/v1/activity`). */

import { createParser } from "eventsource-parser";
import { serverUrl } from "./address";
import { request } from "./client";

/** One event of the stream: its name and its data, which came as so many characters. */
export interface ActivityEvent {
  name: string;
  data: Record<string, unknown>;
  characters: number;
}

/**
 * Pass each event on, from the whole state at first, until the stream ends or `signal` aborts.
 * `onSound` is called with whatever comes, also a comment that only says that the server is there.
 * Throws ServerProblem where there is no stream.
 */
export async function followActivity(
  signal: AbortSignal,
  onEvent: (event: ActivityEvent) => void,
  onSound: () => void,
): Promise<void> {
  const response = await request(serverUrl("/jmcp/v1/activity?contents=true"), {
    headers: { Accept: "text/event-stream" },
    signal,
  });
  onSound();
  if (response.body === null) return;
  const parser = createParser({
    onEvent: ({ event, data }) =>
      onEvent({ name: event ?? "message", data: JSON.parse(data), characters: data.length }),
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onSound();
      parser.feed(value);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
