/**
 * A client for applications that speak the Coatcheck contract, in browsers and in Node.
 *
 *     const api = new Client("https://api.example.com", { headers: { Authorization: "Bearer …" } });
 *     const job = await api.submit("/reports", { year: 2024 });
 *     for await (const update of job) console.log(update.percentComplete);
 *     const report = await job.result();
 */
export { Client, type SubmitOptions } from "./client.js";
export { ApiError, JobCancelled, JobFailed, Unreachable } from "./errors.js";
export { type Options } from "./manners.js";
export { Job, type Only } from "./job.js";
export { isLogLine, type Link, type LogLine, type Problem, type ProgressDetail, type Representation, type Status } from "./representation.js";
