/** What the application says of its jobs. */
/** Whether it is a log line that `job.events()` gave, and not how the job stands. */
export function isLogLine(news) {
    return !("jobId" in news);
}
/** Whether the job has ended. */
export function isOver(job) {
    return job.status === "completed" || job.status === "failed" || job.status === "cancelled";
}
/** A representation that was sent. Throws SyntaxError for what is none. */
export function read(text) {
    const sent = JSON.parse(text);
    if (!isObject(sent) || typeof sent["jobId"] !== "string" || typeof sent["status"] !== "string" || typeof sent["statusUrl"] !== "string") {
        throw new SyntaxError("That is no representation of a job.");
    }
    return { _links: {}, ...sent };
}
export function isObject(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
