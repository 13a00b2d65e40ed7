/**
 * A client for applications that speak the Coatcheck contract, in browsers and in Node.
 *
 *     const api = new Client("https://api.example.com", { headers: { Authorization: "Bearer …" } });
 *     const job = await api.submit("/reports", { year: 2024 });
 *     for await (const update of job) console.log(update.percentComplete);
 *     const report = await job.result();
 */
export { Client } from "./client.js";
export { ApiError, JobCancelled, JobFailed, Unreachable } from "./errors.js";
export { Job } from "./job.js";
export { isLogLine } from "./representation.js";
