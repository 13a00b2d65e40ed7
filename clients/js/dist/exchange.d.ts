/** One request and its answer: what to send, how long to wait, and when to try again. */
import { Unreachable } from "./errors.js";
import type { Manners } from "./manners.js";
/** Seconds between two looks where no Retry-After says otherwise. */
export declare const DEFAULT_DELAY = 5;
/** Answers that say that nothing happened and that trying again may help. */
export declare const NOTHING_DONE: readonly number[];
/** Answers of something in between: the request may have got through. */
export declare const OUTCOME_UNKNOWN: readonly number[];
export interface Send {
    method: string;
    url: URL;
    headers?: Record<string, string>;
    body?: BodyInit | undefined;
    signal?: AbortSignal | undefined;
    /** Whether an answer that was lost on the way may be asked for again. Default: yes. */
    repeatable?: boolean;
    /** Whether the body of the answer may take as long as it likes, once it has begun. */
    long?: boolean;
}
/** Send a request until it is answered; the answer, and its text. Throws as `exchange` does. */
export declare function ask(manners: Manners, send: Send): Promise<{
    response: Response;
    text: string;
}>;
/**
 * Send a request until it is answered, and the answer is read. Throws ApiError for an answer of 400 and above, Unreachable when none
 * came.
 */
export declare function exchange<T>(manners: Manners, send: Send, read: (response: Response) => Promise<T>): Promise<T>;
/** Seconds that the answer asks to wait (RFC 9110 §10.2.3), a date taken by the application's own clock; null where it does not. */
export declare function retryAfter(response: Response): number | null;
/** Target of the first link (RFC 8288) with that relation. */
export declare function findLink(response: Response, relation: string): string | null;
export declare function mediaType(response: Response): string;
export declare function isJson(response: Response): boolean;
export declare function unreachable(where: string, attempts: number, error: unknown): Unreachable;
/** Let that many seconds pass. Throws what `signal` was aborted with. */
export declare function sleep(seconds: number, signal?: AbortSignal): Promise<void>;
