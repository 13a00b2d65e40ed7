/** What was last seen of a job, and looking again. */
import { ApiError } from "./errors.js";
import { ask, DEFAULT_DELAY, retryAfter } from "./exchange.js";
import { isOver, read } from "./representation.js";
export const JSON_ONLY = { Accept: "application/json, application/problem+json" };
export class Seen {
    manners;
    url;
    /** Seconds until the application wants to be asked again. */
    delay = DEFAULT_DELAY;
    representation;
    #etag = null;
    constructor(manners, url, representation) {
        this.manners = manners;
        this.url = url;
        this.representation = representation;
    }
    get over() {
        return isOver(this.representation);
    }
    /** Take in what an answer says of the job. Throws ApiError where it says nothing. */
    update(response, text, where) {
        this.delay = retryAfter(response) ?? DEFAULT_DELAY;
        if (response.status === 304)
            return;
        try {
            this.#show(read(text), response.headers.get("ETag"));
        }
        catch (error) {
            throw ApiError.unexpected(response, where, `Its body is not what a Coatcheck application sends (${String(error)}).`);
        }
    }
    /** Take in what a stream says of the job, unless more is known already: it has ended. */
    told(representation) {
        if (!this.over)
            this.#show(representation, null);
    }
    /** Look at the job once; an unchanged one costs the application next to nothing. */
    async look(signal) {
        const condition = this.#etag === null ? {} : { "If-None-Match": this.#etag };
        const send = { method: "GET", url: this.url, headers: { ...JSON_ONLY, ...condition }, signal };
        const { response, text } = await ask(this.manners, send);
        this.update(response, text, `GET ${this.url.href}`);
        return this.representation;
    }
    #show(representation, etag) {
        this.representation = representation;
        this.#etag = etag;
    }
}
