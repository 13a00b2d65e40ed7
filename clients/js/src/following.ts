/**
 * Following a job to its end: by the application's stream of events where it has one, and by looking where not.
 *
 * A stream that breaks off is taken up again after the last event that was received. One that brings nothing is replaced by a look,
 * and after a few of them by looks alone. Either way nobody is shown an older state after a newer one.
 */
import { ApiError } from "./errors.js";
import type { ServerSentEvent } from "./events.js";
import { DEFAULT_DELAY, isJson, mediaType, NOTHING_DONE, OUTCOME_UNKNOWN, retryAfter, sleep, unreachable } from "./exchange.js";
import { history, readLine } from "./history.js";
import { Line } from "./line.js";
import { isOver, read, type LogLine, type Representation } from "./representation.js";
import type { Seen } from "./seen.js";

type News = Representation | LogLine;

/** Streams that brought nothing, one after another, until the job is followed without. */
const FRUITLESS = 3;
/** Seconds that a stream's `retry:` is followed at most. */
const LONGEST_PAUSE = 60;
/** A number beyond every event's. */
const NO_LAST = Infinity;

/** How the job stands now and after each change, to its end; with `log`, all that its runs wrote, too. */
export async function* follow(seen: Seen, options: { log: boolean; signal?: AbortSignal | undefined }): AsyncGenerator<News, void, undefined> {
  yield* new Following(seen, options.log, options.signal).news();
}

/** A stream that is not worth asking for again. */
class NoStream extends Error {}

class Following {
  /** Number of the newest event up to which log lines were told; null: they are not wanted. */
  #log: number | null;
  #told: Representation;
  /** Where the stream goes on; null: with how the job stands. */
  #cursor: string | null = null;
  #streams: boolean;
  #fruitless = 0;
  #pause = DEFAULT_DELAY;

  constructor(
    readonly seen: Seen,
    log: boolean,
    readonly signal: AbortSignal | undefined,
  ) {
    this.#log = log ? 0 : null;
    this.#told = seen.representation;
    this.#streams = seen.manners.stream;
  }

  async *news(): AsyncGenerator<News, void, undefined> {
    if (isOver(this.#told)) yield* this.#missedLines();
    yield this.#told;
    while (!isOver(this.#told)) {
      const url = this.#streamUrl();
      if (url !== null && this.#streams && this.#fruitless < FRUITLESS) yield* this.#listen(url);
      else yield* this.#lookLater();
    }
  }

  #streamUrl(): URL | null {
    const link = this.seen.representation._links["events"];
    return link === undefined ? null : new URL(link.href, this.seen.url);
  }

  /** Follow one stream as far as it goes. */
  async *#listen(url: URL): AsyncGenerator<News, void, undefined> {
    const line = new Line(this.seen.manners, this.signal);
    let heard = false;
    try {
      const response = await this.#open(url, line);
      if (this.#offered(response)) {
        for await (const event of line.events(response)) {
          if (event.retry !== null) this.#pause = Math.min(event.retry / 1000, LONGEST_PAUSE);
          if (event.data === null || event.data === "") continue;
          heard = true;
          yield* this.#take(event, event.data);
          if (isOver(this.#told)) return;
        }
      }
    } catch (error) {
      this.signal?.throwIfAborted();
      if (error instanceof ApiError || line.unreachable) throw error;
      if (error instanceof NoStream || (line.silent && !heard)) this.#streams = false; // or something in between holds it back
    } finally {
      line.close();
    }
    if (heard) {
      this.#fruitless = 0;
      await sleep(this.seen.manners.pace(this.#pause), this.signal);
    } else {
      this.#fruitless += 1;
      this.#cursor = null;
      yield* this.#lookLater();
    }
  }

  /** The answer to a request for the stream; a server that is being started again is waited for. */
  async #open(url: URL, line: Line): Promise<Response> {
    const where = new URL(url);
    if (this.#cursor !== null) where.searchParams.set("after", this.#cursor);
    const { manners } = this.seen;
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await line.open(where);
        const starting = [...OUTCOME_UNKNOWN, 503].includes(response.status) && !isJson(response);
        if (!starting || attempt >= manners.attempts) return response;
        await response.body?.cancel();
      } catch (error) {
        this.signal?.throwIfAborted();
        if (line.silent) throw error;
        line.unreachable = attempt >= manners.attempts;
        if (line.unreachable) throw unreachable(`GET ${where.href}`, attempt, error);
      }
      await sleep(manners.backoff(attempt), this.signal);
    }
  }

  /** Whether events can be received; where not, whether asking again makes sense is noted. */
  #offered(response: Response): boolean {
    if (response.status === 200 && mediaType(response) === "text/event-stream") return true;
    if ([...NOTHING_DONE, ...OUTCOME_UNKNOWN].includes(response.status)) {
      this.seen.delay = retryAfter(response) ?? this.seen.delay;
      return false;
    }
    if (response.status === 204) this.seen.delay = 0; // it is over, and a look says how
    throw new NoStream();
  }

  /** What an event says. */
  async *#take(event: ServerSentEvent, data: string): AsyncGenerator<News, void, undefined> {
    const number = /^\d+$/.test(event.id) ? Number(event.id) : null;
    if (event.name === "log") {
      if (this.#log !== null && (number === null || number > this.#log)) {
        this.#log = number ?? this.#log;
        yield parsed(() => readLine(data));
      }
    } else if (event.name === "" || event.name === "message") {
      const representation = parsed(() => read(data));
      if (this.#cursor === null) yield* this.#missedLines(number ?? NO_LAST);
      else if (this.#log !== null && number !== null) this.#log = Math.max(this.#log, number);
      this.seen.told(representation);
      yield* this.#tell(representation);
    }
    this.#cursor = event.id || null;
  }

  async *#lookLater(): AsyncGenerator<News, void, undefined> {
    await sleep(this.seen.manners.pace(this.seen.delay), this.signal);
    const representation = await this.seen.look(this.signal);
    yield* this.#missedLines();
    yield* this.#tell(representation);
  }

  *#tell(representation: Representation): Generator<Representation, void, undefined> {
    if (JSON.stringify(representation) === JSON.stringify(this.#told)) return;
    this.#told = representation;
    yield representation;
  }

  /** The log lines that were not told yet, as far as the history has them; up to the event `last`. */
  async *#missedLines(last = NO_LAST): AsyncGenerator<LogLine, void, undefined> {
    const url = this.#streamUrl();
    if (this.#log === null || url === null) return;
    for await (const { seq, line } of history(this.seen.manners, url, this.#log, this.signal)) {
      if (seq > last) return;
      this.#log = seq;
      if (line !== null) yield line;
    }
  }
}

/** What `make` makes. Throws NoStream where it cannot: whatever was read, it is no stream of a job's events. */
function parsed<T>(make: () => T): T {
  try {
    return make();
  } catch {
    throw new NoStream();
  }
}
