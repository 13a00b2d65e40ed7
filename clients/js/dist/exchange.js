/** One request and its answer: what to send, how long to wait, and when to try again. */
import { ApiError, Unreachable } from "./errors.js";
/** Seconds between two looks where no Retry-After says otherwise. */
export const DEFAULT_DELAY = 5;
/** Answers that say that nothing happened and that trying again may help. */
export const NOTHING_DONE = [429, 503];
/** Answers of something in between: the request may have got through. */
export const OUTCOME_UNKNOWN = [502, 504];
/** Send a request until it is answered; the answer, and its text. Throws as `exchange` does. */
export async function ask(manners, send) {
    return exchange(manners, send, async (response) => ({ response, text: await response.text() }));
}
/**
 * Send a request until it is answered, and the answer is read. Throws ApiError for an answer of 400 and above, Unreachable when none
 * came.
 */
export async function exchange(manners, send, read) {
    const repeatable = send.repeatable ?? true;
    const where = `${send.method} ${send.url.href}`;
    for (let attempt = 1;; attempt++) {
        let delay = manners.backoff(attempt);
        try {
            return await attempted(manners, send, async (response) => {
                if (response.status < 400)
                    return read(response);
                delay = Math.max(delay, retryAfter(response) ?? 0);
                throw await ApiError.of(response, where);
            });
        }
        catch (error) {
            send.signal?.throwIfAborted();
            if (attempt >= manners.attempts || !mayHelp(error, repeatable))
                throw error instanceof ApiError ? error : unreachable(where, attempt, error);
        }
        await sleep(delay, send.signal);
    }
}
/** Whether a request that came to this may be sent again. */
function mayHelp(error, repeatable) {
    if (!(error instanceof ApiError))
        return repeatable;
    return NOTHING_DONE.includes(error.status) || (repeatable && OUTCOME_UNKNOWN.includes(error.status));
}
/** Seconds that the answer asks to wait (RFC 9110 §10.2.3), a date taken by the application's own clock; null where it does not. */
export function retryAfter(response) {
    const value = response.headers.get("Retry-After")?.trim() ?? "";
    if (/^\d{1,10}$/.test(value))
        return Number(value);
    const seconds = (Date.parse(value) - Date.parse(response.headers.get("Date") ?? "")) / 1000;
    return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}
/** Target of the first link (RFC 8288) with that relation. */
export function findLink(response, relation) {
    for (const [, target, parameters] of (response.headers.get("Link") ?? "").matchAll(/<([^<>]*)>([^<>]*)/g)) {
        const relations = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters ?? "");
        if ((relations?.[1] ?? relations?.[2] ?? "").toLowerCase().split(/\s+/).includes(relation))
            return target ?? null;
    }
    return null;
}
export function mediaType(response) {
    return (response.headers.get("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
}
export function isJson(response) {
    return mediaType(response) === "application/json" || mediaType(response).endsWith("+json");
}
export function unreachable(where, attempts, error) {
    return new Unreachable(`${where}: sent ${attempts === 1 ? "once" : `${attempts} times`} without an answer (${String(error)}).`, { cause: error });
}
/** Let that many seconds pass. Throws what `signal` was aborted with. */
export function sleep(seconds, signal) {
    return new Promise((resolve, reject) => {
        if (signal?.aborted)
            return reject(signal.reason);
        const abort = () => {
            clearTimeout(timer);
            reject(signal?.reason);
        };
        const timer = setTimeout(() => {
            signal?.removeEventListener("abort", abort);
            resolve();
        }, seconds * 1000);
        signal?.addEventListener("abort", abort, { once: true });
    });
}
/** Send a request once, and read the answer, unless that takes longer than it may. */
async function attempted(manners, send, read) {
    const ended = new AbortController();
    const abort = () => ended.abort(send.signal?.reason);
    const late = setTimeout(() => ended.abort(new DOMException("The answer takes too long.", "TimeoutError")), manners.timeout * 1000);
    send.signal?.addEventListener("abort", abort, { once: true });
    if (send.signal?.aborted)
        abort();
    try {
        const request = { method: send.method, headers: send.headers ?? {}, signal: ended.signal };
        const response = await manners.fetch(send.url, send.body === undefined ? request : { ...request, body: send.body });
        if (send.long)
            clearTimeout(late);
        return await read(response);
    }
    finally {
        clearTimeout(late);
        send.signal?.removeEventListener("abort", abort);
    }
}
