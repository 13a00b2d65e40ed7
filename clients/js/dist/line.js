import { events } from "./events.js";
/** One connection that a stream comes by, watched for silence. */
export class Line {
    manners;
    signal;
    silent = false;
    unreachable = false;
    #ended = new AbortController();
    #abort = () => this.#ended.abort(this.signal?.reason);
    #clock;
    constructor(manners, signal) {
        this.manners = manners;
        this.signal = signal;
        signal?.addEventListener("abort", this.#abort, { once: true });
        if (signal?.aborted)
            this.#abort();
    }
    async open(url) {
        this.#hear();
        try {
            return await this.manners.fetch(url, { method: "GET", headers: { Accept: "text/event-stream" }, signal: this.#ended.signal });
        }
        finally {
            clearTimeout(this.#clock);
        }
    }
    events(response) {
        this.#hear();
        const heard = new TransformStream({
            transform: (piece, controller) => {
                this.#hear();
                controller.enqueue(piece);
            },
        });
        return events(response.body.pipeThrough(heard));
    }
    close() {
        clearTimeout(this.#clock);
        this.signal?.removeEventListener("abort", this.#abort);
        this.#ended.abort();
    }
    #hear() {
        clearTimeout(this.#clock);
        this.#clock = setTimeout(() => {
            this.silent = true;
            this.#ended.abort(new DOMException("The stream is silent.", "TimeoutError"));
        }, this.manners.silence * 1000);
    }
}
