import { type ServerSentEvent } from "./events.js";
import type { Manners } from "./manners.js";
/** One connection that a stream comes by, watched for silence. */
export declare class Line {
    #private;
    readonly manners: Manners;
    readonly signal: AbortSignal | undefined;
    silent: boolean;
    unreachable: boolean;
    constructor(manners: Manners, signal: AbortSignal | undefined);
    open(url: URL): Promise<Response>;
    events(response: Response): AsyncGenerator<ServerSentEvent, void, undefined>;
    close(): void;
}
