/** How a client behaves towards the application. */
/** The longest pause after an attempt that failed, in seconds, and what it doubles from. */
const CAP = 30;
const BASE = 0.5;
export class Manners {
    base;
    jobsPath;
    attempts;
    timeout;
    silence;
    stream;
    #options;
    constructor(baseUrl, options) {
        this.base = located(baseUrl);
        this.jobsPath = options.jobsPath ?? "/jobs";
        this.attempts = options.attempts ?? 5;
        this.timeout = options.timeout ?? 30;
        this.silence = options.silence ?? 30;
        this.stream = options.stream ?? true;
        this.#options = options;
    }
    /** A path of the application, whatever path the base has; a URL stays what it is. */
    below(path) {
        return path.includes("://") ? new URL(path) : new URL(`${this.base.href.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`);
    }
    /** Seconds until the next look, where the application asks for `delay`. */
    pace(delay) {
        return this.#options.pollInterval ?? delay;
    }
    /** Seconds until the next attempt; all the while at random, so that those who failed together do not come back together. */
    backoff(attempt) {
        return Math.random() * Math.min(CAP, BASE * 2 ** (attempt - 1));
    }
    /** One request, as `fetch` makes it. What is the application's own goes to its origin and to no other. */
    async fetch(url, request) {
        const ours = url.origin === this.base.origin;
        const headers = new Headers(ours ? await this.#headers() : {});
        for (const [name, value] of Object.entries(request.headers))
            headers.set(name, value);
        const credentials = ours ? (this.#options.credentials ?? "same-origin") : "omit";
        const send = this.#options.fetch ?? globalThis.fetch;
        return send(url, { cache: "no-store", credentials, ...request, headers });
    }
    async #headers() {
        const given = this.#options.headers ?? {};
        return typeof given === "function" ? given() : given;
    }
}
/** Throws TypeError for a base URL that is none. */
function located(baseUrl) {
    const page = globalThis.location?.href;
    const url = URL.canParse(baseUrl, page) ? new URL(baseUrl, page) : null;
    if (url !== null && ["http:", "https:"].includes(url.protocol))
        return url;
    throw new TypeError(`baseUrl ${JSON.stringify(String(baseUrl))}: give the application's URL, as in "https://api.example.com".`);
}
