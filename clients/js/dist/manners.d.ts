/** How a client behaves towards the application. */
export interface Options {
    /** Sent with each request to the application's origin, and to no other; a function is asked before each request. */
    headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
    /** Cookies to send, as `fetch` has it. Default: `same-origin`. */
    credentials?: RequestCredentials;
    /** Where the application has its job routes, below the base URL. Default: `/jobs`. */
    jobsPath?: string;
    /** How often a request is sent before giving up. Default: 5. */
    attempts?: number;
    /** Seconds that an answer may take. Default: 30. */
    timeout?: number;
    /** Seconds for which a stream of events may be silent before it counts as broken; it says something every 15. Default: 30. */
    silence?: number;
    /** Seconds between two looks at a job, instead of what the application asks for. For one's own application. */
    pollInterval?: number;
    /** Whether jobs are followed by the application's stream of events, where it has one. Default: yes. */
    stream?: boolean;
    /** In place of the global `fetch`. */
    fetch?: typeof fetch;
}
export declare class Manners {
    #private;
    readonly base: URL;
    readonly jobsPath: string;
    readonly attempts: number;
    readonly timeout: number;
    readonly silence: number;
    readonly stream: boolean;
    constructor(baseUrl: string | URL, options: Options);
    /** A path of the application, whatever path the base has; a URL stays what it is. */
    below(path: string): URL;
    /** Seconds until the next look, where the application asks for `delay`. */
    pace(delay: number): number;
    /** Seconds until the next attempt; all the while at random, so that those who failed together do not come back together. */
    backoff(attempt: number): number;
    /** One request, as `fetch` makes it. What is the application's own goes to its origin and to no other. */
    fetch(url: URL, request: RequestInit & {
        headers: Record<string, string>;
    }): Promise<Response>;
}
