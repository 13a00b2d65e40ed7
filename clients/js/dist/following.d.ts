import { type LogLine, type Representation } from "./representation.js";
import type { Seen } from "./seen.js";
type News = Representation | LogLine;
/** How the job stands now and after each change, to its end; with `log`, all that its runs wrote, too. */
export declare function follow(seen: Seen, options: {
    log: boolean;
    signal?: AbortSignal | undefined;
}): AsyncGenerator<News, void, undefined>;
export {};
