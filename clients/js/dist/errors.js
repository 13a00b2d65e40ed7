/** What a client throws. */
import { isObject } from "./representation.js";
/** The application refused the request. */
export class ApiError extends Error {
    problem;
    status;
    name = "ApiError";
    /** Of a submission: submitting again with this key gives the same job. */
    idempotencyKey;
    constructor(problem, 
    /** HTTP status. */
    status, where) {
        super(`${where}: ${status} ${problem.title}${problem.detail ? `: ${problem.detail}` : "."}`);
        this.problem = problem;
        this.status = status;
    }
    /** What an answer says, be it a problem document or not. */
    static async of(response, where) {
        let members;
        try {
            members = await response.json();
        }
        catch {
            members = {};
        }
        const known = { type: "about:blank", title: response.statusText || "No reason given", ...(isObject(members) ? members : {}) };
        return new ApiError({ ...known, status: response.status }, response.status, where);
    }
    /** An answer that the contract does not know. */
    static unexpected(response, where, detail) {
        return new ApiError({ type: "about:blank", title: "Unexpected answer", status: response.status, detail }, response.status, where);
    }
}
/** No answer came, however often it was tried. */
export class Unreachable extends Error {
    name = "Unreachable";
    /** Of a submission that may have been accepted: submit it again with this key to get its job, and no second one. */
    idempotencyKey;
}
/** The job failed, and there is no result. */
export class JobFailed extends Error {
    problem;
    name = "JobFailed";
    constructor(problem) {
        super(`${problem.title}${problem.detail ? `: ${problem.detail}` : ""}`);
        this.problem = problem;
    }
}
/** The job was cancelled, and there is no result. */
export class JobCancelled extends Error {
    name = "JobCancelled";
}
