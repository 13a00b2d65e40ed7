import { Job, type Only } from "./job.js";
import { type Options } from "./manners.js";
export interface SubmitOptions extends Only {
    /** Submitting again with the same key gives the same job. Default: a random key. */
    idempotencyKey?: string;
    /** Who is told once the job has ended. */
    webhookUrl?: string;
    /** Media type of a body that is neither JSON nor a form. */
    contentType?: string;
}
/** A client of one application. */
export declare class Client {
    #private;
    /** `baseUrl` is the application's URL with its mount; in a page it may be relative. Throws TypeError for what is no such URL. */
    constructor(baseUrl?: string | URL, options?: Options);
    /**
     * Ask for the operation at `path`; the job that came of it. `body` is sent as JSON, unless it is a form (`FormData`) or bytes.
     *
     * Each call has a random key of its own unless one is given, so an answer that got lost is asked for again without a second job.
     */
    submit(path: string, body?: unknown, options?: SubmitOptions): Promise<Job>;
    /**
     * Ask for an operation that is fire and forget: it was accepted once this returns, and may be lost. There is no job, and a request
     * whose answer got lost is not sent again: nobody could tell the two apart.
     */
    send(path: string, body?: unknown, options?: Only & {
        contentType?: string;
    }): Promise<void>;
    /** The job of this id or status URL. */
    job(job: string, only?: Only): Promise<Job>;
    /** One's own jobs, newest first, page by page. */
    jobs(filters?: {
        status?: string;
        operation?: string;
    } & Only): AsyncGenerator<Job, void, undefined>;
}
