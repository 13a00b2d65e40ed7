/** What a client throws. */
import { type Problem } from "./representation.js";
/** The application refused the request. */
export declare class ApiError extends Error {
    readonly problem: Problem;
    /** HTTP status. */
    readonly status: number;
    name: string;
    /** Of a submission: submitting again with this key gives the same job. */
    idempotencyKey?: string;
    constructor(problem: Problem, 
    /** HTTP status. */
    status: number, where: string);
    /** What an answer says, be it a problem document or not. */
    static of(response: Response, where: string): Promise<ApiError>;
    /** An answer that the contract does not know. */
    static unexpected(response: Response, where: string, detail: string): ApiError;
}
/** No answer came, however often it was tried. */
export declare class Unreachable extends Error {
    name: string;
    /** Of a submission that may have been accepted: submit it again with this key to get its job, and no second one. */
    idempotencyKey?: string;
}
/** The job failed, and there is no result. */
export declare class JobFailed extends Error {
    readonly problem: Problem;
    name: string;
    constructor(problem: Problem);
}
/** The job was cancelled, and there is no result. */
export declare class JobCancelled extends Error {
    name: string;
}
