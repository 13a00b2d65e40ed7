import type { Manners } from "./manners.js";
import { type Representation } from "./representation.js";
export declare const JSON_ONLY: {
    Accept: string;
};
export declare class Seen {
    #private;
    readonly manners: Manners;
    readonly url: URL;
    /** Seconds until the application wants to be asked again. */
    delay: number;
    representation: Representation;
    constructor(manners: Manners, url: URL, representation: Representation);
    get over(): boolean;
    /** Take in what an answer says of the job. Throws ApiError where it says nothing. */
    update(response: Response, text: string, where: string): void;
    /** Take in what a stream says of the job, unless more is known already: it has ended. */
    told(representation: Representation): void;
    /** Look at the job once; an unchanged one costs the application next to nothing. */
    look(signal?: AbortSignal): Promise<Representation>;
}
