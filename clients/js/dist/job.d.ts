import type { LogLine, Representation, Status } from "./representation.js";
import { type Seen } from "./seen.js";
/** A signal that ends the waiting. It does not cancel the job. */
export interface Only {
    signal?: AbortSignal;
}
/** A job. Going through it with `for await` gives its state now and after each change, to the end. */
export declare class Job implements AsyncIterable<Representation> {
    #private;
    /** @internal Jobs come of `client.submit`, `client.job` and `client.jobs`. */
    constructor(seen: Seen);
    /** All that the application said of the job, as it was last seen. */
    get representation(): Representation;
    get id(): string;
    get status(): Status;
    /** The status URL: what another page or process needs to find the job again. */
    get url(): string;
    [Symbol.asyncIterator](): AsyncGenerator<Representation, void, undefined>;
    /** Its state now and after each change, to the end. */
    updates(only?: Only): AsyncGenerator<Representation, void, undefined>;
    /** All that the job's runs wrote about themselves, and its state now and after each change, to the end. */
    events(only?: Only): AsyncGenerator<Representation | LogLine, void, undefined>;
    /** Look at the job now. */
    refresh(only?: Only): Promise<Representation>;
    /** The job once it has ended. */
    wait(only?: Only): Promise<Representation>;
    /** Wait for the end; what the operation returned: JSON, or a Blob. Throws JobFailed with the problem, or JobCancelled. */
    result<T = unknown>(only?: Only): Promise<T>;
    /** Ask for a stop; the job as it is then, `cancelled` or still `cancelling`. */
    cancel(only?: Only): Promise<Representation>;
    /** Begin a failed or cancelled job anew. Never sent twice: a second one could undo what came in between. */
    retry(only?: Only): Promise<Representation>;
    /** A URL by which an `EventSource` may read this job's events for an hour, without credentials of its own. */
    ticket(only?: Only): Promise<string>;
}
