// Prints all that a job at the URL that is given has to tell, a line of JSON for each.
import { Client } from "../../clients/js/dist/index.js";

// A server that is started again on a busy machine may be away for longer than the usual five attempts take.
const api = new Client(new URL(process.argv[2]).origin, { headers: { Authorization: "Bearer adas-token" }, attempts: 10 });
const job = await api.job(process.argv[2]);
for await (const news of job.events()) console.log(JSON.stringify(news));
