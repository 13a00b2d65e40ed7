import type { Manners } from "./manners.js";
import { type LogLine } from "./representation.js";
/** The events after the one numbered `after`, with what they log, if anything; none where there is no such history under `url`. */
export declare function history(manners: Manners, url: URL, after: number, signal: AbortSignal | undefined): AsyncGenerator<{
    seq: number;
    line: LogLine | null;
}, void, undefined>;
/** A log line, as a stream tells it. Throws SyntaxError for what is none. */
export declare function readLine(data: string): LogLine;
