/** Server-sent events (HTML standard §9.2), read from the body of an answer. */

export interface ServerSentEvent {
  /** Empty for a message without a name. */
  name: string;
  /** Null for a block that has none: a bare `retry:` says nothing else. */
  data: string | null;
  /** The last id there was, in this event or before. */
  id: string;
  /** Milliseconds. */
  retry: number | null;
}

/** The events of a stream of bytes, as they come. What the end cuts off in the middle is left out. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent, void, undefined> {
  let id = "";
  let block = empty(id);
  for await (const line of lines(body)) {
    if (line !== "") {
      take(block, line);
      continue;
    }
    id = block.id;
    if (block.data !== null || block.retry !== null) yield block;
    block = empty(id);
  }
}

function empty(id: string): ServerSentEvent {
  return { name: "", data: null, id, retry: null };
}

function take(block: ServerSentEvent, line: string): void {
  const colon = line.indexOf(":");
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (field === "event") block.name = value;
  else if (field === "data") block.data = block.data === null ? value : `${block.data}\n${value}`;
  else if (field === "id" && !value.includes("\0")) block.id = value;
  else if (field === "retry" && /^\d+$/.test(value)) block.retry = Number(value);
}

/** Whole lines, ended by LF, CR or both. */
async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let halfEnd = false; // whether the last piece ended with a CR, to which a LF may belong
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      let text = decoder.decode(value, { stream: true });
      if (halfEnd && text.startsWith("\n")) text = text.slice(1);
      halfEnd = text === "" ? halfEnd : text.endsWith("\r");
      const parts = (rest + text).split(/\r\n|\n|\r/);
      rest = parts.pop() ?? "";
      yield* parts;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
