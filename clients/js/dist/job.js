import { ApiError, JobCancelled, JobFailed } from "./errors.js";
import { ask, exchange, isJson } from "./exchange.js";
import { follow } from "./following.js";
import { JSON_ONLY } from "./seen.js";
/** A job. Going through it with `for await` gives its state now and after each change, to the end. */
export class Job {
    #seen;
    /** @internal Jobs come of `client.submit`, `client.job` and `client.jobs`. */
    constructor(seen) {
        this.#seen = seen;
    }
    /** All that the application said of the job, as it was last seen. */
    get representation() {
        return this.#seen.representation;
    }
    get id() {
        return this.representation.jobId;
    }
    get status() {
        return this.representation.status;
    }
    /** The status URL: what another page or process needs to find the job again. */
    get url() {
        return this.#seen.url.href;
    }
    [Symbol.asyncIterator]() {
        return this.updates();
    }
    /** Its state now and after each change, to the end. */
    updates(only = {}) {
        return follow(this.#seen, { log: false, signal: only.signal });
    }
    /** All that the job's runs wrote about themselves, and its state now and after each change, to the end. */
    events(only = {}) {
        return follow(this.#seen, { log: true, signal: only.signal });
    }
    /** Look at the job now. */
    async refresh(only = {}) {
        return this.#seen.look(only.signal);
    }
    /** The job once it has ended. */
    async wait(only = {}) {
        for await (const _ of this.updates(only))
            ;
        return this.representation;
    }
    /** Wait for the end; what the operation returned: JSON, or a Blob. Throws JobFailed with the problem, or JobCancelled. */
    async result(only = {}) {
        const job = await this.wait(only);
        if (job.status === "failed")
            throw new JobFailed(job.error);
        if (job.status === "cancelled")
            throw new JobCancelled(`Job ${job.jobId} was cancelled.`);
        if (job.result !== null && job.result !== undefined)
            return job.result;
        const url = new URL(job.resultUrl ?? `${this.#seen.url.pathname}/result`, this.#seen.url);
        const send = { method: "GET", url, headers: { Accept: "*/*" }, signal: only.signal, long: true };
        return exchange(this.#seen.manners, send, async (response) => (await (isJson(response) ? response.json() : response.blob())));
    }
    /** Ask for a stop; the job as it is then, `cancelled` or still `cancelling`. */
    async cancel(only = {}) {
        const { response, text } = await ask(this.#seen.manners, this.#send("DELETE", this.#seen.url, only));
        if (response.status !== 202)
            return this.#seen.look(only.signal);
        if (!this.#seen.over)
            this.#seen.update(response, text, `DELETE ${this.url}`); // a stream may have told the end meanwhile
        return this.representation;
    }
    /** Begin a failed or cancelled job anew. Never sent twice: a second one could undo what came in between. */
    async retry(only = {}) {
        const url = new URL(this.representation._links["retry"]?.href ?? `${this.#seen.url.pathname}/retry`, this.#seen.url);
        const { response, text } = await ask(this.#seen.manners, { ...this.#send("POST", url, only), repeatable: false });
        this.#seen.update(response, text, `POST ${url.href}`);
        return this.representation;
    }
    /** A URL by which an `EventSource` may read this job's events for an hour, without credentials of its own. */
    async ticket(only = {}) {
        const events = this.representation._links["events"]?.href ?? `${this.#seen.url.pathname}/events`;
        const url = new URL(events, this.#seen.url);
        url.pathname += "/ticket";
        const { response, text } = await ask(this.#seen.manners, this.#send("POST", url, only));
        const given = JSON.parse(text).url;
        if (typeof given !== "string")
            throw ApiError.unexpected(response, `POST ${url.href}`, "It gives no URL.");
        return new URL(given, url).href;
    }
    #send(method, url, only) {
        return { method, url, headers: JSON_ONLY, signal: only.signal };
    }
}
