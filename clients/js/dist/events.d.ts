/** Server-sent events (HTML standard §9.2), read from the body of an answer. */
export interface ServerSentEvent {
    /** Empty for a message without a name. */
    name: string;
    /** Null for a block that has none: a bare `retry:` says nothing else. */
    data: string | null;
    /** The last id there was, in this event or before. */
    id: string;
    /** Milliseconds. */
    retry: number | null;
}
/** The events of a stream of bytes, as they come. What the end cuts off in the middle is left out. */
export declare function events(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent, void, undefined>;
