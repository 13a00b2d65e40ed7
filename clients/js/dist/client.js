import { ApiError, Unreachable } from "./errors.js";
import { ask, findLink } from "./exchange.js";
import { Job } from "./job.js";
import { Manners } from "./manners.js";
import { read } from "./representation.js";
import { JSON_ONLY, Seen } from "./seen.js";
/** A client of one application. */
export class Client {
    #manners;
    /** `baseUrl` is the application's URL with its mount; in a page it may be relative. Throws TypeError for what is no such URL. */
    constructor(baseUrl = "/", options = {}) {
        this.#manners = new Manners(baseUrl, options);
    }
    /**
     * Ask for the operation at `path`; the job that came of it. `body` is sent as JSON, unless it is a form (`FormData`) or bytes.
     *
     * Each call has a random key of its own unless one is given, so an answer that got lost is asked for again without a second job.
     */
    async submit(path, body, options = {}) {
        const key = options.idempotencyKey ?? randomKey();
        const url = this.#manners.below(path);
        if (options.webhookUrl !== undefined)
            url.searchParams.set("webhookUrl", options.webhookUrl);
        const carried = encode(body, options.contentType);
        const headers = { ...JSON_ONLY, ...carried.headers, Prefer: "respond-async", "Idempotency-Key": JSON.stringify(checked(key)) };
        try {
            const { response, text } = await ask(this.#manners, { method: "POST", url, headers, body: carried.body, signal: options.signal });
            return new Job(await this.#accepted(url, response, text, options));
        }
        catch (error) {
            if (error instanceof ApiError || error instanceof Unreachable)
                error.idempotencyKey = key;
            throw error;
        }
    }
    /**
     * Ask for an operation that is fire and forget: it was accepted once this returns, and may be lost. There is no job, and a request
     * whose answer got lost is not sent again: nobody could tell the two apart.
     */
    async send(path, body, options = {}) {
        const carried = encode(body, options.contentType);
        const headers = { ...JSON_ONLY, ...carried.headers };
        await ask(this.#manners, {
            method: "POST",
            url: this.#manners.below(path),
            headers,
            body: carried.body,
            signal: options.signal,
            repeatable: false,
        });
    }
    /** The job of this id or status URL. */
    async job(job, only = {}) {
        const url = job.includes("/") ? new URL(job, this.#manners.base) : this.#manners.below(`${this.#manners.jobsPath}/${encodeURIComponent(job)}`);
        return new Job(await this.#found(url, only));
    }
    /** One's own jobs, newest first, page by page. */
    async *jobs(filters = {}) {
        let url = this.#manners.below(this.#manners.jobsPath);
        for (const name of ["status", "operation"]) {
            const value = filters[name];
            if (value !== undefined)
                url.searchParams.set(name, value);
        }
        while (url !== null) {
            const { response, text } = await ask(this.#manners, { method: "GET", url, headers: JSON_ONLY, signal: filters.signal });
            for (const item of JSON.parse(text).items) {
                yield new Job(new Seen(this.#manners, new URL(item.statusUrl, url), item));
            }
            const following = findLink(response, "next");
            url = following === null ? null : new URL(following, url);
        }
    }
    /** The job that an answer to a submission speaks of. */
    async #accepted(url, response, text, only) {
        const location = response.headers.get("Location");
        if (response.status !== 202 || location === null) {
            const status = findLink(response, "status"); // it has ended already, and this is what came of it
            if (status !== null)
                return this.#found(new URL(status, url), only);
        }
        const representation = representationOf(response, text, `POST ${url.href}`);
        const seen = new Seen(this.#manners, new URL(location ?? representation.statusUrl, url), representation);
        seen.update(response, text, `POST ${url.href}`);
        return seen;
    }
    async #found(url, only) {
        const { response, text } = await ask(this.#manners, { method: "GET", url, headers: JSON_ONLY, signal: only.signal });
        const where = `GET ${url.href}`;
        const seen = new Seen(this.#manners, url, representationOf(response, text, where));
        seen.update(response, text, where);
        return seen;
    }
}
/** Throws ApiError for an answer that shows no job. */
function representationOf(response, text, where) {
    try {
        return read(text);
    }
    catch (error) {
        throw ApiError.unexpected(response, where, `Its body is not what a Coatcheck application sends (${String(error)}).`);
    }
}
/** 128 random bits; `crypto.randomUUID` is not there for pages that came over plain HTTP. */
function randomKey() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
/** Throws RangeError for a key that cannot be sent. */
function checked(key) {
    if (!/^[\x20-\x7e]{1,255}$/.test(key))
        throw new RangeError(`Idempotency key ${JSON.stringify(key)}: it is 1 to 255 characters of printable ASCII.`);
    return key;
}
/** A body as `fetch` takes it. */
function encode(body, contentType) {
    if (body === undefined)
        return { body: undefined, headers: {} };
    if (body instanceof FormData)
        return { body, headers: {} };
    if (body instanceof Blob)
        return { body, headers: { "Content-Type": contentType ?? (body.type || "application/octet-stream") } };
    if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
        return { body: body, headers: { "Content-Type": contentType ?? "application/octet-stream" } };
    }
    if (contentType !== undefined && typeof body === "string")
        return { body, headers: { "Content-Type": contentType } };
    return { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
}
