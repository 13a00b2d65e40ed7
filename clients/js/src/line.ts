import { events, type ServerSentEvent } from "./events.js";
import type { Manners } from "./manners.js";

/** One connection that a stream comes by, watched for silence. */
export class Line {
  silent = false;
  unreachable = false;
  readonly #ended = new AbortController();
  readonly #abort = () => this.#ended.abort(this.signal?.reason);
  #clock: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly manners: Manners,
    readonly signal: AbortSignal | undefined,
  ) {
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
  }

  async open(url: URL): Promise<Response> {
    this.#hear();
    try {
      return await this.manners.fetch(url, { method: "GET", headers: { Accept: "text/event-stream" }, signal: this.#ended.signal });
    } finally {
      clearTimeout(this.#clock);
    }
  }

  events(response: Response): AsyncGenerator<ServerSentEvent, void, undefined> {
    this.#hear();
    const heard = new TransformStream<Uint8Array, Uint8Array>({
      transform: (piece, controller) => {
        this.#hear();
        controller.enqueue(piece);
      },
    });
    return events(response.body!.pipeThrough(heard));
  }

  close(): void {
    clearTimeout(this.#clock);
    this.signal?.removeEventListener("abort", this.#abort);
    this.#ended.abort();
  }

  #hear(): void {
    clearTimeout(this.#clock);
    this.#clock = setTimeout(() => {
      this.silent = true;
      this.#ended.abort(new DOMException("The stream is silent.", "TimeoutError"));
    }, this.manners.silence * 1000);
  }
}
