// Reads server-sent events through fetch. EventSource would hide the heartbeat comments, and without them a dead
// connection looks like a quiet one. `parser` is pure.

export interface StreamEvent {
  event: string;
  data: string;
}

/** Feed it text as it comes; it calls `emit` for each event and `beat` for each comment. */
export function parser(emit: (event: StreamEvent) => void, beat: () => void): (text: string) => void {
  let rest = "";
  let event = "";
  let data: string[] = [];
  function line(text: string): void {
    if (text === "") {
      if (data.length > 0) emit({ event: event || "message", data: data.join("\n") });
      event = "";
      data = [];
    } else if (text.startsWith(":")) {
      beat();
    } else {
      const colon = text.indexOf(":");
      const field = colon < 0 ? text : text.slice(0, colon);
      const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
      if (field === "event") event = value;
      if (field === "data") data.push(value);
    }
  }
  return (text) => {
    // A line may end in CR LF whose halves arrive apart: keep a last CR for the next piece.
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    lines.forEach(line);
  };
}

/** Read events until the stream ends, fails or `signal` aborts. */
export async function readEvents(
  url: string,
  signal: AbortSignal,
  emit: (event: StreamEvent) => void,
  beat: () => void,
): Promise<void> {
  const response = await fetch(url, {
    headers: { Accept: "text/event-stream" },
    credentials: "same-origin",
    redirect: "manual",
    cache: "no-store",
    signal,
  });
  if (!response.ok || !response.body) throw new Error(`stream answered ${response.status}`);
  const feed = parser(emit, beat);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    feed(value);
  }
}
