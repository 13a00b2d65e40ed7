/** What was last seen of a job, and looking again. */
import { ApiError } from "./errors.js";
import { ask, DEFAULT_DELAY, retryAfter } from "./exchange.js";
import type { Manners } from "./manners.js";
import { isOver, read, type Representation } from "./representation.js";

export const JSON_ONLY = { Accept: "application/json, application/problem+json" };

export class Seen {
  /** Seconds until the application wants to be asked again. */
  delay = DEFAULT_DELAY;
  representation: Representation;
  #etag: string | null = null;

  constructor(
    readonly manners: Manners,
    readonly url: URL,
    representation: Representation,
  ) {
    this.representation = representation;
  }

  get over(): boolean {
    return isOver(this.representation);
  }

  /** Take in what an answer says of the job. Throws ApiError where it says nothing. */
  update(response: Response, text: string, where: string): void {
    this.delay = retryAfter(response) ?? DEFAULT_DELAY;
    if (response.status === 304) return;
    try {
      this.#show(read(text), response.headers.get("ETag"));
    } catch (error) {
      throw ApiError.unexpected(response, where, `Its body is not what a Coatcheck application sends (${String(error)}).`);
    }
  }

  /** Take in what a stream says of the job, unless more is known already: it has ended. */
  told(representation: Representation): void {
    if (!this.over) this.#show(representation, null);
  }

  /** Look at the job once; an unchanged one costs the application next to nothing. */
  async look(signal?: AbortSignal): Promise<Representation> {
    const condition: Record<string, string> = this.#etag === null ? {} : { "If-None-Match": this.#etag };
    const send = { method: "GET", url: this.url, headers: { ...JSON_ONLY, ...condition }, signal };
    const { response, text } = await ask(this.manners, send);
    this.update(response, text, `GET ${this.url.href}`);
    return this.representation;
  }

  #show(representation: Representation, etag: string | null): void {
    this.representation = representation;
    this.#etag = etag;
  }
}
